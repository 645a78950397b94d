"""One fixed world, and a signed-in client of a fresh simulated Okube for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeAlias

import httpx
import pytest

from gateway.domain import instant
from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation
from gateway.sandbox.stage import Stage
from gateway.sandbox.world import World
from gateway.vendors.okube.sandbox import simulate

Okube: TypeAlias = httpx.AsyncClient


class Moment:
    """A clock the test turns."""

    def __init__(self) -> None:
        self.now = instant.parse("2026-11-10T12:00:00Z")

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="session")
def world() -> World:
    return World(clock=Moment())


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def simulation(world: World, faults: Faults) -> Simulation:
    return simulate(world, faults)


@pytest.fixture
async def okube(simulation: Simulation, faults: Faults, world: World) -> AsyncIterator[Okube]:
    transport = httpx.ASGITransport(Stage(simulation, faults, world))
    headers = {"authorization": f"Bearer {simulation.settings['api_key']}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://okube", headers=headers) as client:
        yield client
