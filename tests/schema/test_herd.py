"""Fifty identical cold operations at once, at one process and at three replicas over one Valkey: the calls of one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway import runtime
from gateway.domain import instant
from gateway.domain.instant import DAY
from gateway.execution.operation import GraphQLRequest
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.upstream.calls import Attempt
from tests.cache.valkey import Valkey
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import KEY, OPERATOR, running

pytestmark = pytest.mark.anyio

START = NOON // DAY * DAY - 4 * DAY
OVER = f'window: {{from: "{instant.text(START)}", to: "{instant.text(START + DAY)}"}}'
QUERY = f"""{{ sites {{ nodes {{ visits({OVER}, granularity: HOUR) {{ nodes {{ net }} }}
  occupancy({OVER}, granularity: HOUR) {{ nodes {{ peak }} }} }} }}
  sessionCounts({OVER}) {{ count }} sessions({OVER}, first: 20) {{ nodes {{ id }} }} }}"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    server = Valkey(tmp_path)
    server.start()
    yield server.url
    server.kill()


@pytest.mark.parametrize("replicas", [1, 3])
async def test_fifty_at_once_make_the_calls_of_one(replicas: int, store: str) -> None:
    calls: Counter[str] = Counter()

    def seen(attempt: Attempt) -> None:
        calls[f"{attempt.vendor} {attempt.endpoint}"] += 1

    world = World(seed=7, stores=5, days=10, clock=Hands(NOON))
    async with running("bespot", "guest_wifi", cache="on", world=world) as alone, AsyncExitStack() as stack:
        first = await alone.ask(QUERY)
        settings = Settings.model_validate(
            {
                "sandbox": "none",
                "sites": alone.gateway._settings.sites,
                "pseudonym_key": KEY,
                "cache_url": store,
                "replicas": replicas,
                "vendors": {folder: dict(played.settings) for folder, played in alone.hosted.vendors.items()},
            }
        )
        made = [
            await stack.enter_async_context(runtime.gateway(settings, clock=world.now, observer=seen))
            for _ in range(replicas)
        ]
        asks = (made[n % replicas].execute(GraphQLRequest(query=QUERY), OPERATOR) for n in range(50))
        answers = await asyncio.gather(*asks)
    assert all(answer.errors == [] and answer.data == first.data for answer in answers)
    assert sum(calls.values()) == sum(first.calls.values())
