"""Pages of visits and occupancy: whatever the vendor's order, they make up the whole list at a bounded price."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.instant import DAY, HOUR, MINUTE
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation.buckets import Granularity
from gateway.federation.footfall import FootfallAsk
from gateway.federation.paging import Page, PageAsk
from tests.federation.fakes import ORDERS, Counter, Federation, Order, at, site, span
from tests.federation.walking import walk

pytestmark = pytest.mark.anyio

SITES = (
    site("ath", "A"),
    site("kat", "K", timezone="Asia/Kathmandu"),
    site("nyc", "N1", "N2", timezone="America/New_York"),
    site("nowhere"),
)
FIRST_DAY = at("2026-10-23T00:00:00Z")


def filled(order: Order = "ascending", days: int = 3, clamp: int = 10_000, seed: int = 1) -> Counter:
    """Open from 6 to 18 o'clock UTC, with a stray store that nobody claims."""
    counter, rng = Counter(order, clamp), random.Random(seed)
    for code in ("A", "K", "N1", "N2", "stray"):
        minutes = [
            (FIRST_DAY + day * DAY + 6 * HOUR) // MINUTE + step for day in range(days) for step in range(12 * 60)
        ]
        visits = {minute: (rng.randrange(4), rng.randrange(4)) for minute in minutes if rng.random() < 0.3}
        inside = {minute: rng.randrange(90) for minute in minutes if rng.random() < 0.2}
        counter.store(code, visits, inside)
    return counter


def ask_of(
    noun: str, world: Federation, window: Window, granularity: Granularity, sites: tuple[Site, ...] = SITES
) -> Any:
    """The connection as a question of pages."""
    footfall = getattr(world, noun)
    bound = ("caller", window.start, window.end, granularity, [s.key for s in sites])

    async def ask(page: PageAsk) -> Page[Any]:
        found = (await footfall.pages([FootfallAsk(window, granularity, sites, bound)], page))[0]
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Page)
        return found

    return ask


def facts(rows: list[Any]) -> list[tuple[Any, ...]]:
    return [
        (row.starts_at, row.site.key, *(getattr(row, n, None) for n in ("entries", "exits", "net", "count", "peak")))
        for row in rows
    ]


@pytest.mark.parametrize("noun", ["visits", "occupancy"])
@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize("order", ORDERS)
async def test_a_walk_of_any_page_sizes_is_the_whole_list(noun: str, granularity: Granularity, order: Order) -> None:
    ask = ask_of(
        noun,
        Federation(SITES, counter=filled(order)),
        span("2026-10-23T03:07:00Z", "2026-10-26T11:00:30Z"),
        granularity,
    )
    whole = await ask(PageAsk(10_000))
    assert not whole.has_next
    assert [(row.starts_at, row.site.key) for row in whole.rows] == sorted(
        (row.starts_at, row.site.key) for row in whole.rows
    )
    sizes = [7, 1, 60, 333]
    assert facts(await walk(ask, sizes)) == facts(whole.rows)
    assert facts(await walk(ask, sizes, forward=False)) == facts(whole.rows)


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_what_lies_between_two_cursors_is_what_the_list_has_there(data: st.DataObject) -> None:
    noun = data.draw(st.sampled_from(["visits", "occupancy"]))
    granularity = data.draw(st.sampled_from([Granularity.MINUTE, Granularity.QUARTER_HOUR, Granularity.HOUR]))
    order = data.draw(st.sampled_from(ORDERS))
    start = FIRST_DAY + data.draw(st.integers(0, 20 * 60)) * MINUTE
    window = Window(start, start + data.draw(st.integers(1, 30 * 60)) * MINUTE)
    ask = ask_of(noun, Federation(SITES, counter=filled(order, seed=data.draw(st.integers(1, 3)))), window, granularity)
    whole = await ask(PageAsk(10_000))
    if not whole.rows:
        return
    low = data.draw(st.integers(0, len(whole.rows) - 1))
    high = data.draw(st.integers(0, len(whole.rows) - 1))
    size, forward = data.draw(st.integers(0, 40)), data.draw(st.booleans())
    page = await ask(PageAsk(size, forward, after=whole.cursor(whole.rows[low]), before=whole.cursor(whole.rows[high])))
    between = facts(whole.rows[low + 1 : high])
    assert facts(page.rows) == (between[:size] if forward else between[-size:] if size else [])
    if forward:
        assert page.has_previous
    else:
        assert page.has_next


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
@pytest.mark.parametrize("noun", ["visits", "occupancy"])
@pytest.mark.parametrize("sites", [SITES[:1], SITES[2:3], SITES], ids=["one store", "one site of two", "four sites"])
@pytest.mark.parametrize("forward", [True, False])
async def test_a_page_of_minutes_takes_at_most_two_calls(
    noun: str, order: Order, sites: tuple[Site, ...], forward: bool
) -> None:
    counter = filled(order, days=12)
    counting = counter.of_visits if noun == "visits" else counter.of_occupancy
    ask = ask_of(
        noun,
        Federation(SITES, counter=counter),
        span("2026-10-23T09:30:00Z", "2026-11-02T08:00:00Z"),
        Granularity.MINUTE,
        sites,
    )
    prices: list[int] = []

    def price() -> None:
        prices.append(counting.calls)
        counting.forget()

    await walk(ask, [50, 3, 700, 1], forward=forward, each=price)
    assert max(prices) <= 2


