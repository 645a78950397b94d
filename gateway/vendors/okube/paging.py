"""A list by absolute row range, read in pages counted from 1, a hundred rows each (quirks O2 to O4).

A page that is not the page asked is an error, never a loop. Nothing here knows what the rows are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from gateway.domain.errors import Malformed
from gateway.domain.ports.pages import Page
from gateway.domain.vendor import VendorKey
from gateway.vendors.okube import wire
from gateway.vendors.okube.caller import PAGE_ROWS

Row = TypeVar("Row")

_AT_ONCE = 8  # pages of one range under way together


class Sheet(msgspec.Struct, Generic[Row], frozen=True):
    """One page as answered: its rows, and what the vendor says of the list."""

    rows: list[Row]
    paginated: wire.Paginated

    @property
    def last(self) -> bool:
        told = self.paginated
        return not told.has_more or not self.rows or (told.page_count is not None and told.page >= told.page_count)

    def size(self, asked: int) -> int:
        """Rows of a full page: the vendor may give fewer than asked, and say so or not."""
        told = self.paginated.per_page or asked
        return told if self.last else min(told, len(self.rows))


# Asks one page: its number, counted from 1, and its size.
Fetch = Callable[[int, int], Coroutine[Any, Any, Sheet[Row]]]


async def read(fetch: Fetch[Row], start: int, count: int, identity: Callable[[Row], str]) -> Page[Row]:
    """Rows of `[start, start + count)`, each once (quirk O4). Raises Malformed for pages that are not those asked."""
    if count <= 0:
        return Page([], [], None, start, end=False)
    first = _checked(await fetch(start // PAGE_ROWS + 1, PAGE_ROWS), start // PAGE_ROWS + 1, PAGE_ROWS)
    size = first.size(PAGE_ROWS)
    if size != PAGE_ROWS and not start // size + 1 == first.paginated.page == 1:
        # The vendor gives fewer rows a page than asked: its pages are counted in its own size (quirk O3).
        first = await _page(fetch, start // size + 1, size)
        if first.size(size) != size:
            _refuse("Okube keeps changing the size of its pages.", "per_page")
    number = first.paginated.page
    sheets = [first]
    until = -(-min(start + count, first.paginated.total) // size)
    while not sheets[-1].last and (behind := number + len(sheets)) <= until:
        pages = range(behind, min(until, behind + _AT_ONCE - 1) + 1)
        sheets += await _together([_page(fetch, page, size) for page in pages])
        if any(not sheet.last and sheet.size(size) != size for sheet in sheets):
            _refuse("Okube keeps changing the size of its pages.", "per_page")
    rows = [row for sheet in sheets for row in sheet.rows]
    skip = max(0, start - (number - 1) * size)
    taken = rows[skip : skip + count]
    end = sheets[-1].last and skip + len(taken) >= len(rows)
    return unique(taken, start, first.paginated.total, identity, end=end)


async def read_all(fetch: Fetch[Row], identity: Callable[[Row], str]) -> list[Row]:
    """The whole list, each row once."""
    rows: list[Row] = []
    position, end = 0, False
    while not end:
        page = await read(fetch, position, PAGE_ROWS * _AT_ONCE, identity)
        rows += page.rows
        end = page.end or page.next == position
        position = page.next
    return unique(rows, 0, None, identity, end=True).rows


def unique(rows: list[Row], start: int, total: int | None, identity: Callable[[Row], str], *, end: bool) -> Page[Row]:
    """Consecutive rows from position `start` as a page, without those met before in it."""
    names = list(map(identity, rows))
    if len(set(names)) == len(rows):
        return Page(rows, list(range(start, start + len(rows))), total, start + len(rows), end)
    seen: set[str] = set()
    kept: list[Row] = []
    positions: list[int] = []
    for position, (name, row) in enumerate(zip(names, rows, strict=True), start):
        if name not in seen:
            seen.add(name)
            kept.append(row)
            positions.append(position)
    return Page(kept, positions, total, start + len(rows), end)


async def _page(fetch: Fetch[Row], number: int, size: int) -> Sheet[Row]:
    return _checked(await fetch(number, size), number, size)


def _checked(sheet: Sheet[Row], number: int, size: int) -> Sheet[Row]:
    """The page asked for, or it is refused."""
    if sheet.paginated.page != number:
        _refuse("Okube answered with another page than the one asked.", "page")
    if (told := sheet.paginated.per_page) is not None and not len(sheet.rows) <= told <= PAGE_ROWS:
        _refuse("Okube tells a size of its page that the page does not have.", "per_page")
    if len(sheet.rows) > size:
        _refuse("Okube answered with more rows than a page holds.", "per_page")
    return sheet


async def _together(asks: list[Coroutine[Any, Any, Sheet[Row]]]) -> list[Sheet[Row]]:
    """All at once; the first failure ends the others."""
    # no TaskGroup: before Python 3.13 one that fails leaves a cancellation counted, and who cuts us off is not heard
    tasks = [asyncio.ensure_future(ask) for ask in asks]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _refuse(message: str, member: str) -> NoReturn:
    raise Malformed(VendorKey.OKUBE, message, member=f"$['_$paginated'].{member}")
