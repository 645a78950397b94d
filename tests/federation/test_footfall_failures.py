"""What visits and occupancy say when a vendor, a store or a part of an answer is missing."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.domain.coverage import CoverageState
from gateway.domain.errors import GatewayError, NotConfigured, TimedOut, Unavailable
from gateway.domain.instant import DAY, MINUTE
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.federation.buckets import Granularity
from gateway.federation.footfall import FootfallAsk
from gateway.federation.paging import Page, PageAsk
from tests.federation.fakes import Counter, Federation, at, site, span, unknown_store

pytestmark = pytest.mark.anyio

ONE, OTHER, CAFE, PAIR = site("one", "A"), site("other", "B"), site("cafe"), site("pair", "P1", "P2")
SITES = (ONE, OTHER, CAFE, PAIR)
EIGHT = at("2026-10-30T08:00:00Z") // MINUTE
WINDOW = span("2026-10-30T00:00:00Z", "2026-10-31T00:00:00Z")
NOUNS = ("visits", "occupancy")
BUCKETS = (Granularity.MINUTE, Granularity.HOUR, Granularity.DAY)


def counter_of(*codes: str) -> Counter:
    counter = Counter()
    for code in codes:
        counter.store(code, {EIGHT: (2, 1)}, {EIGHT: 5})
    return counter


async def pages(
    counter: Counter | None, noun: str, granularity: Granularity, *groups: tuple[Site, ...], page: PageAsk | None = None
) -> list[Page[Any] | GatewayError]:
    world = Federation(SITES, counter=counter)
    asks = [FootfallAsk(WINDOW, granularity, sites, tuple(s.key for s in sites)) for sites in groups]
    found: list[Page[Any] | GatewayError] = await getattr(world, noun).pages(asks, page or PageAsk(100))
    return found


def lines(page: Page[Any] | GatewayError) -> list[tuple[CoverageState, str | None, str | None, list[str] | None]]:
    assert isinstance(page, Page), page
    return [
        (line.state, line.code, line.vendor_code, None if line.sites is None else [s.key for s in line.sites])
        for line in page.coverage
    ]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("granularity", BUCKETS)
async def test_a_site_the_vendor_does_not_cover_is_empty_and_no_error_even_where_the_vendor_is_dead(
    noun: str, granularity: Granularity
) -> None:
    counter = counter_of("A", "B")
    counter.of_visits.dead = counter.of_occupancy.dead = TimedOut(VendorKey.BESPOT, "It took too long.")
    dead, cafe = await pages(counter, noun, granularity, (ONE,), (CAFE,), page=PageAsk(5, total=True))
    assert isinstance(dead, TimedOut)
    assert isinstance(cafe, Page)
    assert (cafe.rows, cafe.has_next, cafe.total, cafe.failures) == ([], False, 0, [])
    assert lines(cafe) == [(CoverageState.NOT_COVERED, None, None, None)]


@pytest.mark.parametrize("noun", NOUNS)
async def test_a_vendor_that_is_not_configured_is_told_for_every_site(noun: str) -> None:
    found = await pages(None, noun, Granularity.HOUR, (ONE,), (CAFE,))
    assert [type(one) for one in found] == [NotConfigured, NotConfigured]


@pytest.mark.parametrize("noun", NOUNS)
async def test_one_connection_over_covered_and_uncovered_sites_says_which_is_which(noun: str) -> None:
    (page,) = await pages(counter_of("A", "B"), noun, Granularity.MINUTE, (ONE, OTHER, CAFE))
    assert lines(page) == [
        (CoverageState.COMPLETE, None, None, ["one", "other"]),
        (CoverageState.NOT_COVERED, None, None, ["cafe"]),
    ]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("granularity", BUCKETS)
async def test_a_store_the_vendor_does_not_know_has_no_rows_not_even_zeros(noun: str, granularity: Granularity) -> None:
    page_ask = PageAsk(5, total=True, totals=noun == "visits")
    (page,) = await pages(counter_of("B"), noun, granularity, (ONE,), page=page_ask)
    assert isinstance(page, Page)
    assert (page.rows, page.has_next, page.total, page.totals) == ([], False, None, None)
    assert lines(page) == [(CoverageState.FAILED, "UPSTREAM_REJECTED", "store_code_not_found", ["one"])]
    assert [error.code for error in page.failures] == ["UPSTREAM_REJECTED"]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize(
    "refusal", [unknown_store(), Unavailable(VendorKey.BESPOT, "It is down.")], ids=["unknown", "down"]
)
async def test_one_store_that_fails_does_not_take_the_others_with_it(noun: str, refusal: Any) -> None:
    counter = counter_of("A", "B")
    counter.refused_codes = {"A": refusal}
    world = Federation(SITES, counter=counter)
    getattr(world, noun)._stores.seen = 10_000  # so many stores that each is read on its own
    asks = [FootfallAsk(WINDOW, granularity, (ONE, OTHER), ()) for granularity in (Granularity.MINUTE, Granularity.DAY)]
    for ask in asks:
        (page,) = await getattr(world, noun).pages([ask], PageAsk(1))
        assert isinstance(page, Page), page
        assert [row.site.key for row in page.rows] == ["other"]
        # the day in UTC touches two days of Athens
        assert page.has_next is (noun == "visits" and ask.granularity is Granularity.DAY)
        assert lines(page) == [
            (CoverageState.COMPLETE, None, None, ["other"]),
            (CoverageState.FAILED, refusal.code, refusal.vendor_code, ["one"]),
        ]


async def test_a_site_one_of_whose_codes_is_unknown_is_partial_where_it_has_rows() -> None:
    (page,) = await pages(counter_of("P1"), "visits", Granularity.MINUTE, (PAIR,))
    assert isinstance(page, Page)
    world = Federation(SITES, counter=counter_of("P1"))
    world.visits._stores.seen = 10_000
    (page,) = await world.visits.pages([FootfallAsk(WINDOW, Granularity.MINUTE, (PAIR,), ())], PageAsk(5))
    assert isinstance(page, Page)
    assert [row.entries for row in page.rows] == [2]
    assert lines(page) == [(CoverageState.PARTIAL, "UPSTREAM_REJECTED", "store_code_not_found", ["pair"])]


@pytest.mark.parametrize(("noun", "last"), [("visits", 2), ("occupancy", 3)])
async def test_rows_that_were_read_stay_where_the_figures_over_the_whole_window_fail(noun: str, last: int) -> None:
    counter = Counter()
    minutes = range(EIGHT - 3 * 1440, EIGHT + 900)
    counter.store("A", dict.fromkeys(minutes, (1, 0)), dict.fromkeys(minutes, 4))
    counting = counter.of_visits if noun == "visits" else counter.of_occupancy
    (first,) = await pages(counter, noun, Granularity.MINUTE, (ONE,), page=PageAsk(5))
    assert isinstance(first, Page)
    counting.fails = {counting.reads + last}
    ask = PageAsk(5, after=first.cursor(first.rows[-1]), total=True, totals=noun == "visits")
    (page,) = await pages(counter, noun, Granularity.MINUTE, (ONE,), page=ask)
    assert isinstance(page, Page)
    assert len(page.rows) == 5
    assert (page.total, page.totals) == (None, None)
    assert lines(page) == [(CoverageState.PARTIAL, "UPSTREAM_UNAVAILABLE", None, None)]


async def test_a_vendor_that_fails_midway_leaves_what_was_read_and_is_partial() -> None:
    counter = Counter()
    minutes = [EIGHT + n for n in range(100)]
    counter.store("A", None, dict.fromkeys(minutes, 4))
    counter.of_occupancy.fails = {2}
    world = Federation(SITES, counter=counter)
    window = span("2026-10-20T00:00:00Z", "2026-11-02T00:00:00Z")
    ask = FootfallAsk(window, Granularity.QUARTER_HOUR, (ONE,), ())
    (page,) = await world.occupancy.pages([ask], PageAsk(50))
    if isinstance(page, Page):
        assert lines(page)[0][0] in (CoverageState.PARTIAL, CoverageState.COMPLETE)
        assert bool(page.failures) is (lines(page)[0][0] is CoverageState.PARTIAL)


async def test_another_stores_rows_never_leak_from_an_unfiltered_read() -> None:
    counter = counter_of("A", "B", "stray")
    counter.store("stray", dict.fromkeys(range(EIGHT, EIGHT + 60), (9, 9)), dict.fromkeys(range(EIGHT, EIGHT + 60), 99))
    for noun in NOUNS:
        for granularity in BUCKETS:
            (page,) = await pages(
                counter, noun, granularity, (ONE, OTHER), page=PageAsk(100, total=True, totals=noun == "visits")
            )
            assert isinstance(page, Page)
            assert {row.site.key for row in page.rows} == {"one", "other"}
            if noun == "visits":
                assert page.totals is not None
                assert page.totals.entries == 4
            else:
                assert {row.count for row in page.rows} == {5}


async def test_a_broken_cursor_fails_its_connection_and_no_other() -> None:
    counter = counter_of("A", "B")
    (whole,) = await pages(counter, "visits", Granularity.MINUTE, (ONE,))
    assert isinstance(whole, Page)
    cursor = whole.cursor(whole.rows[0])
    mine, others = await pages(counter, "visits", Granularity.MINUTE, (ONE,), (OTHER,), page=PageAsk(5, after=cursor))
    assert isinstance(mine, Page)
    assert isinstance(others, GatewayError)
    assert others.code == "BAD_CURSOR"


def test_the_window_is_a_day() -> None:
    assert WINDOW.length == DAY