@pytest.mark.parametrize("noun", ["visits", "occupancy"])
@pytest.mark.parametrize("granularity", [Granularity.QUARTER_HOUR, Granularity.HOUR, Granularity.DAY])
async def test_a_page_of_roll_ups_takes_at_most_two_calls(noun: str, granularity: Granularity) -> None:
    counter = filled(days=12)
    counting = counter.of_visits if noun == "visits" else counter.of_occupancy
    ask = ask_of(
        noun, Federation(SITES, counter=counter), span("2026-10-23T09:30:00Z", "2026-11-02T08:00:00Z"), granularity
    )
    prices: list[int] = []

    def price() -> None:
        prices.append(counting.calls)
        counting.forget()

    await walk(ask, [50, 3, 20, 1], each=price)
    assert max(prices) <= 2


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
@pytest.mark.parametrize("noun", ["visits", "occupancy"])
async def test_a_year_of_minutes_pages_as_cheaply_as_a_day(noun: str, order: Order) -> None:
    counter = Counter(order)
    begin = at("2025-11-01T00:00:00Z") // MINUTE
    minutes = range(begin, begin + 365 * 1440, 5)
    counter.store("A", dict.fromkeys(minutes, (1, 0)), dict.fromkeys(minutes, 3))
    counting = counter.of_visits if noun == "visits" else counter.of_occupancy
    ask = ask_of(
        noun,
        Federation(SITES, counter=counter),
        span("2025-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        Granularity.MINUTE,
        SITES[:1],
    )
    page = await ask(PageAsk(50))
    assert (len(page.rows), page.has_next, counting.calls) == (50, True, 2)
    assert counting.rows <= 1_500
    counting.forget()
    page = await ask(PageAsk(50, after=page.cursor(page.rows[-1])))
    assert (page.rows[0].starts_at, counting.calls) == ("2025-11-01T04:10:00Z", 2)
    counting.forget()
    page = await ask(PageAsk(50, forward=False))
    assert page.rows[-1].starts_at == "2026-10-31T23:55:00Z"
    assert counting.calls <= 2


async def test_rows_that_begin_late_in_a_long_window_are_found_in_few_calls() -> None:
    counter = Counter()
    begin = at("2026-09-01T00:00:00Z") // MINUTE
    counter.store("A", dict.fromkeys(range(begin, begin + 5000), (1, 0)), dict.fromkeys(range(begin, begin + 5000), 3))
    world = Federation(SITES, counter=counter)
    window = span("2025-11-01T00:00:00Z", "2026-11-01T00:00:00Z")
    for noun, counting in (("visits", counter.of_visits), ("occupancy", counter.of_occupancy)):
        page = await ask_of(noun, world, window, Granularity.MINUTE, SITES[:1])(PageAsk(50))
        assert page.rows[0].starts_at == "2026-09-01T00:00:00Z"
        assert counting.calls <= 3, noun


@pytest.mark.parametrize("noun", ["visits", "occupancy"])
@pytest.mark.parametrize("granularity", list(Granularity))
async def test_totals_and_counts_are_those_of_the_whole_list_whatever_the_page(
    noun: str, granularity: Granularity
) -> None:
    world = Federation(SITES, counter=filled())
    window = span("2026-10-23T03:07:00Z", "2026-10-26T11:00:30Z")
    for sites in (SITES[:1], SITES[2:3], SITES):
        ask = ask_of(noun, world, window, granularity, sites)
        whole = await ask(PageAsk(10_000))
        middle = whole.cursor(whole.rows[len(whole.rows) // 2])
        for page in (
            PageAsk(2),
            PageAsk(0),
            PageAsk(3, forward=False),
            PageAsk(2, after=middle),
            PageAsk(10_000),
            PageAsk(5, info=False),
        ):
            paged = await ask(
                PageAsk(
                    **{
                        **{n: getattr(page, n) for n in page.__struct_fields__},
                        "total": True,
                        "totals": noun == "visits",
                    }
                )
            )
            assert paged.total == len(whole.rows), page
            if noun == "visits":
                sums = [sum(getattr(row, name) for row in whole.rows) for name in ("entries", "exits", "net")]
                assert [paged.totals.entries, paged.totals.exits, paged.totals.net] == sums


@pytest.mark.parametrize("granularity", [Granularity.MINUTE, Granularity.HOUR])
@pytest.mark.parametrize("noun", ["visits", "occupancy"])
async def test_connections_of_many_sites_read_together_are_each_what_it_is_alone(
    noun: str, granularity: Granularity
) -> None:
    world = Federation(SITES, counter=filled())
    window = span("2026-10-23T00:00:00Z", "2026-10-24T00:00:00Z")
    page = PageAsk(5, total=True)
    asks = [FootfallAsk(window, granularity, (one,), (one.key,)) for one in SITES]
    together = await getattr(world, noun).pages(asks, page)
    for ask, found in zip(asks, together, strict=True):
        alone = (await getattr(world, noun).pages([ask], page))[0]
        whole = (await getattr(world, noun).pages([ask], PageAsk(10_000)))[0]
        assert facts(found.rows) == facts(alone.rows) == facts(whole.rows)[:5]
        assert found.total == alone.total == len(whole.rows)
        assert found.has_next is alone.has_next is (len(whole.rows) > 5)


async def test_a_day_of_twelve_sites_is_one_call_a_series_however_many_sites_there_are() -> None:
    sites = tuple(site(f"s{number:02}", f"S{number:02}") for number in range(12))
    counter = Counter("store")
    begin = at("2026-10-30T06:00:00Z") // MINUTE
    for number in range(14):
        counter.store(
            f"S{number:02}",
            dict.fromkeys(range(begin, begin + 600, 2), (1, 1)),
            dict.fromkeys(range(begin, begin + 600, 4), 2),
        )
    world = Federation(sites, counter=counter)
    window = span("2026-10-30T00:00:00Z", "2026-10-31T00:00:00Z")
    for noun in ("visits", "occupancy"):
        asks = [FootfallAsk(window, Granularity.MINUTE, (one,), (one.key,)) for one in sites]
        pages = await getattr(world, noun).pages(asks, PageAsk(50))
        assert [len(page.rows) for page in pages] == [50] * 12
    assert (counter.of_visits.calls, counter.of_occupancy.calls) == (1, 1)
    assert world.crosswalk.unclaimed(counter.vendor) == ["S12", "S13"]


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 3 * 1440 - 1), seed=st.integers(0, 5), order=st.sampled_from(ORDERS))
async def test_splitting_a_window_never_changes_the_union_of_minutes(cut: int, seed: int, order: Order) -> None:
    world = Federation(SITES, counter=filled(order, seed=seed))
    whole, middle = Window(FIRST_DAY, FIRST_DAY + 3 * DAY), FIRST_DAY + cut * MINUTE - 30_000_000
    for noun in ("visits", "occupancy"):
        rows = {
            window: facts((await ask_of(noun, world, window, Granularity.MINUTE)(PageAsk(10_000))).rows)
            for window in (whole, Window(whole.start, middle), Window(middle, whole.end))
        }
        assert rows[Window(whole.start, middle)] + rows[Window(middle, whole.end)] == rows[whole]
