"""Vendors in memory, behind the domain's ports: rows in any order, clamped pages, failures on cue, every read counted.

They speak the ports' language only and share no code with adapters: a page is what one call brings, and a budget is
kept as the ports' docstrings say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec

from gateway.domain import instant
from gateway.domain.errors import Rejected, Unavailable, VendorError
from gateway.domain.footfall import CodeCount, Occupancy, OccupancyColumns, Visit, VisitColumns
from gateway.domain.instant import DAY, MINUTE, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.ports.supply import Supply
from gateway.domain.quota import VendorHealth, VendorState
from gateway.domain.session import AppRecord, GuestLease, SessionQuery, WifiRecord
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.federation.counts import Counts
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.cursor import Cursors
from gateway.federation.footfall import Footfall
from gateway.federation.series import OccupancySeries, Rules, VisitSeries
from gateway.federation.sessions import Sessions
from gateway.federation.supplies import Supplies
from tests.sandbox.hands import Hands

Order: TypeAlias = Literal["ascending", "descending", "shuffled", "store"]
Row = TypeVar("Row")
Body = TypeVar("Body")
Record: TypeAlias = AppRecord | WifiRecord

ORDERS: tuple[Order, ...] = ("ascending", "descending", "shuffled", "store")
NOW = instant.parse("2026-11-02T12:07:30Z")


def at(text: str) -> Micros:
    """An instant written as text."""
    return instant.parse(text)


def span(start: str, end: str) -> Window:
    return Window(at(start), at(end))


class Counting(Generic[Row]):
    """What one fake endpoint is like, and what was asked of it.

    `clamp`: the vendor never gives more rows a page than this. `fails`: numbers of the reads (from 1) that fail.
    """

    def __init__(self, order: Order = "ascending", clamp: int = 10_000) -> None:
        self.order = order
        self.clamp = clamp
        self.fails: set[int] = set()
        self.dead: VendorError | None = None
        self.reads = 0
        self.calls = 0
        self.rows = 0

    def forget(self) -> None:
        self.reads = self.calls = self.rows = 0

    def begin(self, vendor: VendorKey) -> None:
        self.reads += 1
        if self.dead is not None or self.reads in self.fails:
            self.calls += 1
            raise self.dead or Unavailable(vendor, "It is down.", retry_after=3.0)

    def arranged(self, rows: list[tuple[Micros, str, Row]]) -> list[tuple[Micros, str, Row]]:
        rows = sorted(rows, key=lambda row: (row[0], row[1]))
        if self.order == "descending":
            rows.reverse()
        elif self.order == "shuffled":
            random.Random(len(rows)).shuffle(rows)
        elif self.order == "store":
            rows.sort(key=lambda row: (row[1], row[0]))
        return rows

    def served(
        self, rows: list[tuple[Micros, str, Row]], budget: int | None, page_rows: int
    ) -> list[tuple[Micros, str, Row]] | None:
        """The rows of a read; None where only the first page was: then it stands in `page`."""
        page = min(page_rows, self.clamp)
        self.page: list[tuple[Micros, str, Row]] = rows
        if budget is not None and len(rows) > min(budget, page) and (budget <= page_rows or len(rows) > budget):
            self.page = rows[: max(1, min(budget, page))]
            self.calls += 1
            self.rows += len(self.page)
            return None
        self.calls += max(1, -(-len(rows) // page))
        self.rows += len(rows)
        return rows


def unknown_store() -> Rejected:
    return Rejected(
        VendorKey.BESPOT, "Bespot does not know the store code.", status=404, vendor_code="store_code_not_found"
    )


class Counter:
    """A people counter. `visits` and `inside`: by code, by minute since the epoch. Codes outside `stores` are a 404."""

    vendor = VendorKey.BESPOT

    def __init__(self, order: Order = "ascending", clamp: int = 10_000, page_rows: int = 10_000) -> None:
        self.page_rows = page_rows
        self.stores: set[str] = set()
        self.visits_of: dict[str, dict[int, tuple[int, int]]] = {}
        self.inside_of: dict[str, dict[int, int]] = {}
        self.of_visits: Counting[tuple[int, int]] = Counting(order, clamp)
        self.of_occupancy: Counting[int] = Counting(order, clamp)
        self.refused_codes: dict[str, VendorError] = {}

    def store(
        self,
        code: str,
        visits: Mapping[int, tuple[int, int]] | None = None,
        inside: Mapping[int, int] | None = None,
    ) -> None:
        self.stores.add(code)
        self.visits_of[code] = dict(visits or {})
        self.inside_of[code] = dict(inside or {})

    async def visits(self, window: Window, code: str | None, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        rows, complete, total, sample = self._read(self.of_visits, self.visits_of, window, code, budget)
        body: dict[str, VisitColumns] = {}
        for minute, store, (come, gone) in sorted(rows):
            columns = body.setdefault(store, VisitColumns([], [], [], []))
            columns.minutes.append(minute)
            columns.entries.append(come)
            columns.exits.append(gone)
            columns.nets.append(come - gone)
        return Slice(body, complete, total, sample)

    async def occupancy(
        self, window: Window, code: str | None, budget: int | None
    ) -> Slice[dict[str, OccupancyColumns]]:
        rows, complete, total, sample = self._read(self.of_occupancy, self.inside_of, window, code, budget)
        body: dict[str, OccupancyColumns] = {}
        for minute, store, count in sorted(rows):
            columns = body.setdefault(store, OccupancyColumns([], []))
            columns.minutes.append(minute)
            columns.counts.append(count)
        return Slice(body, complete, total, sample)

    async def visit_rows(self, window: Window, code: str) -> int:
        return self._counted(self.of_visits, self.visits_of, window, code)

    async def occupancy_rows(self, window: Window, code: str) -> int:
        return self._counted(self.of_occupancy, self.inside_of, window, code)

    def as_of(self, now: Micros) -> Micros:
        return (now - 120_000_000) // (15 * MINUTE) * (15 * MINUTE)

    def _rows(
        self, of: Counting[Row], held: Mapping[str, Mapping[int, Row]], window: Window, code: str | None
    ) -> list[tuple[int, str, Row]]:
        of.begin(self.vendor)
        if code is not None and code in self.refused_codes:
            of.calls += 1
            raise self.refused_codes[code]
        if code is not None and code not in self.stores:
            of.calls += 1
            raise unknown_store()
        return [
            (minute, store, row)
            for store, rows in held.items()
            if code in (None, store)
            for minute, row in rows.items()
            if window.start <= minute * MINUTE < window.end
        ]

    def _read(
        self,
        of: Counting[Row],
        held: Mapping[str, Mapping[int, Row]],
        window: Window,
        code: str | None,
        budget: int | None,
    ) -> tuple[list[tuple[int, str, Row]], bool, int | None, list[Micros]]:
        rows = of.arranged(self._rows(of, held, window, code))
        served = of.served(rows, budget, self.page_rows)
        if served is None:
            return of.page, False, len(rows), [minute * MINUTE for minute, _, _ in of.page]
        return served, True, len(rows), []

    def _counted(self, of: Counting[Row], held: Mapping[str, Mapping[int, Row]], window: Window, code: str) -> int:
        of.calls += 1
        return len(self._rows(of, held, window, code))


class Stays:
    """A vendor of session records. `grain` and `page_rows` as of the port; records outside the window never come."""

    def __init__(
        self,
        vendor: VendorKey = VendorKey.BESPOT,
        order: Order = "ascending",
        clamp: int = 10_000,
        *,
        grain: Micros = 1,
        page_rows: int = 10_000,
        tells_total: bool = True,
    ) -> None:
        self.vendor = vendor
        self.grain = grain
        self.page_rows = page_rows
        self.tells_total = tells_total
        self.records: list[Record] = []
        self.stores: set[str] | None = None
        self.selects_by_start = True
        self.counted = 0
        self.users_of: dict[str, int] = {}
        self.counts_dead: VendorError | None = None
        self.of: Counting[Record] = Counting(order, clamp)

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[Record]]:
        self.of.begin(self.vendor)
        if code is not None and self.stores is not None and code not in self.stores:
            self.of.calls += 1
            raise unknown_store()
        found = [r for r in self.records if r.start in window and code in (None, r.code) and _asked(r, query)]
        rows = self.of.arranged([(r.start, r.code, r) for r in found])
        served = self.of.served(rows, budget, self.page_rows)
        total = len(rows) if self.tells_total else None
        if served is None:
            return Slice([r for _, _, r in self.of.page], False, total, [start for start, _, _ in self.of.page])
        return Slice([r for _, _, r in served], True, total)

    async def session_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        self.counted += 1
        self._refuse(code)
        found: dict[str, int] = {}
        for record in self.records:
            if record.start in window and code in (None, record.code):
                found[record.code] = found.get(record.code, 0) + 1
        return [CodeCount(store, f"Store {store}", count) for store, count in sorted(found.items())]

    async def user_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        self.counted += 1
        self._refuse(code)
        return [CodeCount(store, None, count) for store, count in self.users_of.items() if code in (None, store)]

    def _refuse(self, code: str | None) -> None:
        if self.counts_dead is not None:
            raise self.counts_dead
        if code is not None and self.stores is not None and code not in self.stores:
            raise unknown_store()


class Guests:
    """Counts of logins by location, and leases."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts
        self.asked: list[str | None] = []
        self.dead: set[str] = set()

    async def login_count(self, days: Days, code: str | None, online: bool | None) -> int:
        self.asked.append(code)
        if code in self.dead:
            raise Unavailable(VendorKey.GUEST_WIFI, "It is down.")
        return self.counts[code or ""]

    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        return {}

    async def locations(self) -> list[tuple[str, str | None]]:
        return [(code, None) for code in self.counts]


