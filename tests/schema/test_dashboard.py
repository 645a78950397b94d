"""A dashboard over the whole gateway: a sliding week of twelve sites, asked again each minute of a simulated hour."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway import runtime
from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.execution.operation import GraphQLRequest
from gateway.runtime import Gateway
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.upstream.calls import Attempt
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import OPERATOR

pytestmark = pytest.mark.anyio

BOARD = """query($from: DateTime!, $to: DateTime!) { sites(first: 12) { nodes {
  occupancy(window: {from: $from, to: $to}, granularity: DAY, first: 20) { nodes { peak } }
  visits(window: {from: $from, to: $to}, granularity: DAY, first: 20) { nodes { entries } } } } }"""


async def ask(gateway: Gateway, start: Micros, end: Micros) -> None:
    over = {"from": instant.text(start), "to": instant.text(end)}
    outcome = await gateway.execute(GraphQLRequest(query=BOARD, variables=over), OPERATOR)
    assert outcome.errors == []
    assert isinstance(outcome.data, dict)
    assert len(outcome.data["sites"]["nodes"]) == 12


async def test_a_week_polled_each_minute_for_an_hour_costs_four_calls_an_endpoint_and_a_shifted_window_one_day() -> (
    None
):
    calls: Counter[str] = Counter()

    def seen(attempt: Attempt) -> None:
        if attempt.vendor.value == "BESPOT":
            calls[attempt.endpoint] += 1

    clock = Hands(NOON)
    settings = Settings.model_validate({"sandbox": "all", "pseudonym_key": "5a" * 32})
    world = World(seed=7, stores=12, days=20, clock=clock)
    async with runtime.gateway(settings, clock=clock, world=world, observer=seen) as gateway:
        await ask(gateway, NOON - 7 * DAY, NOON)
        calls.clear()
        for minute in range(1, 61):
            clock.now = NOON + minute * MINUTE
            await ask(gateway, clock.now - 7 * DAY, clock.now)
        assert set(calls) == {"visits", "occupancy"}
        assert max(calls.values()) <= 4
        clock.now += HOUR
        monday = NOON // DAY * DAY - 14 * DAY
        await ask(gateway, monday, monday + 3 * DAY)
        calls.clear()
        explained = await gateway.explain(
            GraphQLRequest(
                query=BOARD,
                variables={"from": instant.text(monday + DAY), "to": instant.text(monday + 4 * DAY)},
                shown=frozenset({"explain"}),
            ),
            OPERATOR,
        )
        windows = [call["window"] for call in explained.extensions["explain"]["calls"] if call["vendor"] == "BESPOT"]
        assert windows == [{"from": instant.text(monday + 3 * DAY), "to": instant.text(monday + 4 * DAY)}] * 2
        await ask(gateway, monday + DAY, monday + 4 * DAY)
        assert calls == {"visits": 1, "occupancy": 1}
