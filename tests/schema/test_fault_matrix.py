"""Each vendor × each way to fail, in one operation that asks all four (issue 4).

The other vendors' data is intact, the code is the right one (rules.md 4), the answer comes within the deadline, and
once the vendor is well again so is the answer.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Any

import pytest

from gateway.domain import instant
from gateway.sandbox.faults import Fault
from gateway.sandbox.world import World
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import Running, running

pytestmark = pytest.mark.anyio

ALL = ("bespot", "guest_wifi", "okube", "shopster")
DAYS = 'days: {from: "2026-10-30", to: "2026-10-30"}'
WINDOW = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
QUESTION = f"""{{
  bespot: visits({WINDOW}, granularity: DAY) {{ totals {{ entries }} }}
  guest_wifi: guestSessionCounts({DAYS}) {{ count }}
  okube: campaigns(first: 3) {{ nodes {{ key }} }}
  shopster: site(by: {{key: "ath-116500"}}) {{ engagement({DAYS}, audiences: [ALL]) {{ points {{ sessionCount }} }} }}
}}"""
THROTTLED = "UPSTREAM_THROTTLED"
LATER = format_datetime(instant.to_datetime(NOON + 3600 * instant.SECOND), usegmt=True)


def refused(after: str) -> Fault:
    return Fault(kind="status", status=429, headers={"retry-after": after})


MATRIX = {
    "timeout": (Fault(kind="hang"), "UPSTREAM_TIMEOUT"),
    "500": (Fault(kind="status", status=500), "UPSTREAM_UNAVAILABLE"),
    "429 for an hour": (refused("3600"), THROTTLED),
    "429 until a date": (refused(LATER), THROTTLED),
    "401": (Fault(kind="status", status=401, body=""), "UPSTREAM_REJECTED"),
    "empty 200": (Fault(kind="empty"), "UPSTREAM_MALFORMED"),
    "truncated": (Fault(kind="truncated"), "UPSTREAM_MALFORMED"),
    "wrong shape": (Fault(kind="wrong_shape"), "UPSTREAM_MALFORMED"),
    "error body with 200": (Fault(kind="error_body"), "UPSTREAM_MALFORMED"),
    "HTML": (Fault(kind="html"), "UPSTREAM_MALFORMED"),
    "301 elsewhere": (Fault(kind="redirect"), "UPSTREAM_REJECTED"),
    "slow drip": (Fault(kind="drip", seconds=1.0), "UPSTREAM_TIMEOUT"),
    "reset": (Fault(kind="reset"), "UPSTREAM_UNAVAILABLE"),
}
PASSING = {
    "500 once": Fault(kind="status", status=500, times=1),
    "429 + Retry-After 0": Fault(kind="status", status=429, headers={"retry-after": "0"}, times=1),
    "429 + Retry-After 1": Fault(kind="status", status=429, headers={"retry-after": "1"}, times=1),
    "429 + garbage": Fault(kind="status", status=429, headers={"retry-after": "soon"}, times=1),
    "reset once": Fault(kind="reset", times=1),
}


@pytest.fixture(scope="module")
async def world() -> World:
    world = World(days=5, clock=Hands())
    async with running(*ALL, world=world) as graph:
        await graph.data(QUESTION)
    return world


@pytest.fixture
async def graph(world: World) -> AsyncIterator[Running]:
    async with running(*ALL, sections={vendor: {"timeout": 1.5} for vendor in ALL}, world=world) as gateway:
        yield gateway


def value_of(data: Any, vendor: str) -> Any:
    return data["shopster"]["engagement"] if vendor == "shopster" else data[vendor]


@pytest.mark.parametrize("way", MATRIX)
@pytest.mark.parametrize("broken", ALL)
async def test_one_vendor_fails_and_costs_its_own_fields_alone(graph: Running, broken: str, way: str) -> None:
    fault, code = MATRIX[way]
    healthy = await graph.data(QUESTION)
    graph.faults(broken).on(fault)
    began = time.monotonic()
    answer = await graph.ask(QUESTION)
    assert time.monotonic() - began < 10
    assert value_of(answer.data, broken) is None
    assert answer.codes == [code]
    assert answer.errors[0]["extensions"]["vendor"] == broken.upper()
    for vendor in ALL:
        if vendor != broken:
            assert value_of(answer.data, vendor) == value_of(healthy, vendor), vendor
    graph.faults(broken).off()
    if code != THROTTLED:  # an hour's refusal is believed
        assert await graph.data(QUESTION) == healthy


@pytest.mark.parametrize("way", PASSING)
@pytest.mark.parametrize("broken", ALL)
async def test_a_failure_that_passes_is_not_noticed(graph: Running, broken: str, way: str) -> None:
    healthy = await graph.data(QUESTION)
    graph.faults(broken).on(PASSING[way])
    answer = await graph.ask(QUESTION)
    assert answer.errors == []
    assert answer.data == healthy
