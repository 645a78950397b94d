"""A real gateway over a simulated Okube on a real port: what is asked, who asks, and what Okube was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway import runtime
from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import EVERY_SCOPE, Scope
from gateway.domain import instant
from gateway.execution.operation import GraphQLRequest
from gateway.runtime import Gateway
from gateway.sandbox import host
from gateway.sandbox.faults import Faults
from gateway.sandbox.world import World
from gateway.schema.node import encode
from gateway.settings import Settings

NOW = instant.parse("2026-11-10T12:00:00Z")
EVERYTHING = Principal(CallerKind.KEY, "key:1", scopes=EVERY_SCOPE)


def clock() -> int:
    return NOW


def caller(*scopes: Scope, sites: frozenset[str] | None = None) -> Principal:
    return Principal(CallerKind.KEY, "key:2", scopes=frozenset(scopes), sites=sites)


class Okube:
    """The gateway and the simulator behind it."""

    def __init__(self, gateway: Gateway, world: World, faults: Faults, settings: Settings) -> None:
        self.gateway = gateway
        self.world = world
        self.faults = faults
        self.settings = settings

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, who: Principal = EVERYTHING
    ) -> tuple[Any, list[Any]]:
        """Data and errors."""
        outcome = await self.gateway.execute(GraphQLRequest(query, variables or {}), who)
        assert not outcome.incidents, outcome.incidents[0].error
        return outcome.data, outcome.errors

    async def write(self, field: str, selection: str, who: Principal = EVERYTHING, **members: Any) -> dict[str, Any]:
        """The payload of one mutation that raises nothing."""
        data, errors = await self.ask(
            _mutation(field, f"{selection} userErrors {{ code path }}"), {"input": members}, who
        )
        assert not errors, errors
        payload: dict[str, Any] = data["payload"]
        return payload

    async def refused(self, field: str, who: Principal = EVERYTHING, **members: Any) -> dict[str, Any]:
        """The one error of a mutation that has no payload."""
        data, errors = await self.ask(_mutation(field, "userErrors { code }"), {"input": members}, who)
        assert not data, data
        (error,) = errors
        extensions: dict[str, Any] = error["extensions"]
        return extensions

    def site_id(self, index: int) -> str:
        """The global id of a site of the crosswalk that Okube knows."""
        return encode("Site", self.known[index].key)

    @property
    def known(self) -> list[Any]:
        return [place for place in self.world.sites if place.okube is not None]

    @property
    def unknown(self) -> Any:
        """A site of the crosswalk that Okube does not know."""
        return next(place for place in self.world.sites if place.okube is None)

    @property
    def points(self) -> list[str]:
        return [encode("PointOfInterest", f"okube:{point.id}") for point in self.world.points_of_interest]


@asynccontextmanager
async def opened(folder: Path, world: World, **okube: Any) -> AsyncIterator[Okube]:
    """Settings of Okube's section in `okube`."""
    hosted = host.start(world, ["gateway.vendors.okube.sandbox"])
    try:
        crosswalk = folder / "sites.toml"
        crosswalk.write_text(world.crosswalk_toml(), encoding="utf-8")
        played = hosted.vendors["okube"]
        settings = Settings.model_validate(
            {
                "sandbox": "none",
                "pseudonym_key": "00" * 32,
                "anonymous_scopes": "read,write",
                "sites": crosswalk,
                "vendors": {"okube": {**played.settings, **okube}},
            }
        )
        async with runtime.gateway(settings, clock=clock) as gateway:
            yield Okube(gateway, world, played.faults, settings)
    finally:
        hosted.stop()


def _mutation(field: str, selection: str) -> str:
    kind = field[0].upper() + field[1:] + "Input"
    return f"mutation ($input: {kind}!) {{ payload: {field}(input: $input) {{ {selection} }} }}"
