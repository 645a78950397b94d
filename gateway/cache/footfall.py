"""The people counter through tiles. Rows of all stores serve each store; nothing else is shared between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.cache.columns import OccupancyRows, VisitRows
from gateway.cache.entries import Entries
from gateway.cache.rules import CounterRule
from gateway.cache.series import Ask, SeriesCache
from gateway.cache.shelf import Shelf
from gateway.cache.view import Track
from gateway.cache.walk import Walks
from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import Micros
from gateway.domain.ports import course
from gateway.domain.ports.footfall import FootfallSeries
from gateway.domain.ports.slices import Slice
from gateway.domain.window import Window

Column = TypeVar("Column")


class CachedFootfall:
    """Implements FootfallSeries around another."""

    def __init__(self, inner: FootfallSeries, shelf: Shelf, rule: CounterRule) -> None:
        self._inner = inner
        self.uncached = inner  # for drains too long to keep
        self._shelf = shelf
        self._rule = rule
        self.vendor = inner.vendor
        self.page_rows = inner.page_rows
        visits: SeriesCache[VisitColumns] = SeriesCache(shelf, "visits", VisitRows(), rule)
        occupancy: SeriesCache[OccupancyColumns] = SeriesCache(shelf, "occupancy", OccupancyRows(), rule)
        self._visits = Walks(visits, inner.page_rows, _same)
        self._occupancy = Walks(occupancy, inner.page_rows, _same)
        self._rows: Entries[int] = Entries(shelf, "rows", int)

    async def visits(self, window: Window, code: str | None, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        return await read(self._visits, Track(code), window, budget, self._inner.visits)

    async def occupancy(
        self, window: Window, code: str | None, budget: int | None
    ) -> Slice[dict[str, OccupancyColumns]]:
        return await read(self._occupancy, Track(code), window, budget, self._inner.occupancy)

    async def visit_rows(self, window: Window, code: str) -> int:
        return await self._counted("visits", self._visits, window, code, self._inner.visit_rows)

    async def occupancy_rows(self, window: Window, code: str) -> int:
        return await self._counted("occupancy", self._occupancy, window, code, self._inner.occupancy_rows)

    async def kept(self, noun: str, window: Window, code: str | None) -> int | None:
        """As FootfallKept has it: without a question to the vendor."""
        if window.empty:
            return None
        if noun == "visits":
            return await self._visits.counted(Track(code), window)
        return await self._occupancy.counted(Track(code), window)

    def as_of(self, now: Micros) -> Micros:
        return self._inner.as_of(now)

    async def _counted(
        self, name: str, walks: Walks[Column], window: Window, code: str, ask: Callable[[Window, str], Awaitable[int]]
    ) -> int:
        """From the rows, where all of them are here."""
        held = None if window.empty else await walks.counted(Track(code), window)
        if held is not None:
            return held
        return await self._rows.value(
            (name, code, window), lambda: ask(window, code), lambda began: self._rule.lasts(window.end, began)
        )


async def read(
    walks: Walks[Column], track: Track, window: Window, budget: int | None, ask: Ask[Column]
) -> Slice[dict[str, Column]]:
    """A read by window, as part of a scan where it is one."""
    if window.empty:
        return await ask(window, track.code, budget)
    if walks.cache.passes(window):
        return await walks.cache.passed(track, window, budget, ask)
    towards = course.current()
    if towards is None or window.cut(towards.span).empty:
        return await walks.cache.slice(track, window, budget, ask)
    return await walks.slice(track, window, budget, ask, towards)


def _same(body: object) -> object:
    return body
