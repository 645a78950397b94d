"""A long window drained: every row once, in as few calls as hold it, whatever order the vendor has its rows in."""

from __future__ import annotations

import pytest

from gateway.domain.errors import Malformed, Unavailable
from gateway.domain.footfall import Visit, VisitColumns
from gateway.domain.instant import DAY, MINUTE, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.flow import Flow
from gateway.federation.series import VisitSeries
from tests.federation.fakes import Counter, Order

pytestmark = pytest.mark.anyio

PAGE = 100
START = 29_000_000
SPAN = Window(START * MINUTE, (START + 2_000) * MINUTE)
NOW = SPAN.end + DAY
Row = tuple[str, int, int]


class Numbered(Counter):
    """A counter that can be asked for a page by its number. `grows`: a row more at each call."""

    grows = False

    async def visit_page(self, window: Window, code: str | None, number: int) -> Slice[dict[str, VisitColumns]]:
        of = self.of_visits
        rows = of.arranged(self._rows(of, self.visits_of, window, code))
        page = rows[(number - 1) * PAGE : number * PAGE]
        of.calls += 1
        of.rows += len(page)
        body: dict[str, VisitColumns] = {}
        for minute, store, (come, gone) in sorted(page):
            columns = body.setdefault(store, VisitColumns([], [], [], []))
            for column, value in zip(
                (columns.minutes, columns.entries, columns.exits, columns.nets),
                (minute, come, gone, come - gone),
                strict=True,
            ):
                column.append(value)
        return Slice(body, number == 1 and len(rows) <= PAGE, len(rows) + self.grows * of.calls)

    async def occupancy_page(self, window: Window, code: str | None, number: int) -> Slice[dict[str, object]]:
        raise NotImplementedError


def site(key: str, *codes: str) -> Site:
    return Site(key=key, name=key, timezone="Europe/Athens", bespot=codes)


def filled(counter: Counter, stores: int, minutes: int) -> list[Row]:
    """Rows in every store at every `2000 / minutes`th minute, and what must come out."""
    step = 2_000 // minutes
    for number in range(stores):
        counter.store(f"s{number}", {START + step * m: (m % 7, number) for m in range(minutes)})
    return sorted((f"k{n}", START + step * m, m % 7) for n in range(stores) for m in range(minutes))


async def drained(counter: Counter, sites: list[Site], *, ordered: bool = True, now: Micros = NOW) -> list[Row]:
    flow: Flow[Visit, VisitColumns] = Flow(VisitSeries(), counter, Crosswalk(sites), now)
    found: list[Row] = []
    reached = SPAN.start
    async for part, columns in flow.minutes(sites, SPAN, ordered=ordered):
        if ordered:
            assert part.start == reached
            reached = part.end
        for key, of in columns.items():
            found += [(key, minute, entries) for minute, entries in zip(of.minutes, of.entries, strict=True)]
    return found


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "store"])
@pytest.mark.parametrize("stores", [1, 4])
async def test_rows_come_once_in_the_order_of_time(order: Order, stores: int) -> None:
    counter = Counter(order, page_rows=PAGE)
    expected = filled(counter, stores, 1_000)
    found = await drained(counter, [site(f"k{n}", f"s{n}") for n in range(stores)])
    assert sorted(found) == expected
    for key in {row[0] for row in found}:
        minutes = [row[1] for row in found if row[0] == key]
        assert minutes == sorted(minutes)


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "store"])
@pytest.mark.parametrize(("stores", "minutes"), [(1, 1_000), (4, 500), (40, 50)])
async def test_a_drain_of_settled_rows_costs_a_call_a_page(order: Order, stores: int, minutes: int) -> None:
    counter = Numbered(order, page_rows=PAGE)
    expected = filled(counter, stores, minutes)
    found = await drained(counter, [site(f"k{n}", f"s{n}") for n in range(stores)], ordered=False)
    assert sorted(found) == expected
    assert counter.of_visits.calls == -(-len(expected) // PAGE)


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "store"])
@pytest.mark.parametrize(("stores", "minutes"), [(1, 1_000), (40, 50)])
async def test_a_drain_up_to_now_costs_a_call_more(order: Order, stores: int, minutes: int) -> None:
    counter = Numbered(order, page_rows=PAGE)
    expected = filled(counter, stores, minutes)
    found = await drained(counter, [site(f"k{n}", f"s{n}") for n in range(stores)], ordered=False, now=SPAN.end)
    assert sorted(found) == expected
    assert counter.of_visits.calls <= -(-len(expected) // PAGE) + 1


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "store"])
async def test_strangers_rows_push_nothing_out(order: Order) -> None:
    """What was taken for one page is more, and its settled part is one: the rest is read all the same."""
    counter = Numbered(order, page_rows=PAGE)
    for number in range(4):
        counter.store(f"s{number}", {START + m: (m % 7, number) for m in range(50)})
    window, now = Window(START * MINUTE, (START + 50) * MINUTE), (START + 80) * MINUTE
    sites = [site("k0", "s0"), site("k1", "s1")]
    flow: Flow[Visit, VisitColumns] = Flow(VisitSeries(), counter, Crosswalk(sites), now)
    found = [
        (key, minute)
        async for _, columns in flow.minutes(sites, window, ordered=False)
        for key, of in columns.items()
        for minute in of.minutes
    ]
    assert sorted(found) == sorted((key, START + m) for key in ("k0", "k1") for m in range(50))


@pytest.mark.parametrize("order", ["ascending", "store", "shuffled"])
async def test_codes_of_one_site_are_summed_however_far_apart_they_come(order: Order) -> None:
    counter = Numbered(order, page_rows=PAGE)
    filled(counter, 3, 500)
    found = await drained(counter, [site("one", "s0", "s2"), site("two", "s1")], ordered=False)
    assert sorted(found) == sorted(
        [("one", START + 4 * m, 2 * (m % 7)) for m in range(500)] + [("two", START + 4 * m, m % 7) for m in range(500)]
    )


async def test_a_short_window_is_one_call() -> None:
    counter = Counter("shuffled", page_rows=PAGE)
    expected = filled(counter, 1, 50)
    assert await drained(counter, [site("k0", "s0")]) == expected
    assert counter.of_visits.calls == 1


async def test_one_of_many_stores_is_asked_alone() -> None:
    counter = Counter("ascending", page_rows=PAGE)
    filled(counter, 20, 1_000)
    flow: Flow[Visit, VisitColumns] = Flow(
        VisitSeries(), counter, Crosswalk([site(f"k{n}", f"s{n}") for n in range(20)]), NOW
    )
    rows = 0
    async for _, columns in flow.minutes([site("k3", "s3"), site("k4", "s4")], SPAN):
        rows += sum(len(each.minutes) for each in columns.values())
    assert rows == 2_000
    assert counter.of_visits.rows <= 1.2 * 2_000


async def test_rows_that_keep_moving_between_pages_end_the_drain() -> None:
    counter = Numbered("shuffled", page_rows=PAGE)
    filled(counter, 1, 1_000)
    counter.grows = True
    with pytest.raises(Malformed):
        await drained(counter, [site("k0", "s0")], ordered=False)


async def test_a_vendor_that_dies_midway_ends_the_drain() -> None:
    counter = Counter("ascending", page_rows=PAGE)
    filled(counter, 1, 1_000)
    counter.of_visits.fails = {5}
    with pytest.raises(Unavailable) as met:
        await drained(counter, [site("k0", "s0")])
    assert met.value.vendor is VendorKey.BESPOT
