"""Lists by row range: which pages are asked, and what a page must be to be believed."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.domain.errors import Malformed, Unavailable
from gateway.domain.okube_site import SiteQuery
from gateway.domain.vendor import VendorKey
from gateway.upstream.exchange import Ask
from tests.vendors.okube.fake import FakeLine, listing, okube, page_of

pytestmark = pytest.mark.anyio


def pages(line: FakeLine) -> list[tuple[str, str]]:
    return [(dict(ask.query)["page"], dict(ask.query)["per_page"]) for ask in line.asks]


@pytest.mark.parametrize(
    ("start", "count", "asked"),
    [
        (0, 1, [1]),
        (0, 100, [1]),
        (99, 2, [1, 2]),
        (100, 50, [2]),
        (150, 50, [2]),
        (0, 1000, [1, 2, 3]),
        (250, 10, [3]),
        (240, 1000, [3]),
    ],
)
async def test_a_range_costs_the_pages_that_hold_it(start: int, count: int, asked: list[int]) -> None:
    adapter, line = okube(listing(251))
    page = await adapter.records.sites(None, SiteQuery(), start, count)
    stop = min(251, start + count)
    assert [row.id for row in page.rows] == [f"{index:024x}" for index in range(start, stop)]
    assert page.positions == list(range(start, stop))
    assert (page.total, page.next, page.end) == (251, stop, stop == 251)
    assert pages(line) == [(str(number), "100") for number in asked]


async def test_an_empty_list_is_one_call() -> None:
    adapter, line = okube(listing(0))
    page = await adapter.records.sites(None, SiteQuery(), 0, 50)
    assert (page.rows, page.total, page.end) == ([], 0, True)
    assert pages(line) == [("1", "100")]


async def test_an_empty_list_may_call_its_page_size_none() -> None:
    adapter, _ = okube(lambda _: page_of(per_page=0, page_count=0))
    assert (await adapter.records.sites(None, SiteQuery(), 0, 50)).total == 0


async def test_a_range_behind_the_end_is_empty() -> None:
    adapter, _ = okube(listing(30))
    page = await adapter.records.sites(None, SiteQuery(), 500, 50)
    assert (page.rows, page.total, page.end) == ([], 30, True)


async def test_nothing_asked_is_no_call() -> None:
    adapter, line = okube(listing(30))
    page = await adapter.records.sites(None, SiteQuery(), 0, 0)
    assert page.rows == []
    assert line.asks == []


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(("start", "count"), [(0, 10), (0, 120), (99, 3), (100, 20), (119, 5)])
async def test_pages_smaller_than_asked_lose_no_row(start: int, count: int, tells: bool) -> None:
    adapter, _ = okube(listing(120, largest=25, tell_size=tells))
    page = await adapter.records.sites(None, SiteQuery(), start, count)
    stop = min(120, start + count)
    assert [row.id for row in page.rows] == [f"{index:024x}" for index in range(start, stop)]
    assert page.end == (stop == 120)


@pytest.mark.parametrize("told", [{"page": 2}, {"page": 0}, {"per_page": 0}, {"per_page": 1000}])
async def test_a_page_that_is_not_the_one_asked_is_an_error_and_no_loop(told: dict[str, Any]) -> None:
    adapter, line = okube(lambda _: page_of({"_id": "a"}, total=500, **({"has_more": True} | told)))
    with pytest.raises(Malformed) as refusal:
        await adapter.records.sites(None, SiteQuery(), 0, 500)
    assert refusal.value.member == f"$['_$paginated'].{next(iter(told))}"
    assert len(line.asks) == 1


async def test_a_vendor_that_always_answers_page_one_is_found_out() -> None:
    rows = [{"_id": f"{index:024x}"} for index in range(100)]
    adapter, line = okube(lambda _: page_of(*rows, total=300, has_more=True, page_count=3))
    with pytest.raises(Malformed):
        await adapter.records.sites(None, SiteQuery(), 0, 300)
    assert len(line.asks) == 3


async def test_an_empty_page_ends_a_list_that_says_it_goes_on() -> None:
    adapter, line = okube(lambda _: page_of(total=500, has_more=True, page_count=5))
    page = await adapter.records.sites(None, SiteQuery(), 0, 500)
    assert (page.rows, page.end) == ([], True)
    assert len(line.asks) == 1


async def test_a_row_sent_twice_is_served_once() -> None:
    def respond(ask: Ask) -> object:
        number = int(dict(ask.query)["page"])
        rows = [{"_id": f"{index:024x}"} for index in range((number - 1) * 99, (number - 1) * 99 + 100)]
        return page_of(*rows, page=number, total=200, has_more=number == 1, page_count=2)

    adapter, _ = okube(respond)
    page = await adapter.records.sites(None, SiteQuery(), 0, 200)
    assert len(page.rows) == 199
    assert page.positions == [*range(100), *range(101, 200)]
    assert page.next == 200


async def test_one_page_that_fails_fails_the_range_with_its_own_error() -> None:
    whole = listing(500)

    def respond(ask: Ask) -> object:
        return Unavailable(VendorKey.OKUBE, "gone") if dict(ask.query)["page"] == "3" else whole(ask)

    adapter, _ = okube(respond)
    with pytest.raises(Unavailable, match="gone"):
        await adapter.records.sites(None, SiteQuery(), 0, 500)
