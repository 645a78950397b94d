"""A whole gateway over simulated vendors with a clock of our own, asked over ASGI; upstream calls are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway import runtime
from gateway.domain import instant
from gateway.domain.instant import Micros
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.upstream.calls import Attempt

NOON = instant.parse("2026-11-20T12:00:00Z")


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self, now: Micros = NOON) -> None:
        self.now = now

    def __call__(self) -> Micros:
        return self.now


class Doors:
    """The doors of one gateway. `calls`: attempts by vendor since `forget`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: Counter[str] = Counter()
        self.client: httpx.AsyncClient
        self.gateway: runtime.Gateway
        self.edge: Edge

    def observe(self, attempt: Attempt) -> None:
        self.calls[attempt.vendor.value] += 1

    def forget(self) -> None:
        self.calls.clear()

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.client.get(path, params=parameters)


async def opened(settings: Settings, clock: Clock, world: World | None = None) -> AsyncIterator[Doors]:
    """Open doors."""
    doors = Doors(clock)
    world = world or World(clock=clock, days=6)
    async with runtime.gateway(settings, clock=clock, world=world, observer=doors.observe) as gateway:
        lifecycle = Lifecycle()
        lifecycle.graph = gateway
        doors.gateway, doors.edge = gateway, Edge(settings, lifecycle)
        transport = httpx.ASGITransport(doors.edge)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as doors.client:
            yield doors


@pytest.fixture(scope="module")
async def doors() -> AsyncIterator[Doors]:
    async for opened_doors in opened(Settings(cache="off"), Clock()):
        yield opened_doors
