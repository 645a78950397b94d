"""What a vendor's simulator hands over to be played: every `vendors/<vendor>/sandbox.py` exports

    def simulate(world: World, faults: Faults) -> Simulation

A simulator sets `request.state.rows = n` where it serves rows, so that `/_calls` can count them. It shares no code with
the adapter it tests.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from gateway.sandbox.people import token


@dataclass(frozen=True, slots=True)
class Simulation:
    """`app` answers whole paths, `prefix` included; the base URL of a gateway ends in `prefix` ("/api" or "").

    `settings`: what a gateway needs beside the base URL, by the member names of the vendor's settings ("username").
    `endpoints`: patterns of paths below the prefix ("/sessions/count", "/sessions/*"), the first that matches names a
    call in `/_calls`; a path none matches is its own name.
    """

    app: ASGIApp
    prefix: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()


def secret(seed: int, purpose: str, length: int = 32) -> str:
    """A credential of the sandbox: synthetic, the same for the same seed, worth nothing outside loopback."""
    return token(random.Random(f"{seed}:secret:{purpose}"), length)
