"""The whole graph in process over simulators on real sockets; the clock stands still, calls are counted.

async with running() as gateway:
    answer = await gateway.ask("{ viewer { name } }")
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from gateway import runtime
from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import EVERY_SCOPE, Scope
from gateway.domain.clock import Clock
from gateway.execution.operation import READ_ONLY, GraphQLRequest, Phase
from gateway.runtime import Gateway
from gateway.sandbox import host
from gateway.sandbox.faults import Faults
from gateway.sandbox.host import Hosted
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.upstream.calls import tally
from tests.sandbox.hands import NOON, Hands

KEY = "5a" * 32
OPERATOR = Principal(kind=CallerKind.ANONYMOUS, label="operator", scopes=EVERY_SCOPE)
READER = Principal(kind=CallerKind.KEY, label="reader", name="reader", scopes=frozenset({Scope.READ}))
STRANGER = Principal(kind=CallerKind.ANONYMOUS, label="anonymous")
EVERY_VENDOR = ("bespot", "guest_wifi")


def reader_of(
    *sites: str, tags: Sequence[str] | None = None, scopes: frozenset[Scope] = frozenset({Scope.READ})
) -> Principal:
    """A caller limited to some sites."""
    return Principal(
        kind=CallerKind.KEY,
        label="limited",
        scopes=scopes,
        sites=frozenset(sites),
        tags=None if tags is None else frozenset(tags),
    )


class Answer:
    """What came back. `calls`: HTTP requests by vendor."""

    def __init__(self, answer: Mapping[str, Any], calls: Mapping[str, int], phase: Phase) -> None:
        self.data: Any = answer.get("data")
        self.errors: list[dict[str, Any]] = answer["errors"]
        self.extensions: dict[str, Any] = answer["extensions"]
        self.calls = dict(calls)
        self.phase = phase

    @property
    def failures(self) -> list[dict[str, Any]]:
        return list(self.extensions.get("failures", []))

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


class Running:
    """A gateway that runs."""

    def __init__(self, gateway: Gateway, hosted: Hosted) -> None:
        self.gateway = gateway
        self.hosted = hosted
        self.world = hosted.world

    def faults(self, vendor: str) -> Faults:
        return self.hosted.vendors[vendor].faults

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        caller: Principal = OPERATOR,
        *,
        by_get: bool = False,
        bugs: bool = False,
    ) -> Answer:
        """One operation. A bug in the gateway fails the test unless `bugs` are expected."""
        request = GraphQLRequest(query=query, variables=dict(variables or {}))
        if by_get:
            request = GraphQLRequest(query=query, variables=dict(variables or {}), allowed=READ_ONLY)
        with tally() as counted:
            outcome = await self.gateway.execute(request, caller)
        if not bugs:
            assert [repr(met.error) for met in outcome.incidents] == []
        told: dict[str, Any] = {"errors": outcome.errors, "extensions": outcome.extensions}
        if isinstance(outcome.data, dict) or outcome.data is None:
            told["data"] = outcome.data
        plain: dict[str, Any] = orjson.loads(orjson.dumps(told, default=str))
        calls = {vendor.value: count for vendor, count in counted.by_vendor.items()}
        return Answer(plain, calls, outcome.phase)

    async def data(self, query: str, variables: Mapping[str, Any] | None = None, caller: Principal = OPERATOR) -> Any:
        """The data of an operation without errors."""
        answer = await self.ask(query, variables, caller)
        assert answer.errors == []
        return answer.data


@asynccontextmanager
async def running(
    *vendors: str,
    clock: Clock | None = None,
    days: int = 60,
    stores: int = 12,
    sites: str | None = None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    world: World | None = None,
    **more: Any,
) -> AsyncIterator[Running]:
    """`vendors` are played, every other is not configured. `sites`: a crosswalk in place of the world's own.

    `world`: one that was made before, whose days are drawn already.
    """
    world = world or World(seed=7, stores=stores, days=days, clock=clock or Hands(NOON))
    folders = vendors or EVERY_VENDOR
    hosted = host.start(world, [f"gateway.vendors.{folder}.sandbox" for folder in folders])
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as crosswalk:
            crosswalk.write(world.crosswalk_toml() if sites is None else sites)
            crosswalk.flush()
            extra = sections or {}
            settings = Settings.model_validate(
                {
                    "sandbox": "none",
                    "sites": Path(crosswalk.name),
                    "pseudonym_key": KEY,
                    "cache": "off",
                    "vendors": {
                        folder: {**played.settings, **extra.get(folder, {})}
                        for folder, played in hosted.vendors.items()
                    },
                    **more,
                }
            )
            async with runtime.gateway(settings, clock=world.now) as gateway:
                yield Running(gateway, hosted)
    finally:
        hosted.stop()
