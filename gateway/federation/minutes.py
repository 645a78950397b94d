"""Reading a people counter for several sites: one unfiltered read split by store, or one read per store.

Whichever costs fewer calls, chosen from what the vendor was seen to hold. A store that no site claims never leaves
this file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from gateway.domain.coverage import moving
from gateway.domain.errors import UpstreamError, VendorError
from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.ports.slices import Short, Slice
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.slices import Reach, scan

Columns = TypeVar("Columns", bound=VisitColumns | OccupancyColumns)

VENDOR = VendorKey.BESPOT
STORE_UNKNOWN = "store_code_not_found"

Read = Callable[[Window, str | None, int | None], Awaitable[Slice[dict[str, Columns]]]]
Join = Callable[[list[Columns], int], Columns]


class Reading(msgspec.Struct, Generic[Columns]):
    """Columns by site key. A site of which nothing was found is left out.

    `refused`: sites of which a store was asked in vain, such as one the vendor does not know; `absent`: those of them
    of which no store answered. `moved`: an error where rows may be missing. `lost`: by site, spans nothing is told of.
    """

    columns: dict[str, Columns]
    refused: dict[str, VendorError] = msgspec.field(default_factory=dict)
    absent: set[str] = msgspec.field(default_factory=set)
    moved: VendorError | None = None
    lost: dict[str, list[Window]] = msgspec.field(default_factory=dict)


class Stores:
    """How many stores the vendor was seen to speak of, so that an unfiltered read can be priced beforehand."""

    def __init__(self, claimed: int) -> None:
        self.seen = max(1, claimed)


class MinuteReader(Generic[Columns]):
    """Reads one series of a people counter for some sites over some window.

    `lookback`: time before the window that must be read so that a site of several codes joins right at its start
    (rules.md 20); it is only read where such a site is asked.
    """

    def __init__(
        self,
        read: Read[Columns],
        join: Join[Columns],
        *,
        sites: Sequence[Site],
        crosswalk: Crosswalk,
        stores: Stores,
        page_rows: int,
        lookback: Micros = 0,
    ) -> None:
        self._read = read
        self._join = join
        self._sites = tuple(sites)
        self._crosswalk = crosswalk
        self._stores = stores
        self._page_rows = page_rows
        self._lookback = lookback if any(len(site.bespot) > 1 for site in sites) else 0
        self._codes = [code for site in sites for code in site.bespot]

    async def whole(self, window: Window) -> Reading[Columns]:
        """Every row of the sites in `window`."""
        return self._joined(await self._drained(self._widened(window)))

    def price(self, window: Window) -> int:
        """Calls a whole reading takes at most."""
        per_store = len(self._codes) * self._calls(window, 1)
        return min(per_store, self._calls(window, self._stores.seen)) if len(self._codes) > 1 else per_store

    async def near(
        self, window: Window, need: int, *, backward: bool, eager: bool
    ) -> AsyncIterator[tuple[Window, Reading[Columns]]]:
        """Adjacent complete readings from the near end, until the caller stops; `need` rows are wanted in all.

        `eager`: many rows are as good as few.
        """
        many = len(self._codes) > 1
        reach = Reach(
            need,
            self._picks,
            backward,
            MINUTE,
            self._page_rows,
            whole=2 * self._page_rows if eager else None,
            share=len(self._codes) / max(len(self._codes), self._stores.seen) if many else 1.0,
        )

        async def read(part: Window, budget: int | None) -> Slice[dict[str, Columns]]:
            return await self._gathered(self._widened(part), budget)

        async for part, found in scan(read, window, reach):
            yield part, self._joined(found)

    def _picks(self, body: dict[str, Columns]) -> list[Micros]:
        """Instants of the rows of the sites asked, the codes of a site joined."""
        joined = self._joined(Slice(body, complete=False)).columns.values()
        return [minute * MINUTE for columns in joined for minute in columns.minutes]

    def _widened(self, window: Window) -> Window:
        return Window(window.start - self._lookback, window.end)

    async def _drained(self, window: Window) -> Slice[dict[str, Columns]]:
        """One unfiltered read where it is not dearer than one read per store."""
        if len(self._codes) > 1:
            per_store = len(self._codes) * self._calls(window, 1)
            if self._calls(window, self._stores.seen) <= per_store:
                found = await self._noted(window, per_store * self._page_rows)
                if found.complete:
                    return found
        return await self._per_store(window, None)

    async def _gathered(self, window: Window, budget: int | None) -> Slice[dict[str, Columns]]:
        if len(self._codes) == 1 or self._stores.seen > 20 * len(self._codes):
            return await self._per_store(window, budget)
        return await self._noted(window, budget)

    async def _noted(self, window: Window, budget: int | None) -> Slice[dict[str, Columns]]:
        found = await self._read(window, None, budget)
        self._stores.seen = max(self._stores.seen, len(found.body))
        self._crosswalk.met(VENDOR, found.body)
        return found

    async def _per_store(self, window: Window, budget: int | None) -> Slice[dict[str, Columns]]:
        """One read per store, side by side; one that fails does not fail the others. Raises where all of them do."""
        found = await asyncio.gather(
            *(self._read(window, code, budget) for code in self._codes), return_exceptions=True
        )
        body: dict[str, Columns] = {}
        refused: dict[str, UpstreamError] = {}
        parts = []
        lost: dict[str, list[Window]] = {}
        error: UpstreamError | None = None
        for code, part in zip(self._codes, found, strict=True):
            if isinstance(part, UpstreamError):
                refused[code] = part
            elif isinstance(part, BaseException):
                raise part
            else:
                body.update(part.body)
                parts.append(part)
                if isinstance(part, Short):
                    lost[code], error = part.lost, part.error
        failures = [error for error in refused.values() if error.vendor_code != STORE_UNKNOWN]
        if failures and not parts:
            raise failures[0]
        return _StoreSlice(
            body,
            all(part.complete for part in parts),
            sum(part.total or 0 for part in parts),
            [instant for part in parts for instant in part.sample],
            any(part.moved for part in parts),
            sorted(span for spans in lost.values() for span in spans),
            error,
            refused,
            lost,
        )

    def _calls(self, window: Window, stores: int) -> int:
        """Calls a read takes at most: no store has more than one row a minute."""
        return max(1, -(-stores * (window.length // MINUTE + 1) // self._page_rows))

    def _joined(self, found: Slice[dict[str, Columns]]) -> Reading[Columns]:
        refused = found.refused if isinstance(found, _StoreSlice) else {}
        reading: Reading[Columns] = Reading({}, moved=moving(VENDOR) if found.moved else None)
        if isinstance(found, Short) and found.error is not None:
            reading.moved = found.error
            by_code = found.lost_of if isinstance(found, _StoreSlice) else dict.fromkeys(self._codes, found.lost)
            for site in self._sites:
                lost = [span for code in site.bespot for span in by_code.get(code, ())]
                if lost:
                    reading.lost[site.key] = lost
        for site in self._sites:
            parts = [found.body[code] for code in site.bespot if code in found.body]
            if parts:
                reading.columns[site.key] = self._join(parts, len(site.bespot))
            silent = [code for code in site.bespot if code in refused]
            if silent:
                reading.refused[site.key] = refused[silent[0]]
                if len(silent) == len(site.bespot):
                    reading.absent.add(site.key)
        return reading


class _StoreSlice(Short[dict[str, Columns]], Generic[Columns]):
    """A slice put together of reads per store; short where one of them is. `lost_of`: by code."""

    refused: Mapping[str, VendorError] = msgspec.field(default_factory=dict)
    lost_of: Mapping[str, list[Window]] = msgspec.field(default_factory=dict)
