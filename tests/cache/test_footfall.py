"""The people counter through tiles: only what is missing is asked, and every answer is what the vendor would say."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.cache import freshness
from gateway.cache.footfall import CachedFootfall
from gateway.cache.rules import CounterRule
from gateway.domain.errors import Rejected, Unavailable
from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from tests.cache.doubles import LAG, NOON, QUARTER, SETTLE, Counter, HandClock, shelf

pytestmark = pytest.mark.anyio

CODES = [f"{number:06d}" for number in range(12)]
MONDAY = 19_950 * DAY


def steady(code: str, minute: int) -> int | None:
    """Every third minute of ten hours a day."""
    return (minute * 7 + int(code)) % 9 if minute % 3 == 0 and 480 <= minute % 1440 < 1080 else None


def counter(clock: HandClock, codes: list[str] = CODES) -> tuple[Counter, CachedFootfall]:
    inner = Counter(clock, codes, steady)
    return inner, CachedFootfall(inner, shelf(clock), CounterRule(SETTLE, LAG))


def plain(body: dict[str, VisitColumns] | dict[str, OccupancyColumns]) -> dict[str, object]:
    return {
        code: (c.minutes, c.entries, c.exits, c.nets) if isinstance(c, VisitColumns) else (c.minutes, c.counts)
        for code, c in body.items()
    }


async def test_a_dashboard_polled_every_minute_for_an_hour_asks_for_the_open_tail_four_times() -> None:
    clock = HandClock(NOON + 7 * MINUTE)
    inner, cached = counter(clock)
    for minute in range(61):
        clock.now = NOON + (7 + minute) * MINUTE
        window = Window(clock.now - 7 * DAY, clock.now)
        for read, uncached in ((cached.visits, inner.visits), (cached.occupancy, inner.occupancy)):
            found = await read(window, None, None)
            calls = inner.calls
            assert plain(found.body) == plain((await uncached(window, None, None)).body)
            inner.asked.pop()
            inner.calls = calls
        if minute == 0:
            inner.asked.clear()
    for name in ("visits", "occupancy"):
        windows = inner.windows(name)
        assert len(windows) == 4
        assert all(window.length <= HOUR + QUARTER for window in windows)


async def test_of_an_overlapping_window_only_the_new_day_is_asked() -> None:
    inner, cached = counter(HandClock())
    await cached.visits(Window(MONDAY, MONDAY + 3 * DAY), None, None)
    found = await cached.visits(Window(MONDAY + DAY, MONDAY + 4 * DAY), None, None)
    assert inner.windows("visits")[1:] == [Window(MONDAY + 3 * DAY, MONDAY + 4 * DAY)]
    assert found.total == 3 * 12 * 200


async def test_neighbours_that_are_missing_are_one_question_over_day_borders() -> None:
    inner, cached = counter(HandClock())
    await cached.visits(Window(MONDAY, MONDAY + DAY), None, None)
    await cached.visits(Window(MONDAY + 4 * DAY, MONDAY + 5 * DAY), None, None)
    await cached.visits(Window(MONDAY - DAY, MONDAY + 6 * DAY), None, None)
    assert inner.windows("visits")[2:] == [
        Window(MONDAY - DAY, MONDAY),
        Window(MONDAY + DAY, MONDAY + 4 * DAY),
        Window(MONDAY + 5 * DAY, MONDAY + 6 * DAY),
    ]


async def test_no_rows_are_kept_too_and_all_stores_serve_each() -> None:
    inner, cached = counter(HandClock())
    night = Window(MONDAY, MONDAY + 6 * HOUR)
    day = Window(MONDAY, MONDAY + DAY)
    assert (await cached.visits(night, None, None)).total == 0
    await cached.visits(day, None, None)
    assert inner.windows("visits") == [night, Window(MONDAY + 6 * HOUR, MONDAY + DAY)]
    one = await cached.visits(day, CODES[3], None)
    assert list(one.body) == [CODES[3]]
    assert one.total == 200
    assert (await cached.visits(night, CODES[3], None)).body == {}
    assert await cached.visit_rows(day, CODES[3]) == 200
    assert inner.calls == 2


async def test_a_store_never_heard_of_is_asked_for_although_all_stores_were_read() -> None:
    inner, cached = counter(HandClock())
    day = Window(MONDAY, MONDAY + DAY)
    await cached.visits(day, None, None)
    inner.error = Rejected(VendorKey.BESPOT, "unknown", status=404, vendor_code="store_code_not_found")
    with pytest.raises(Rejected):
        await cached.visits(day, "999999", None)
    inner.error = None
    await cached.visits(day, "000011", None)
    assert inner.calls == 2


async def test_a_late_correction_inside_the_settling_time_wins_and_replaces_exactly_its_quarters() -> None:
    clock = HandClock(NOON + 3 * MINUTE)
    inner, cached = counter(clock)
    corrected = (NOON - QUARTER) // MINUTE + 3
    window = Window(NOON - 2 * HOUR, NOON)
    before = await cached.visits(window, CODES[0], None)
    inner.truth = lambda code, minute: 77 if minute == corrected else steady(code, minute)
    clock.now = NOON + QUARTER + LAG + SECOND
    after = await cached.visits(window, CODES[0], None)
    assert before.body[CODES[0]].entries != after.body[CODES[0]].entries
    assert dict(zip(after.body[CODES[0]].minutes, after.body[CODES[0]].entries, strict=True))[corrected] == 77
    assert inner.windows("visits")[1].start == NOON - 30 * MINUTE
    clock.now = NOON + DAY
    await cached.visits(window, CODES[0], None)
    assert inner.calls == 3
    await cached.visits(window, CODES[0], None)
    assert inner.calls == 3


async def test_fifty_at_once_ask_once_and_other_windows_wait_for_what_is_under_way() -> None:
    inner, cached = counter(HandClock())
    inner.delay = 0.02
    window = Window(MONDAY, MONDAY + 3 * DAY)
    inside = Window(MONDAY + DAY, MONDAY + 2 * DAY)
    found = await asyncio.gather(*(cached.visits(window, None, None) for _ in range(50)))
    assert {part.total for part in found} == {3 * 12 * 200}
    assert inner.calls == 1
    later = Window(MONDAY + 7 * DAY, MONDAY + 10 * DAY)
    within = Window(later.start + DAY, later.start + 2 * DAY)
    await asyncio.gather(cached.visits(later, None, None), cached.visits(within, None, None))
    assert inner.calls == 2
    await cached.visits(inside, None, None)
    assert inner.calls == 2


async def test_with_the_vendor_down_the_open_tail_is_told_as_stale_for_a_while_and_closed_days_for_ever() -> None:
    clock = HandClock(NOON + 3 * MINUTE)
    inner, cached = counter(clock)
    open_, closed = Window(NOON - HOUR, clock.now), Window(MONDAY, MONDAY + DAY)
    first = await cached.visits(open_, None, None)
    await cached.visits(closed, None, None)
    inner.error = Unavailable(VendorKey.BESPOT, "down")
    clock.now = NOON + QUARTER + LAG + 5 * MINUTE
    with freshness.collect() as told:
        again = await cached.visits(open_, None, None)
    assert plain(again.body) == plain(first.body)
    assert told.by_vendor[VendorKey.BESPOT].stale
    assert told.by_vendor[VendorKey.BESPOT].as_of == NOON + 3 * MINUTE
    assert told.max_age(clock.now) == 0
    clock.now += 10 * MINUTE
    await asyncio.sleep(0.6)
    with pytest.raises(Unavailable):
        await cached.visits(open_, None, None)
    with freshness.collect() as told:
        await cached.visits(closed, None, None)
    assert not told.stale
    assert told.max_age(clock.now) is None


async def test_a_slow_refresh_is_not_waited_for_and_arrives_behind() -> None:
    clock = HandClock(NOON + 3 * MINUTE)
    inner, cached = counter(clock)
    window = Window(NOON - HOUR, NOON)
    await cached.visits(window, None, None)
    clock.now = NOON + QUARTER + LAG + SECOND
    inner.delay = 0.5
    with freshness.collect() as told:
        await cached.visits(window, None, None)
    assert told.stale == {VendorKey.BESPOT}
    await asyncio.sleep(0.4)
    with freshness.collect() as told:
        await cached.visits(window, None, None)
    assert told.stale == set()
    assert inner.calls == 2


async def test_freshness_is_told_and_the_cache_can_be_gone_round() -> None:
    clock = HandClock(NOON + 3 * MINUTE)
    inner, cached = counter(clock)
    window = Window(NOON - HOUR, NOON)
    with freshness.collect() as told:
        await cached.visits(window, None, None)
    assert told.max_age(clock.now) == 14 * 60
    clock.now += 2 * MINUTE
    with freshness.collect() as told:
        await cached.visits(window, None, None)
    assert (told.age(clock.now), told.max_age(clock.now)) == (120, 12 * 60)
    with freshness.bypassing():
        await cached.visits(window, None, None)
    assert inner.calls == 2
    with freshness.collect() as told:
        await cached.visits(window, None, None)
    assert told.age(clock.now) == 0
    assert inner.calls == 2


async def test_to_coalesce_keeps_nothing_and_shares_what_is_in_flight() -> None:
    clock = HandClock()
    inner = Counter(clock, CODES, steady)
    inner.delay = 0.01
    cached = CachedFootfall(inner, shelf(clock, keeps=False), CounterRule(SETTLE, LAG))
    window = Window(MONDAY + 5, MONDAY + DAY)
    await asyncio.gather(*(cached.visits(window, None, None) for _ in range(20)))
    assert inner.windows("visits") == [window]
    await cached.visits(window, None, None)
    assert inner.calls == 2


async def test_little_memory_makes_more_calls_and_no_wrong_answer() -> None:
    clock = HandClock()
    inner = Counter(clock, CODES, steady)
    cached = CachedFootfall(inner, shelf(clock, most_bytes=1000), CounterRule(SETTLE, LAG))
    window = Window(MONDAY, MONDAY + 2 * DAY)
    for _ in range(2):
        assert (await cached.visits(window, None, None)).total == 2 * 12 * 200
    assert inner.calls == 2


async def test_a_window_without_end_and_one_from_the_beginning_are_answered() -> None:
    clock = HandClock(NOON)
    inner, cached = counter(clock)
    ahead = Window(NOON - HOUR, NOON + 3000 * 365 * DAY)
    assert (await cached.visits(ahead, None, None)).total == 12 * 15
    assert (await cached.visits(ahead, None, None)).total == 12 * 15
    assert inner.calls == 1
    inner.truth = lambda code, minute: None
    inner.published = lambda: 0  # type: ignore[method-assign]  # nothing to run through
    assert (await cached.visits(Window(-2000 * DAY, NOON), None, None)).total == 0


actions = st.lists(
    st.tuples(
        st.integers(0, 40),  # minutes the clock goes on
        st.integers(0, 4000),  # window: minutes before now at which it starts
        st.integers(1, 3000),  # its length
        st.sampled_from([None, "A", "B"]),
        st.one_of(st.none(), st.tuples(st.integers(0, 29), st.integers(0, 50))),  # a correction: minutes back, value
    ),
    max_size=25,
)


@given(actions)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_asked_and_corrected_the_answer_is_the_uncached_truth(
    steps: list[tuple[int, int, int, str | None, tuple[int, int] | None]],
) -> None:
    """Corrections come with a publication, inside the settling time, as the vendor's do."""

    async def story() -> None:
        clock = HandClock(NOON + 5 * MINUTE)
        corrections: dict[int, int] = {}
        waiting: list[tuple[int, int]] = []

        def truth(code: str, minute: int) -> int | None:
            return corrections.get(minute, (minute * 5 + ord(code)) % 7 if minute % 4 else None)

        inner = Counter(clock, ["A", "B"], truth)
        cached = CachedFootfall(inner, shelf(clock), CounterRule(SETTLE, LAG))
        for minutes, back, length, code, correction in steps:
            published = inner.published()
            clock.now += minutes * MINUTE
            if inner.published() != published:
                horizon = (inner.published() + LAG - SETTLE) // MINUTE
                corrections.update((at, value) for at, value in waiting if at >= horizon)
                waiting.clear()
            if correction is not None:
                waiting.append((clock.now // MINUTE - correction[0], correction[1]))
            start = clock.now - back * MINUTE
            window = Window(start, start + length * MINUTE)
            found = await cached.visits(window, code, None)
            assert plain(found.body) == plain((await inner.visits(window, code, None)).body)
            occupied = await cached.occupancy(window, code, None)
            assert plain(occupied.body) == plain((await inner.occupancy(window, code, None)).body)

    asyncio.run(story())
