"""Outlets and channels: what slow readers lose, and what others do not."""

from __future__ import annotations

import asyncio

import pytest

from gateway.execution.operation import EVERYTHING, GraphQLRequest, Outcome, Phase
from gateway.execution.streams import MOST_UNREAD, Outlet, Streams
from tests.execution.toy import ToyContext, ToyGraph

pytestmark = pytest.mark.anyio


@pytest.fixture
async def streams() -> Streams:
    return ToyGraph().streams


async def opened(streams: Streams, query: str, alike: str = "same") -> Outlet:
    found = await streams.open(GraphQLRequest(query, allowed=EVERYTHING), ToyContext, alike)
    assert isinstance(found, Outlet)
    return found


async def data(outlet: Outlet) -> list[object]:
    return [outcome.data async for outcome in outlet]


async def test_readers_that_are_alike_read_the_same_objects(streams: Streams) -> None:
    one, two = await opened(streams, "subscription { ticks }"), await opened(streams, "subscription { ticks }")
    first, second = [event async for event in one], [event async for event in two]
    assert [event.data for event in first] == [{"ticks": 0}, {"ticks": 1}, {"ticks": 2}]
    assert [id(event) for event in first] == [id(event) for event in second]


async def test_readers_of_other_rights_do_not(streams: Streams) -> None:
    one = await opened(streams, "subscription { ticks(count: 1) }", "reader")
    two = await opened(streams, "subscription { ticks(count: 1) }", "operator")
    assert await anext(one) is not await anext(two)


async def test_a_slow_reader_is_told_and_dropped_and_slows_nobody(streams: Streams) -> None:
    bursts, each = 4, MOST_UNREAD
    query = f"subscription {{ ticks(count: {bursts}, burst: {each}) }}"
    quick, slow = await opened(streams, query), await opened(streams, query)
    assert await data(quick) == [{"ticks": number} for number in range(bursts * each)]
    assert await data(slow) == []
    assert [error["extensions"]["code"] for error in slow.errors] == ["OVERLOADED"]
    assert quick.errors == []


async def test_one_burst_of_any_size_may_wait_for_a_reader(streams: Streams) -> None:
    outlet = await opened(streams, f"subscription {{ ticks(count: 1, burst: {MOST_UNREAD * 4}) }}")
    await asyncio.sleep(0.3)
    assert len(await data(outlet)) == MOST_UNREAD * 4


async def test_a_channel_ends_with_its_last_reader(streams: Streams) -> None:
    one = await opened(streams, "subscription { ticks(count: -1) }")
    two = await opened(streams, "subscription { ticks(count: -1) }")
    one.close()
    assert len(streams._channels) == 1
    two.close()
    assert streams._channels == {}


async def test_who_left_and_came_back_at_once_gets_a_channel_that_lives(streams: Streams) -> None:
    (await opened(streams, "subscription { ticks(count: 1) }")).close()
    assert await data(await opened(streams, "subscription { ticks(count: 1) }")) == [{"ticks": 0}]


async def test_a_refusal_of_the_source_is_an_outcome_without_data(streams: Streams) -> None:
    found = await streams.open(GraphQLRequest("subscription { refused }", allowed=EVERYTHING), ToyContext, "")
    assert isinstance(found, Outcome)
    assert (found.phase, found.errors[0]["extensions"]) == (
        Phase.PERMIT,
        {"code": "BAD_USER_INPUT", "argument": ["sites", 0]},
    )
