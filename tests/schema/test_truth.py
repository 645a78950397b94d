"""Random operations against the uncached truth: a gateway that keeps beside one that keeps nothing, over one world.

The clock goes on in steps in between, so that tails are published, settle and close while they are kept.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from gateway import runtime
from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.execution.operation import GraphQLRequest
from gateway.runtime import Gateway
from gateway.sandbox.world import World
from gateway.schema.node import encode
from gateway.settings import Settings
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import KEY, OPERATOR, running

pytestmark = pytest.mark.anyio

STEPS = (0, MINUTE, 7 * MINUTE, 15 * MINUTE, 40 * MINUTE, 3 * HOUR, DAY)


def question(chance: random.Random, keys: list[str], now: Micros) -> str:
    """One to three fields over windows that end before, at or after now."""
    start = now - chance.randrange(1, 5 * 24) * HOUR - chance.choice([0, 0, 17 * MINUTE])
    over = _window(start, min(start + chance.choice([HOUR, 6 * HOUR, DAY, 4 * DAY]), now + HOUR))
    settled = _window(now - 6 * DAY, now - chance.choice([2, 3]) * DAY)
    grain = chance.choice(["QUARTER_HOUR", "HOUR", "DAY", "WEEK"])
    some = ", ".join(f'"{encode("Site", key)}"' for key in chance.sample(keys, chance.randrange(1, len(keys))))
    key = chance.choice(keys)
    rows = f"first: {chance.choice([7, 60, 500])}"
    fields = [
        f"a: visits({over}, granularity: {grain}, {rows}) {{ totalCount nodes {{ startsAt entries site {{ key }} }} }}",
        f"b: occupancy({over}, granularity: {grain}, {rows}, sites: [{some}]) {{ nodes {{ startsAt peak average }} }}",
        f'c: site(by: {{key: "{key}"}}) {{ visits({over}, granularity: {grain}) {{ totals {{ net }} }} }}',
        f"d: sites {{ nodes {{ occupancy({over}, granularity: {grain}, {rows}) {{ nodes {{ startsAt count }} }} }} }}",
        f"e: visits({over}, granularity: MINUTE, {rows}) {{ nodes {{ startsAt net }} pageInfo {{ hasNextPage }} }}",
        f"f: occupancy({over}, granularity: MINUTE, {rows.replace('first', 'last')}) {{ nodes {{ startsAt count }} }}",
        f"g: sessions({settled}, {rows}) {{ nodes {{ id startedAt endedAt status }} }}",
        f"h: sessionCounts({settled}, sites: [{some}]) {{ site {{ key }} count }}",
        f"i: uniqueUserCounts({settled}) {{ site {{ key }} count }}",
    ]
    return "{ " + " ".join(chance.sample(fields, chance.choice([1, 2, 3]))) + " }"


def _window(start: Micros, end: Micros) -> str:
    return f'window: {{from: "{instant.text(start)}", to: "{instant.text(end)}"}}'


async def told(gateway: Gateway, query: str) -> Any:
    outcome = await gateway.execute(GraphQLRequest(query=query), OPERATOR)
    assert outcome.errors == [], query
    return outcome.data


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_asked_and_however_time_goes_on_the_answer_is_the_uncached_truth(seed: int) -> None:
    chance, clock = random.Random(seed), Hands(NOON)
    world = World(seed=7, stores=5, days=12, clock=clock)
    async with running("bespot", cache="on", clock=clock, world=world) as kept:
        played = kept.hosted.vendors["bespot"].settings
        settings = Settings.model_validate(
            {
                "sandbox": "none",
                "sites": kept.gateway._settings.sites,
                "pseudonym_key": KEY,
                "cache": "off",
                "vendors": {"bespot": dict(played)},
            }
        )
        async with runtime.gateway(settings, clock=clock) as plain:
            keys = [site.key for site in plain.catalog.known]
            for _ in range(25):
                query = question(chance, keys, clock.now)
                assert await told(kept.gateway, query) == await told(plain, query), (query, clock.now)
                clock.now += chance.choice(STEPS)
