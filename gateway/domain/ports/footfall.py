"""Port of people counters."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window


class FootfallSeries(Protocol):
    """Minute series by window, as columns per code.

    `page_rows`: rows one call can bring at most. Windows are half-open; rows outside are never returned.
    `code` None: all codes the credentials see, unclaimed ones included. `budget` as for sessions.
    """

    vendor: VendorKey
    page_rows: int

    async def visits(self, window: Window, code: str | None, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        """Door counts; minutes without traffic are absent (quirk B17)."""
        ...

    async def occupancy(
        self, window: Window, code: str | None, budget: int | None
    ) -> Slice[dict[str, OccupancyColumns]]:
        """People inside; only measured minutes."""
        ...

    async def visit_rows(self, window: Window, code: str) -> int:
        """How many visit rows the vendor holds for one code: one call, one row read."""
        ...

    async def occupancy_rows(self, window: Window, code: str) -> int:
        """How many occupancy rows the vendor holds for one code: one call, one row read."""
        ...

    def as_of(self, now: Micros) -> Micros:
        """Newest instant the counter speaks for: the last quarter hour at least one lag old (rules.md 21)."""
        ...


@runtime_checkable
class FootfallPages(Protocol):
    """A counter that can be asked for one page of a window by its number, from 1, in its own order.

    `total` is the vendor's count of the whole window; `complete` where one page holds it. `moved`: no such page.
    """

    async def visit_page(self, window: Window, code: str | None, number: int) -> Slice[dict[str, VisitColumns]]: ...

    async def occupancy_page(
        self, window: Window, code: str | None, number: int
    ) -> Slice[dict[str, OccupancyColumns]]: ...


@runtime_checkable
class FootfallKept(Protocol):
    """A counter some of whose rows need not be asked for."""

    async def kept(self, noun: str, window: Window, code: str | None) -> int | None:
        """How many rows of `visits` or `occupancy` a window holds, where all of them are here; else None."""
        ...