class Healthy:
    """A vendor that is well."""

    async def health(self) -> VendorHealth:
        return VendorHealth(VendorState.READY)


def _asked(record: Record, query: SessionQuery) -> bool:
    if isinstance(record, AppRecord):
        return query.device_id in (None, record.device_id)
    return (
        query.device_mac in (None, record.device_mac)
        and query.guest_id in (None, record.guest_id)
        and query.yas_id in (None, record.yas_id)
        and query.online in (None, record.online)
    )


def app(start: Micros, id: str, code: str = "A", *, ended: bool = True, device: str = "d") -> AppRecord:  # noqa: A002
    text = instant.text(start)
    end = instant.text(start + 60_000_000) if ended else None
    return AppRecord(start, id, code, text, end, 60 if ended else None, device, None, None)


def wifi(start: Micros, id: str, code: str = "w", *, online: bool = False, mac: str = "m") -> WifiRecord:  # noqa: A002
    text = instant.text(start)
    end = None if online else instant.text(start + 60_000_000)
    more = (None, None, None, None, None, mac, "10.0.0.1", "g", "y")
    return WifiRecord(start, id, code, text, end, None if online else 60, online, *more)


def wifi_stays(order: Order = "ascending") -> Stays:
    """A vendor that is asked by whole days and tells no total."""
    return Stays(VendorKey.GUEST_WIFI, order, 100, grain=DAY, page_rows=100, tells_total=False)


