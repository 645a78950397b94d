"""`gateway cache purge` over a real store: what is dropped is asked again, what is not is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from pydantic import SecretStr

from gateway import runtime
from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import EVERY_SCOPE
from gateway.domain import instant
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.execution.operation import GraphQLRequest
from gateway.sandbox import host
from gateway.sandbox.world import World
from gateway.settings import BespotSettings, ConfigurationError, Settings, VendorsSettings
from gateway.upstream.calls import tally
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

NOW = instant.parse("2026-11-20T12:00:00Z")
DAY = '{from: "2026-11-18T00:00:00Z", to: "2026-11-19T00:00:00Z"}'
QUESTION = f"{{ visits(window: {DAY}, granularity: DAY) {{ nodes {{ entries }} }} }}"
OPERATOR = Principal(kind=CallerKind.ANONYMOUS, label="operator", scopes=EVERY_SCOPE)


def clock() -> int:
    return NOW


@asynccontextmanager
async def played(settings: Settings) -> AsyncIterator[Settings]:
    """Settings that reach simulators hosted here."""
    hosted = host.start(World(clock=clock), ["gateway.vendors.bespot.sandbox"])
    try:
        bespot = BespotSettings.model_validate(dict(hosted.vendors["bespot"].settings))
        with NamedTemporaryFile("w", suffix=".toml") as sites:
            sites.write(World(clock=clock).crosswalk_toml())
            sites.flush()
            yield settings.model_copy(
                update={
                    "vendors": VendorsSettings(bespot=bespot),
                    "played": ("bespot",),
                    "sites": Path(sites.name),
                }
            )
    finally:
        hosted.stop()


async def calls(settings: Settings) -> int:
    """Vendor calls the question takes on a replica that has just been started."""
    async with runtime.gateway(settings, clock=clock) as replica:
        with tally() as made:
            outcome = await replica.execute(GraphQLRequest(query=QUESTION), OPERATOR)
    assert not outcome.errors
    return sum(made.by_vendor.values())


async def test_a_purge_reaches_what_other_processes_kept(valkey: Valkey) -> None:
    settings = Settings(cache_url=SecretStr(valkey.url))
    # simulators listen on another port each time, which makes them other vendors: played once, asked by all
    async with played(settings) as settings:
        assert await calls(settings) == 1
        assert await calls(settings) == 0
        elsewhere = Window(instant.parse("2026-11-10T00:00:00Z"), instant.parse("2026-11-11T00:00:00Z"))
        assert await runtime.purge_cache(settings, [], [], elsewhere) == ("0 entries dropped.", 0)
        assert await runtime.purge_cache(settings, [VendorKey.OKUBE], [], None) == ("0 entries dropped.", 0)
        assert await calls(settings) == 0
        text, status = await runtime.purge_cache(settings, [VendorKey.BESPOT], [], None)
        assert status == 0
        assert text != "0 entries dropped."
        assert await calls(settings) == 1


async def test_a_site_nobody_knows_is_refused_before_anything_is_dropped(valkey: Valkey) -> None:
    async with played(Settings(cache_url=SecretStr(valkey.url))) as settings:
        with pytest.raises(ConfigurationError, match="--site"):
            await runtime.purge_cache(settings, [], ["nowhere"], None)


async def test_without_a_store_there_is_nothing_to_purge() -> None:
    _, status = await runtime.purge_cache(Settings(), [], [], None)
    assert status == 1
