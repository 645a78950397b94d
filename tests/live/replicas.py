"""Gateways over one sandbox, each on its own socket, all of them on one clock that is turned by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from gateway import runtime
from gateway.sandbox import host
from gateway.sandbox.faults import Faults
from gateway.sandbox.host import Hosted
from gateway.sandbox.world import World
from gateway.schema.node import encode
from gateway.settings import Settings
from tests.live.served import Served, served
from tests.sandbox.hands import NOON, Hands

KEY = "5a" * 32
LAG = 60.0
VISITS, OCCUPANCY = "/bi/acquisition-metrics/visits/", "/bi/acquisition-metrics/occupancy/"
ATHENS = "ath-116500"
BUSY = (ATHENS, "ath-000123", "ath-100000", "skg-116501", "par-200110", "par-200111", "lys-200120", "mrs-vieux-port")


class Replicas:
    """What runs. Call counts are the simulators' own."""

    def __init__(self, hosted: Hosted, hands: Hands, running: list[Served]) -> None:
        self.hosted = hosted
        self.hands = hands
        self.running = running

    @property
    def first(self) -> Served:
        return self.running[0]

    def faults(self, vendor: str = "bespot") -> Faults:
        return self.hosted.vendors[vendor].faults

    def calls(self, vendor: str = "bespot") -> Mapping[str, int]:
        return self.faults(vendor).calls


def id_of(key: str) -> str:
    return str(encode("Site", key))


@asynccontextmanager
async def replicas(
    folder: Path, count: int = 1, vendors: tuple[str, ...] = ("bespot",), **more: Any
) -> AsyncIterator[Replicas]:
    """`count` gateways. The sandbox publishes a minute after each quarter hour, and they know."""
    hands = Hands(NOON)
    world = World(seed=7, stores=12, days=3, clock=hands, publish_lag=LAG)
    hosted = host.start(world, [f"gateway.vendors.{name}.sandbox" for name in vendors])
    sections: dict[str, dict[str, Any]] = {name: {**played.settings} for name, played in hosted.vendors.items()}
    if "bespot" in sections:
        sections["bespot"]["publish_lag"] = LAG
    crosswalk = folder / "sites.toml"
    crosswalk.write_text(world.crosswalk_toml(), encoding="utf-8")
    settings = Settings.model_validate(
        {
            "sandbox": "none",
            "sites": crosswalk,
            "pseudonym_key": KEY,
            "anonymous_scopes": ["read"],
            "vendors": sections,
            **more,
        }
    )
    try:
        async with AsyncExitStack() as stack:
            running = []
            for _ in range(count):
                graph = await stack.enter_async_context(runtime.gateway(settings, clock=hands))
                running.append(await stack.enter_async_context(served(graph, settings)))
            yield Replicas(hosted, hands, running)
    finally:
        hosted.stop()