def site(key: str, *bespot: str, wifi: Sequence[str] = (), timezone: str = "Europe/Athens") -> Site:
    return Site(key=key, name=key, timezone=timezone, bespot=bespot, guest_wifi=tuple(wifi))


def supply(vendor: VendorKey, **ports: object) -> Supply:
    return msgspec.structs.replace(Supply(vendor, vendor.value, Healthy()), **ports)


class Federation:
    """The nouns of this issue over fakes. Bespot is configured where it has a port, the guest Wi-Fi likewise."""

    def __init__(
        self,
        sites: Iterable[Site],
        *,
        counter: Counter | None = None,
        stays: Stays | None = None,
        wifi: Stays | None = None,
        guests: Guests | None = None,
        clock: Callable[[], Micros] | None = None,
        keys: Sequence[bytes] = (b"a key of cursors",),
    ) -> None:
        given = []
        if counter is not None or stays is not None:
            given.append(supply(VendorKey.BESPOT, footfall=counter, sessions=stays, counts=stays))
        if wifi is not None or guests is not None:
            given.append(supply(VendorKey.GUEST_WIFI, sessions=wifi, guests=guests))
        self.crosswalk = Crosswalk(sites)
        supplies, rules = Supplies(given), Rules()
        parts = (supplies, self.crosswalk, Cursors(keys), clock or Hands(NOW))
        self.sessions = Sessions(*parts, 12 * 3600)
        self.visits: Footfall[Visit, VisitColumns] = Footfall(VisitSeries(), *parts, rules)
        self.occupancy: Footfall[Occupancy, OccupancyColumns] = Footfall(OccupancySeries(rules), *parts, rules)
        self.counts = Counts(supplies, self.crosswalk)
