"""What a bucket says: visits with zeros up to now, occupancy where it was measured, averages that hold no longer
than they may, and codes of one site joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.domain.coverage import CoverageState
from gateway.domain.instant import HOUR, MINUTE
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation.buckets import Granularity
from gateway.federation.footfall import FootfallAsk
from gateway.federation.paging import Page, PageAsk
from tests.federation.fakes import NOW, Counter, Federation, at, site, span
from tests.sandbox.hands import Hands

pytestmark = pytest.mark.anyio

ATHENS = site("ath", "A")
DOUBLE = site("double", "D1", "D2")
EIGHT = at("2026-10-30T08:00:00Z") // MINUTE


async def page(
    noun: str, counter: Counter, window: Window, granularity: Granularity, of: Site = ATHENS, ask: PageAsk | None = None
) -> Page[Any]:
    world = Federation((ATHENS, DOUBLE), counter=counter, clock=Hands(NOW))
    found = await getattr(world, noun).pages([FootfallAsk(window, granularity, (of,), ())], ask or PageAsk(1000))
    assert isinstance(found[0], Page), found[0]
    return found[0]


def counter_of(
    code: str = "A", visits: Mapping[int, tuple[int, int]] | None = None, inside: Mapping[int, int] | None = None
) -> Counter:
    counter = Counter()
    counter.store(code, visits, inside)
    return counter


def measured(*readings: tuple[int, int]) -> dict[int, int]:
    """(minutes after eight, people)."""
    return {EIGHT + minute: count for minute, count in readings}


async def test_visits_have_zeros_up_to_what_the_counter_can_speak_for_and_nothing_after() -> None:
    counter = counter_of(visits={at("2026-11-02T10:05:00Z") // MINUTE: (3, 1)})
    found = await page("visits", counter, span("2026-11-02T09:30:00Z", "2026-11-03T00:00:00Z"), Granularity.HOUR)
    assert found.coverage[0].as_of == at("2026-11-02T12:00:00Z")
    assert [(row.starts_at, row.entries, row.exits, row.net) for row in found.rows] == [
        ("2026-11-02T09:00:00Z", 0, 0, 0),
        ("2026-11-02T10:00:00Z", 3, 1, 2),
        ("2026-11-02T11:00:00Z", 0, 0, 0),
    ]
    assert not found.has_next


async def test_minutes_are_the_vendors_own_rows_without_zeros() -> None:
    counter = counter_of(visits={EIGHT: (1, 0), EIGHT + 7: (0, 2)})
    found = await page("visits", counter, span("2026-10-30T00:00:00Z", "2026-10-31T00:00:00Z"), Granularity.MINUTE)
    assert [(row.starts_at, row.ends_at, row.entries, row.net) for row in found.rows] == [
        ("2026-10-30T08:00:00Z", "2026-10-30T08:01:00Z", 1, 1),
        ("2026-10-30T08:07:00Z", "2026-10-30T08:08:00Z", 0, -2),
    ]


async def test_a_window_that_cuts_a_bucket_keeps_its_bounds_and_counts_only_what_is_inside() -> None:
    counter = counter_of(visits={EIGHT - 1: (100, 0), EIGHT: (1, 0), EIGHT + 59: (2, 0), EIGHT + 60: (100, 0)})
    found = await page("visits", counter, span("2026-10-30T08:00:00Z", "2026-10-30T09:00:00Z"), Granularity.DAY)
    assert [(row.starts_at, row.ends_at, row.entries) for row in found.rows] == [
        ("2026-10-29T22:00:00Z", "2026-10-30T22:00:00Z", 3)
    ]


async def test_a_minute_that_began_before_the_window_is_outside_it() -> None:
    counter = counter_of(visits={EIGHT: (1, 0), EIGHT + 1: (2, 0)})
    for granularity in (Granularity.MINUTE, Granularity.HOUR):
        found = await page("visits", counter, span("2026-10-30T08:00:30Z", "2026-10-30T08:01:30Z"), granularity)
        assert [row.entries for row in found.rows] == [2]


@pytest.mark.parametrize(
    ("now", "final"), [("2026-10-30T09:29:59Z", False), ("2026-10-30T09:30:00Z", True), ("2026-10-30T12:00:00Z", True)]
)
async def test_a_bucket_is_final_half_an_hour_after_its_end(now: str, final: bool) -> None:
    counter = counter_of(visits={EIGHT: (1, 0)}, inside=measured((0, 5)))
    world = Federation((ATHENS,), counter=counter, clock=Hands(at(now)))
    ask = FootfallAsk(span("2026-10-30T08:00:00Z", "2026-10-30T09:00:00Z"), Granularity.HOUR, (ATHENS,), ())
    for noun in (world.visits, world.occupancy):
        found = (await noun.pages([ask], PageAsk(5)))[0]
        assert isinstance(found, Page)
        assert [row.final for row in found.rows] == [final]


async def test_occupancy_is_served_only_where_something_was_measured() -> None:
    counter = counter_of(inside=measured((0, 4), (200, 9)))
    found = await page("occupancy", counter, span("2026-10-30T00:00:00Z", "2026-11-02T00:00:00Z"), Granularity.HOUR)
    assert [(row.starts_at, row.count, row.peak) for row in found.rows] == [
        ("2026-10-30T08:00:00Z", 4, 4),
        ("2026-10-30T11:00:00Z", 9, 9),
    ]


@pytest.mark.parametrize(
    ("readings", "end", "average"),
    [
        ([(0, 10)], 60, 10.0),
        ([(0, 10), (5, 20)], 60, (10 * 5 + 20 * 15) / 20),  # the last one holds 15 minutes, not to the end
        ([(0, 10), (40, 20)], 60, (10 * 15 + 20 * 15) / 30),  # a gap of 25 minutes is not measured
        ([(0, 10), (55, 20)], 60, (10 * 15 + 20 * 5) / 20),  # not past the bucket
        ([(0, 10), (5, 20)], 10, (10 * 5 + 20 * 5) / 10),  # not past the window
        ([(59, -4)], 60, -4.0),
    ],
)
async def test_an_average_weighs_each_value_by_the_time_it_holds(
    readings: list[tuple[int, int]], end: int, average: float
) -> None:
    counter = counter_of(inside=measured(*readings))
    window = Window(EIGHT * MINUTE, (EIGHT + end) * MINUTE)
    found = await page("occupancy", counter, window, Granularity.HOUR)
    assert [row.average for row in found.rows] == [pytest.approx(average)]


async def test_a_bucket_says_its_last_its_highest_and_its_average() -> None:
    counter = counter_of(inside=measured((2, 7), (9, 30), (20, 3)))
    found = await page("occupancy", counter, span("2026-10-30T08:00:00Z", "2026-10-30T09:00:00Z"), Granularity.HOUR)
    assert [(row.count, row.peak) for row in found.rows] == [(3, 30)]
    assert found.rows[0].average == pytest.approx((7 * 7 + 30 * 11 + 3 * 15) / 33)


async def test_a_measurement_is_not_carried_into_the_next_bucket() -> None:
    counter = counter_of(inside=measured((59, 50), (70, 10)))
    found = await page("occupancy", counter, span("2026-10-30T08:00:00Z", "2026-10-30T10:00:00Z"), Granularity.HOUR)
    assert [(row.starts_at, row.average) for row in found.rows] == [
        ("2026-10-30T08:00:00Z", 50.0),
        ("2026-10-30T09:00:00Z", 10.0),
    ]


async def test_visits_of_several_codes_are_summed_minute_by_minute() -> None:
    counter = counter_of("D1", {EIGHT: (1, 2), EIGHT + 1: (3, 0)})
    counter.store("D2", {EIGHT: (10, 1), EIGHT + 2: (5, 5)})
    found = await page(
        "visits", counter, span("2026-10-30T08:00:00Z", "2026-10-30T09:00:00Z"), Granularity.MINUTE, DOUBLE
    )
    assert [(row.starts_at[11:16], row.entries, row.exits, row.net) for row in found.rows] == [
        ("08:00", 11, 3, 8),
        ("08:01", 3, 0, 3),
        ("08:02", 5, 5, 0),
    ]


async def test_occupancy_of_several_codes_is_the_sum_of_their_latest_values_no_older_than_a_quarter_hour() -> None:
    counter = counter_of("D1", inside=measured((-14, 4), (3, 6), (40, 1)))
    counter.store("D2", inside=measured((1, 10), (18, 20), (19, 30)))
    found = await page(
        "occupancy", counter, span("2026-10-30T08:00:00Z", "2026-10-30T09:00:00Z"), Granularity.MINUTE, DOUBLE
    )
    # at :01 the other code's value is 15 minutes old and still counts; at :19 it is 16 minutes old; at :40 D2 is silent
    assert [(row.starts_at[11:16], row.count) for row in found.rows] == [("08:01", 14), ("08:03", 16), ("08:18", 26)]


async def test_a_month_with_a_clock_change_adds_up_all_its_hours() -> None:
    minutes = range(at("2026-09-30T21:00:00Z") // MINUTE, at("2026-10-31T22:00:00Z") // MINUTE, 60)
    assert len(minutes) == 31 * 24 + 1
    counter = counter_of(visits=dict.fromkeys(minutes, (1, 0)))
    found = await page("visits", counter, span("2026-09-30T21:00:00Z", "2026-10-31T22:00:00Z"), Granularity.MONTH)
    assert [(row.starts_at, row.ends_at, row.entries) for row in found.rows] == [
        ("2026-09-30T21:00:00Z", "2026-10-31T22:00:00Z", 745)
    ]
    days = await page("visits", counter, span("2026-09-30T21:00:00Z", "2026-10-31T22:00:00Z"), Granularity.DAY)
    assert [row.entries for row in days.rows].count(25) == 1
    assert sum(row.entries for row in days.rows) == 745


async def test_a_window_without_end_costs_no_more_than_one_up_to_now() -> None:
    counter = counter_of(visits={EIGHT: (1, 0)}, inside=measured((0, 4)))
    window = Window(EIGHT * MINUTE - HOUR, at("2199-01-01T00:00:00Z"))
    ask = PageAsk(10_000, total=True)
    assert (await page("occupancy", counter, window, Granularity.QUARTER_HOUR, ask=ask)).total == 1
    found = await page("visits", counter, window, Granularity.HOUR, ask=ask)
    assert found.total == len(found.rows) == 1 + 16 + 2 * 24 + 12
    assert found.coverage[0].state is CoverageState.COMPLETE


async def test_a_window_that_has_not_begun_is_empty_and_complete() -> None:
    counter = counter_of(visits={EIGHT: (1, 0)}, inside=measured((0, 4)))
    window = span("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z")
    for noun in ("visits", "occupancy"):
        for granularity in (Granularity.MINUTE, Granularity.DAY):
            found = await page(noun, counter, window, granularity, ask=PageAsk(5, total=True))
            assert (found.rows, found.has_next, found.total) == ([], False, 0)
            assert found.coverage[0].state is CoverageState.COMPLETE
