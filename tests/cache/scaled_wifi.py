"""The guest Wi-Fi's simulator with a minute of two seconds: named as a module, as the host wants it."""

from __future__ import annotations

import time

from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation
from gateway.sandbox.world import World
from gateway.vendors.guest_wifi import sandbox

MINUTE = 2.0
"""Seconds a minute of the vendor's takes."""


def simulate(world: World, faults: Faults) -> Simulation:
    return sandbox.simulate(world, faults, monotonic=lambda: time.monotonic() * 60 / MINUTE)
