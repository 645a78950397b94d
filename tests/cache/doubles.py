"""A clock that is turned by hand, and vendors behind the ports that count what they are asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from gateway.access.pseudonyms import Pseudonyms
from gateway.cache.local import Counters, Local
from gateway.cache.shelf import Shelf
from gateway.cache.store import Store
from gateway.domain.errors import UpstreamError
from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window

NOON = 20_000 * DAY + 12 * HOUR
LAG = 120 * SECOND
SETTLE = 1800 * SECOND
QUARTER = 15 * MINUTE

PSEUDONYMS = Pseudonyms(bytes(32))


class HandClock:
    """Stands still until it is turned."""

    def __init__(self, now: Micros = NOON) -> None:
        self.now = now

    def __call__(self) -> Micros:
        return self.now


def shelf(
    clock: Callable[[], Micros],
    vendor: VendorKey = VendorKey.BESPOT,
    *,
    store: Store | None = None,
    keeps: bool = True,
    most_bytes: int = 64 * 1024 * 1024,
    mark: str = "m",
) -> Shelf:
    local = Local(most_bytes, Counters())
    return Shelf(vendor, mark=mark, hasher=bytes(32), local=local, store=store, clock=clock, keeps=keeps)


class Asked:
    """What a double was asked, and what it does before it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Window, str | None, int | None]] = []
        self.calls = 0
        self.rows_sent = 0
        self.error: UpstreamError | None = None
        self.delay = 0.0

    async def reached(self, name: str, window: Window, code: str | None, budget: int | None) -> None:
        self.asked.append((name, window, code, budget))
        self.calls += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error

    def windows(self, name: str) -> list[Window]:
        return [window for asked, window, _, _ in self.asked if asked == name]


class Counter(Asked):
    """A people counter that publishes each quarter hour with a lag. `truth(code, minute)` gives entries or None."""

    vendor = VendorKey.BESPOT

    def __init__(
        self, clock: HandClock, codes: Iterable[str], truth: Callable[[str, int], int | None], page_rows: int = 10_000
    ) -> None:
        super().__init__()
        self._clock = clock
        self.codes = list(codes)
        self.truth = truth
        self.page_rows = page_rows

    def published(self) -> Micros:
        return (self._clock() - LAG) // QUARTER * QUARTER

    def rows(self, window: Window, code: str | None) -> list[tuple[int, str, int]]:
        """As the vendor has them now: (minute, code, entries) in order of minute."""
        first, end = -(-window.start // MINUTE), -(-min(window.end, self.published()) // MINUTE)
        found = []
        for minute in range(first, end):
            for name in self.codes if code is None else [code]:
                entries = self.truth(name, minute)
                if entries is not None:
                    found.append((minute, name, entries))
        return found

    async def visits(self, window: Window, code: str | None, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        await self.reached("visits", window, code, budget)
        body: dict[str, VisitColumns] = {}
        held, rows = self._paged(self.rows(window, code), budget)
        for minute, name, entries in rows:
            column = body.setdefault(name, VisitColumns([], [], [], []))
            column.minutes.append(minute)
            column.entries.append(entries)
            column.exits.append(1)
            column.nets.append(entries - 1)
        return self._slice(body, rows, held)

    async def occupancy(
        self, window: Window, code: str | None, budget: int | None
    ) -> Slice[dict[str, OccupancyColumns]]:
        await self.reached("occupancy", window, code, budget)
        body: dict[str, OccupancyColumns] = {}
        held, rows = self._paged(self.rows(window, code), budget)
        for minute, name, entries in rows:
            column = body.setdefault(name, OccupancyColumns([], []))
            column.minutes.append(minute)
            column.counts.append(entries)
        return self._slice(body, rows, held)

    async def visit_rows(self, window: Window, code: str) -> int:
        await self.reached("visit_rows", window, code, None)
        return len(self.rows(window, code))

    async def occupancy_rows(self, window: Window, code: str) -> int:
        await self.reached("occupancy_rows", window, code, None)
        return len(self.rows(window, code))

    def as_of(self, now: Micros) -> Micros:
        return (now - LAG) // QUARTER * QUARTER

    def _paged(self, rows: list[Any], budget: int | None) -> tuple[int, list[Any]]:
        """As many pages as the budget holds everything in, else the first one. Every page is one call."""
        held = len(rows)
        size = min(self.page_rows, budget or self.page_rows)
        if budget is not None and held > size and held > budget:
            rows = rows[:size]
        elif held > size:
            self.calls += -(-held // size) - 1
        self.rows_sent += len(rows)
        return held, rows

    def _slice(self, body: Any, rows: list[Any], held: int) -> Slice[Any]:
        if len(rows) == held:
            return Slice(body, True, held)
        return Slice(body, False, held, [minute * MINUTE for minute, _, _ in rows])


class Stays(Asked):
    """Bespot's sessions, in order of start."""

    vendor = VendorKey.BESPOT
    grain: Micros = 1

    def __init__(self, records: list[AppRecord], page_rows: int = 10_000) -> None:
        super().__init__()
        self.records = records
        self.page_rows = page_rows

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[AppRecord]]:
        await self.reached("sessions", window, code, budget)
        rows = sorted(
            (r for r in self.records if r.start in window and code in (None, r.code)), key=lambda r: (r.start, r.id)
        )
        if query.device_id is not None:
            rows = [row for row in rows if row.device_id == query.device_id]
        held, size = len(rows), min(self.page_rows, budget or self.page_rows)
        if budget is not None and held > size and held > budget:
            self.rows_sent += size
            return Slice(rows[:size], False, held, [row.start for row in rows[:size]])
        self.calls += max(0, -(-held // size) - 1)
        self.rows_sent += held
        return Slice(rows, True, held)


def stay(start: Micros, number: int, code: str = "A", *, ended: bool = True) -> AppRecord:
    text = f"t{start}"
    return AppRecord(start, f"s{number}", code, text, text if ended else None, 60 if ended else None, "dev", None, None)


class Seen(defaultdict[str, int]):
    """How often a named thing happened."""

    def __init__(self) -> None:
        super().__init__(int)
