"""Stays in blocks: one without an end is never final, and the newest may come any moment."""

from __future__ import annotations

import msgspec
import pytest

from gateway.cache.stays import CachedStays
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.window import Window
from tests.cache.doubles import NOON, PSEUDONYMS, HandClock, Stays, shelf, stay

pytestmark = pytest.mark.anyio

ANY = SessionQuery()


def blocks(records: list[AppRecord]) -> tuple[HandClock, Stays, CachedStays[AppRecord]]:
    clock = HandClock()
    inner = Stays(records)
    return clock, inner, CachedStays(inner, AppRecord, shelf(clock), PSEUDONYMS.sealer("cache"), stale=12 * HOUR)


async def ids(cached: CachedStays[AppRecord], window: Window, code: str | None = None) -> set[str]:
    return {record.id for record in (await cached.sessions(window, code, ANY, None)).body}


async def test_a_settled_day_is_asked_once_and_serves_its_parts_and_each_store() -> None:
    day = Window(NOON - 5 * DAY, NOON - 4 * DAY)
    clock, inner, cached = blocks([stay(day.start + n * MINUTE, n, "AB"[n % 2]) for n in range(100)])
    assert len(await ids(cached, day)) == 100
    clock.now += 3 * DAY
    assert len(await ids(cached, day)) == 100
    assert await ids(cached, Window(day.start + 10 * MINUTE, day.start + 14 * MINUTE), "A") == {"s10", "s12"}
    assert inner.windows("sessions") == [day]


async def test_an_open_stay_is_read_again_after_a_minute_and_only_around_it() -> None:
    open_at = NOON - 5 * HOUR + 10 * MINUTE
    day = Window(NOON - 10 * HOUR, NOON - 2 * HOUR)
    clock, inner, cached = blocks([stay(NOON - 9 * HOUR, 1), stay(open_at, 2, ended=False)])
    await ids(cached, day)
    inner.records[1] = stay(open_at, 2)
    clock.now += 59 * SECOND
    found = await cached.sessions(day, None, ANY, None)
    assert [record.ended_at is None for record in found.body] == [False, True]
    clock.now += 2 * SECOND
    found = await cached.sessions(day, None, ANY, None)
    assert [record.ended_at is None for record in found.body] == [False, False]
    assert inner.windows("sessions") == [day, Window(NOON - 5 * HOUR, NOON - 4 * HOUR)]


async def test_a_stay_that_was_given_up_is_final() -> None:
    day = Window(NOON - 20 * HOUR, NOON - 13 * HOUR)
    clock, inner, cached = blocks([stay(NOON - 19 * HOUR, 1, ended=False)])
    await ids(cached, day)
    clock.now += 2 * DAY
    await ids(cached, day)
    assert inner.calls == 1


async def test_the_newest_stays_are_there_within_a_minute_and_a_moving_window_asks_once_a_minute() -> None:
    clock, inner, cached = blocks([stay(NOON - HOUR, 1)])
    for second in range(0, 60, 5):
        clock.now = NOON + second * SECOND
        assert await ids(cached, Window(NOON - 2 * HOUR, clock.now)) == {"s1"}
    assert inner.calls == 1
    inner.records.append(stay(NOON + 30 * SECOND, 2))
    clock.now = NOON + 61 * SECOND
    assert await ids(cached, Window(NOON - 2 * HOUR, clock.now)) == {"s1", "s2"}
    assert inner.calls == 2


async def test_a_filter_has_blocks_of_its_own() -> None:
    day = Window(NOON - 5 * DAY, NOON - 4 * DAY)
    _, inner, cached = blocks([msgspec.structs.replace(stay(day.start, 1), device_id="x"), stay(day.start, 2)])
    query = SessionQuery(device_id="x")
    for _ in range(2):
        found = await cached.sessions(day, None, query, None)
        assert [record.id for record in found.body] == ["s1"]
        assert len(await ids(cached, day)) == 2
    assert inner.calls == 2
