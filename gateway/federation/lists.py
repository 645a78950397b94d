"""Connections over a vendor's own lists: by absolute row, in the vendor's own order (rules.md 15).

A cursor is a row's position. Rows a caller may not see are left out after reading, and the list is read on until the
page is full or the list has ended.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from gateway.cache import freshness
from gateway.domain.clock import Clock
from gateway.domain.coverage import complete
from gateway.domain.ports.pages import Page as RangePage
from gateway.domain.vendor import VendorKey
from gateway.federation.ageing import aged
from gateway.federation.cursor import Binding, Cursors
from gateway.federation.paging import Page, PageAsk, cut
from gateway.federation.ranges import ReadRange

Row = TypeVar("Row")

_PACK = struct.Struct(">I")


class Lists:
    """Pages of any list of one vendor."""

    def __init__(self, cursors: Cursors, clock: Clock, vendor: VendorKey = VendorKey.OKUBE) -> None:
        self._cursors = cursors
        self._clock = clock
        self._vendor = vendor

    async def page(
        self,
        read: ReadRange[Row],
        page_rows: int,
        ask: PageAsk,
        field: str,
        bound: Sequence[object],
        seen: Callable[[Row], Row | None] | None = None,
    ) -> Page[Any]:
        """One page. `seen` gives what a limited caller may see of a row, or None. Raises the vendor's error."""
        binding = self._cursors.bind(field, *bound)
        walk = _Walk(read, page_rows, seen)
        low = -1 if ask.after is None else _position(binding, ask.after, "after")
        high = None if ask.before is None else _position(binding, ask.before, "before")
        with freshness.collect() as parts:
            reading = walk.forward if ask.forward else walk.backward
            found = await reading(low + 1, high, ask.need)
        places = {id(row): position for position, row in found}
        result = cut(
            [row for _, row in found],
            ask,
            lambda rows: binding.encode_all([_PACK.pack(places[id(row)]) for row in rows]),
            more=False,
        )
        result.coverage = aged([complete(self._vendor, self._clock())], parts)
        if ask.total:
            result.total = walk.total if seen is None else None
            if result.total is None and walk.all_read(low, high):
                result.total = len(found)
            elif result.total is None:
                result.total = len(await _Walk(read, page_rows, seen).forward(0, None, None))
        return result


class _Walk(Generic[Row]):
    """Reads a list from a position, either way, keeping what passes `seen`."""

    def __init__(self, read: ReadRange[Row], page_rows: int, seen: Callable[[Row], Row | None] | None) -> None:
        self._read = read
        self._page_rows = page_rows
        self._seen = seen
        self.total: int | None = None
        self._ended = False

    def all_read(self, low: int, high: int | None) -> bool:
        """Whether the rows found are the whole list."""
        return self._ended and low < 0 and high is None

    async def forward(self, start: int, end: int | None, need: int | None) -> list[tuple[int, Row]]:
        """Rows of `[start, end)`, ascending, until `need` are found; None: all."""
        found: list[tuple[int, Row]] = []
        while (need is None or len(found) < need) and (end is None or start < end):
            missing = self._page_rows if need is None or self._seen else need - len(found)
            page = await self._page(start, missing if end is None else min(missing, end - start))
            found += self._kept(page, start, end)
            start = page.next
            if page.end:
                self._ended = True
                break
        return found if need is None else found[:need]

    async def backward(self, start: int, end: int | None, need: int) -> list[tuple[int, Row]]:
        """Rows of `[start, end)`, descending, until `need` are found."""
        if end is None:
            end = await self._length()
        found: list[tuple[int, Row]] = []
        while len(found) < need and start < end:
            count = self._page_rows if self._seen else max(need - len(found), 1)
            first = max(start, end - count)
            rows = await self.forward(first, end, None)
            found += rows[::-1]
            end = first
        self._ended = start == 0 and end <= start
        return found[:need]

    async def _length(self) -> int:
        """Rows of the list: the vendor's total, or by reading on where it tells none."""
        page = await self._page(0, 1)
        while page.total is None and not page.end:
            page = await self._page(page.next, self._page_rows)
        return page.next if page.total is None else page.total

    async def _page(self, start: int, count: int) -> RangePage[Row]:
        page = await self._read(start, max(1, count))
        self.total = page.total
        return page

    def _kept(self, page: RangePage[Row], start: int, end: int | None) -> list[tuple[int, Row]]:
        kept = []
        for position, row in zip(page.positions, page.rows, strict=True):
            shown = row if self._seen is None else self._seen(row)
            if shown is not None and position >= start and (end is None or position < end):
                kept.append((position, shown))
        return kept


def _position(binding: Binding, cursor: str, argument: str) -> int:
    return int(_PACK.unpack(binding.decode(cursor, argument))[0])
