"""Walks over long windows: the first page costs what it did, a whole walk what the vendor's pages cost."""

from __future__ import annotations

import random

import pytest

from gateway.cache.footfall import CachedFootfall
from gateway.cache.rules import CounterRule
from gateway.cache.stays import CachedStays
from gateway.domain.footfall import VisitColumns
from gateway.domain.instant import DAY, MINUTE, SECOND, Micros
from gateway.domain.ports import course
from gateway.domain.ports.slices import Slice
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.window import Window
from gateway.federation.slices import Reach, scan
from tests.cache.doubles import LAG, NOON, PSEUDONYMS, SETTLE, Counter, HandClock, Stays, shelf, stay

pytestmark = pytest.mark.anyio

END = NOON - 10 * DAY
SPAN = Window(END - 20 * DAY, END)


def counter(page_rows: int) -> tuple[Counter, CachedFootfall]:
    clock = HandClock()
    inner = Counter(clock, ["A", "B", "C"], lambda code, minute: minute % 5 if minute % 2 else None, page_rows)
    return inner, CachedFootfall(inner, shelf(clock), CounterRule(SETTLE, LAG))


def minutes_of(body: dict[str, VisitColumns]) -> list[Micros]:
    return [minute * MINUTE for column in body.values() for minute in column.minutes]


def starts_of(body: list[AppRecord]) -> list[Micros]:
    return [record.start for record in body]


async def page_of_visits(
    cached: CachedFootfall, span: Window, need: int, *, backward: bool, grain: Micros = MINUTE
) -> list[tuple[int, str]]:
    """The first `need` rows of `span` from its near end, read as federation reads them."""
    reach = Reach(need, minutes_of, backward, grain, cached.page_rows, whole=2 * cached.page_rows)
    rows: list[tuple[int, str]] = []
    left = span

    async def read(window: Window, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        with course.towards(left, reach.need, minutes_of, backward=backward):
            return await cached.visits(window, None, budget)

    async for part, found in scan(read, span, reach):
        left = Window(span.start, part.start) if backward else Window(part.end, span.end)
        batch = sorted(
            ((minute, code) for code, column in found.body.items() for minute in column.minutes), reverse=backward
        )
        rows += batch
        reach.need = max(1, reach.need - len(batch))
        if len(rows) >= need:
            break
    return rows[:need]


async def walk(cached: CachedFootfall, span: Window, chance: random.Random, *, backward: bool) -> list[tuple[int, str]]:
    """All rows, in pages of random sizes. A page ends with whole minutes, so that a cursor is an instant."""
    rows: list[tuple[int, str]] = []
    while True:
        need = chance.choice([60, 150, 600, 1500])
        page = await page_of_visits(cached, span, need, backward=backward)
        last = page[-1][0] if page else 0
        if len(page) < need:
            return rows + page
        page = [row for row in page if row[0] != last]
        rows += page
        span = Window(span.start, (last + 1) * MINUTE) if backward else Window(last * MINUTE, span.end)


@pytest.mark.parametrize("backward", [False, True])
async def test_a_walk_over_visits_costs_the_vendors_pages_and_four_calls(backward: bool) -> None:
    inner, cached = counter(page_rows=1000)
    truth = sorted(((minute, code) for minute, code, _ in inner.rows(SPAN, None)), reverse=backward)
    assert len(truth) == 43_200
    found = await walk(cached, SPAN, random.Random(3), backward=backward)
    assert found == truth
    assert inner.calls <= -(-len(truth) // 1000) + 4


async def test_a_first_page_reads_no_further_than_without_a_cache() -> None:
    inner, cached = counter(page_rows=10_000)
    plain, _ = counter(page_rows=10_000)
    await page_of_visits(cached, SPAN, 51, backward=False)
    reach = Reach(51, minutes_of, False, MINUTE, 10_000, whole=20_000)
    async for _, found in scan(lambda window, budget: plain.visits(window, None, budget), SPAN, reach):
        reach.need -= sum(len(column.minutes) for column in found.body.values())
        if reach.need <= 0:
            break
    assert inner.calls <= plain.calls
    assert inner.rows_sent <= plain.rows_sent


async def test_a_page_read_again_asks_nobody_in_either_direction() -> None:
    inner, cached = counter(page_rows=1000)
    for backward in (False, True):
        first = await page_of_visits(cached, SPAN, 60, backward=backward)
        calls = inner.calls
        assert await page_of_visits(cached, SPAN, 60, backward=backward) == first
        assert inner.calls == calls


def stays(count: int, *, shuffled: bool) -> tuple[Stays, CachedStays[AppRecord]]:
    chance = random.Random(7)
    records = [stay(SPAN.start + chance.randrange(SPAN.length), number, "ABC"[number % 3]) for number in range(count)]
    inner = Shuffled(records, 500) if shuffled else Stays(records, 500)
    clock = HandClock()
    return inner, CachedStays(inner, AppRecord, shelf(clock), PSEUDONYMS.sealer("cache"), stale=12 * 3600 * SECOND)


class Shuffled(Stays):
    """A vendor that sends rows in an order of its own."""

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[AppRecord]]:
        await self.reached("sessions", window, code, budget)
        rows = [record for record in self.records if record.start in window]
        random.Random(len(rows)).shuffle(rows)
        held, size = len(rows), min(self.page_rows, budget or self.page_rows)
        if budget is not None and held > size and held > budget:
            return Slice(rows[:size], False, held, [row.start for row in rows[:size]])
        self.calls += max(0, -(-held // size) - 1)
        return Slice(rows, True, held)


@pytest.mark.parametrize("shuffled", [False, True])
async def test_a_walk_over_stays_equals_the_list_and_costs_the_vendors_pages(shuffled: bool) -> None:
    inner, cached = stays(9_000, shuffled=shuffled)
    truth = sorted((record.start, record.id) for record in inner.records)
    found: list[tuple[int, str]] = []
    span = SPAN
    while len(found) < len(truth):
        reach = Reach(101, starts_of, False, 1, 500)
        page: list[tuple[int, str]] = []

        async def read(window: Window, budget: int | None, span: Window = span) -> Slice[list[AppRecord]]:
            rest = Window(window.start, span.end)
            with course.towards(rest, 101, starts_of, backward=False):
                return await cached.sessions(window, None, SessionQuery(), budget)  # type: ignore[return-value]

        async for _, part in scan(read, span, reach):
            page += sorted((record.start, record.id) for record in part.body)
            reach.need = max(1, reach.need - len(part.body))
            if len(page) >= 101:
                break
        page = page[:100]
        found += page
        span = Window(page[-1][0] + 1, span.end)
    assert found == truth
    assert inner.calls <= 18 + (4 if not shuffled else 5)
