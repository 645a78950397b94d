"""Reads one paginated resource of Bespot: all of it, or one honest page of it.

A link is never followed: of `next` only null or its page number is believed (quirk B1). Rows that arrive while paging
move the pages (quirk B18): the read starts over once, and says so where that did not help.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import anyio
import msgspec

from gateway.domain.errors import Malformed, Rejected, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.upstream.client import VendorClient
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Answer, Ask
from gateway.upstream.paginators import CountedLinks
from gateway.vendors.bespot.refusals import UNKNOWN_STORE, spoken
from gateway.vendors.bespot.wire import Page

Row = TypeVar("Row")
Shape = TypeVar("Shape")
Pairs = tuple[tuple[str, str], ...]

LINKS = CountedLinks(VendorKey.BESPOT)
MOST_ROWS = 10_000
AT_ONCE = 4


class Resource(msgspec.Struct, Generic[Row], frozen=True):
    """A paginated resource: its name for quotas and logs, its path with the slash (quirk B2), its page's shape."""

    endpoint: str
    path: str
    page: type[Page[Row]]


class Reading(msgspec.Struct, Generic[Row]):
    """Rows in the vendor's order, and the vendor's count. `moved`: rows may be missing from a complete reading."""

    rows: list[Row]
    count: int
    complete: bool = True
    moved: bool = False


async def read(client: VendorClient, resource: Resource[Row], query: Pairs, budget: int | None) -> Reading[Row]:
    """Every row, or the first page of at most `budget` rows where more are there.

    A budget of several pages is spent only where it holds everything.
    """
    reading = await _walk(client, resource, query, budget)
    return await _walk(client, resource, query, budget) if reading.moved else reading


async def numbered(client: VendorClient, resource: Resource[Row], query: Pairs, number: int) -> Reading[Row]:
    """One page in the vendor's order; `moved` where there is none of that number any more."""
    page = await _page(client, resource, query, MOST_ROWS, number)
    if page is None:
        return Reading([], 0, complete=False, moved=True)
    return Reading(page.results, page.count, complete=number == 1 and page.next is None)


async def count(client: VendorClient, resource: Resource[Row], query: Pairs) -> int:
    """The vendor's count, for the price of one row."""
    page = await _first(client, resource, query, 1)
    return page.count


async def bare(client: VendorClient, endpoint: str, path: str, query: Pairs, shape: type[Shape]) -> Shape:
    """A resource without pages."""
    return _decoded(client, await client.ask(Ask(endpoint, path, query)), shape)


async def _walk(client: VendorClient, resource: Resource[Row], query: Pairs, budget: int | None) -> Reading[Row]:
    size = MOST_ROWS if budget is None else min(MOST_ROWS, max(1, budget))
    first = await _first(client, resource, query, size)
    held = len(first.results)
    if first.next is None or first.count <= held:
        return Reading(first.results, first.count, moved=held < first.count)
    LINKS.following(page=1, page_size=size, link=first.next, count=first.count, rows=held)
    if budget is not None and (budget <= MOST_ROWS or first.count > budget):
        return Reading(first.results, first.count, complete=False)
    # A vendor may give fewer rows than asked for: a page is as long as the first one turned out to be.
    last = -(-first.count // held)
    rest = await _pages(client, resource, query, size, range(2, last + 1))
    rows = first.results + [row for page in rest if page is not None for row in page.results]
    steady = all(page is not None and page.count == first.count for page in rest)
    return Reading(rows, first.count, moved=not steady or len(rows) < first.count)


async def _pages(
    client: VendorClient, resource: Resource[Row], query: Pairs, size: int, numbers: range
) -> list[Page[Row] | None]:
    """Pages in order, a few at a time; None where the vendor has no such page any more. The first error stops all."""
    found: dict[int, Page[Row] | None] = {}
    failures: list[UpstreamError] = []
    waiting = iter(numbers)

    async def fetch() -> None:
        for number in waiting:
            try:
                found[number] = await _page(client, resource, query, size, number)
            except UpstreamError as failure:
                failures.append(failure)
                group.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as group:
        for _ in range(min(AT_ONCE, len(numbers))):
            group.start_soon(fetch)
    if failures:
        raise failures[0]
    return [found[number] for number in numbers]


async def _first(client: VendorClient, resource: Resource[Row], query: Pairs, size: int) -> Page[Row]:
    answer = await client.ask(Ask(resource.endpoint, resource.path, (*query, ("page_size", str(size)))))
    return _decoded(client, answer, resource.page)


async def _page(
    client: VendorClient, resource: Resource[Row], query: Pairs, size: int, number: int
) -> Page[Row] | None:
    """A page past the end may be a 404 that shares its status with an unknown store: the code decides (quirk B20)."""
    pairs = (*query, ("page_size", str(size)), ("page", str(number)))
    try:
        answer = await client.ask(Ask(resource.endpoint, resource.path, pairs))
    except Rejected as refusal:
        if refusal.status == 404 and refusal.vendor_code != UNKNOWN_STORE:
            return None
        raise
    page = _decoded(client, answer, resource.page)
    # A link past the last row is allowed, "page_size > count" leaves equality open; one that leads elsewhere is not.
    LINKS.following(page=number, page_size=size, link=page.next, count=page.count + size, rows=len(page.results))
    return page


def _decoded(client: VendorClient, answer: Answer, shape: type[Shape]) -> Shape:
    """The answer in its documented shape; a 200 that carries an error body keeps the vendor's code."""
    try:
        return decode(client.vendor, answer, shape)
    except Malformed as drift:
        drift.vendor_code, drift.error_id = spoken(answer.body)
        raise
