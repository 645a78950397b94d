"""Where parts came from is told as it was: kept, read for this answer, or read for somebody else."""

from __future__ import annotations

import asyncio

import pytest

from gateway.cache.counts import CachedCounts
from gateway.cache.footfall import CachedFootfall
from gateway.cache.freshness import collect
from gateway.cache.origins import Origins
from gateway.domain.errors import Unavailable
from gateway.domain.instant import DAY, HOUR, MINUTE
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from tests.cache.doubles import LAG, NOON, QUARTER, HandClock, shelf
from tests.cache.test_entries import Counts
from tests.cache.test_footfall import MONDAY, counter
from tests.cache.test_replicas import footfall, stores, world
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

NONE = {"closed": 0, "open": 0, "stale": 0, "read": 0, "joined": 0}


def told(origins: Origins) -> dict[str, int]:
    """Of the one vendor there is, without what is nothing."""
    (line,) = origins.told() or [{"vendor": "BESPOT", **NONE}]
    assert line.pop("vendor") == "BESPOT"
    return {name: count for name, count in line.items() if count}


async def visits(cached: CachedFootfall, window: Window) -> dict[str, int]:
    with collect(Origins) as origins:
        await cached.visits(window, None, None)
    return told(origins)


async def test_a_first_read_is_no_part_that_was_kept_and_a_second_reads_nothing() -> None:
    _, cached = counter(HandClock())
    window = Window(MONDAY, MONDAY + DAY)
    assert await visits(cached, window) == {"read": 1}
    assert await visits(cached, window) == {"closed": 1}


async def test_what_was_there_is_told_beside_what_was_lacking() -> None:
    _, cached = counter(HandClock())
    await cached.visits(Window(MONDAY, MONDAY + DAY), None, None)
    assert await visits(cached, Window(MONDAY, MONDAY + 2 * DAY)) == {"closed": 1, "read": 1}


async def test_an_open_part_is_told_as_open_and_a_stale_one_as_stale() -> None:
    clock = HandClock(NOON + 3 * MINUTE)
    inner, cached = counter(clock)
    window = Window(NOON - HOUR, clock.now)
    await cached.visits(window, None, None)
    again = await visits(cached, window)
    assert again["open"] > 0
    assert not again.keys() & {"read", "stale"}
    inner.error = Unavailable(VendorKey.BESPOT, "down")
    clock.now = NOON + QUARTER + LAG + 5 * MINUTE
    down = await visits(cached, window)
    assert down["stale"] > 0
    assert down["read"] == 1  # it was asked, in vain


async def test_waiting_for_the_read_of_another_is_no_read_of_ones_own() -> None:
    inner, cached = counter(HandClock())
    inner.delay = 0.05
    window = Window(MONDAY, MONDAY + DAY)
    found = await asyncio.gather(*(visits(cached, window) for _ in range(3)))
    assert found[0] == {"read": 1}
    assert [each.get("read") for each in found[1:]] == [None, None]
    assert all(each["joined"] >= 1 for each in found[1:])
    assert inner.calls == 1


async def test_a_read_of_another_replica_is_told_as_joined(valkey: Valkey) -> None:
    clock = HandClock()
    inner = world(clock)
    inner.delay = 0.1
    window = Window(MONDAY, MONDAY + DAY)
    async with stores(valkey, 2) as made:
        found = await asyncio.gather(*(visits(footfall(inner, clock, store), window) for store in made))
    reads, joins = (sum(each.get(name, 0) for each in found) for name in ("read", "joined"))
    assert (reads, joins, inner.calls) == (1, 1, 1)


async def test_counts_are_told_alike() -> None:
    clock, inner = HandClock(), Counts()
    cached = CachedCounts(inner, shelf(clock))
    window = Window(NOON - DAY, NOON)
    for expected in ({"read": 1}, {"open": 1}):
        with collect(Origins) as origins:
            await cached.session_counts(window, None)
        assert told(origins) == expected


async def test_a_collector_inside_another_tells_both() -> None:
    _, cached = counter(HandClock())
    with collect(Origins) as outer, collect() as inner:
        await cached.visits(Window(MONDAY, MONDAY + DAY), None, None)
    assert told(outer) == {"read": 1}
    assert set(inner.by_vendor) == {VendorKey.BESPOT}
