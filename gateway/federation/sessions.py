"""Stays of every vendor that records them, in one order: start, vendor, vendor's id (rules.md 15 and 17).

A dead vendor leaves the others' rows. No row of a code that nobody claims, or of a site the caller may not see,
gets past `_rows`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Hashable, Iterable, Mapping, Sequence
from typing import cast

import msgspec

from gateway.cache import freshness
from gateway.domain.breath import breath
from gateway.domain.clock import Clock
from gateway.domain.coverage import Coverage, complete, failed, moving, not_covered
from gateway.domain.errors import NotConfigured, UpstreamError, VendorError
from gateway.domain.instant import SECOND, Micros
from gateway.domain.ports.slices import Short, Slice, partly
from gateway.domain.session import AppRecord, AppSession, SessionQuery, SessionStatus, WifiRecord, WifiSession
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.ageing import aged
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.cursor import Cursors
from gateway.federation.drain import Reader, drain, together
from gateway.federation.merge import Source, take
from gateway.federation.minutes import STORE_UNKNOWN
from gateway.federation.paging import Page, PageAsk, cut
from gateway.federation.slices import Reach, scan
from gateway.federation.stay_order import KEYS, Between, Record, Session, by_start, cursors, ordered, positions
from gateway.federation.supplies import Supplies

VENDORS = (VendorKey.BESPOT, VendorKey.GUEST_WIFI)
_TELLING = 100  # rows from which a share is worth remembering
_LEAST_SHARE = 0.01
_MOST_SHARES = 1_000


class SessionAsk(msgspec.Struct, frozen=True):
    """Which sessions. `sites`: those asked, None for every site the caller sees (`visible`).

    `vendors` None: every vendor that records sessions. `query` holds raw identifiers and is never logged.
    """

    window: Window
    visible: tuple[Site, ...]
    sites: tuple[Site, ...] | None = None
    vendors: frozenset[VendorKey] | None = None
    status: frozenset[SessionStatus] | None = None
    query: SessionQuery = SessionQuery()
    descending: bool = False

    @property
    def asked(self) -> tuple[VendorKey, ...]:
        """The vendors that can hold such rows: a filter on one vendor's identifiers rules the others out."""
        app = self.query.device_id is not None
        wifi = any((self.query.guest_id, self.query.device_mac, self.query.yas_id))
        stale_only = self.status is not None and self.status <= {SessionStatus.STALE}  # Bespot's alone (rules.md 18)
        able = {VendorKey.BESPOT: not wifi, VendorKey.GUEST_WIFI: not app and not stale_only}
        return tuple(v for v in VENDORS if able[v] and (self.vendors is None or v in self.vendors))


class Sessions:
    """Pages of merged sessions."""

    def __init__(
        self, supplies: Supplies, crosswalk: Crosswalk, cursors: Cursors, clock: Clock, stale_after: float
    ) -> None:
        self._supplies = supplies
        self._crosswalk = crosswalk
        self._cursors = cursors
        self._clock = clock
        self._stale_after = int(stale_after * SECOND)
        self._shares: dict[Hashable, float] = {}  # by question: what part of the rows read was wanted; sizes pages

    def learn(self, other: Sessions) -> None:
        """Sizes reads by the shares another has met."""
        self._shares = dict(other._shares)

    def drain(self, ask: SessionAsk, now: Micros) -> AsyncIterator[tuple[Window, list[Session]]]:
        """Every session of the window in order, part after part, as of `now`; vendors not configured are left out.

        Raises the error of any vendor that fails: what is drained is whole or an error.
        """
        asked = {vendor: _covered(ask, vendor)[0] for vendor in ask.asked if self._supplies.get(vendor)}
        if not asked and ask.asked:
            self._supplies.need(ask.asked[0])
        parts = [self._drained(vendor, ask, covered) for vendor, covered in asked.items() if covered]

        async def served() -> AsyncIterator[tuple[Window, list[Session]]]:
            async for part, rows in together(parts, ask.window, _inside, ordered):
                await breath(len(rows))
                wanted = [record for record in rows if self._wanted(record, ask)]
                await breath(len(rows))
                yield part, self._served(wanted, now)

        return served()

    def _drained(
        self, vendor: VendorKey, ask: SessionAsk, covered: Mapping[str, Site]
    ) -> AsyncIterator[tuple[Window, list[Record]]]:
        port = self._supplies.sessions(vendor)
        code = next(iter(covered)) if len(covered) == 1 else None
        query = _asked_of(vendor, ask)

        async def read(window: Window, budget: int | None) -> Slice[list[Record]]:
            found = cast("Slice[list[Record]]", await port.sessions(window, code, query, budget))
            self._crosswalk.met(vendor, {record.code for record in found.body})
            return found

        async def claimed() -> AsyncIterator[tuple[Window, list[Record]]]:
            reader = Reader(vendor, read, _inside, len, port.page_rows, port.grain)
            async for part, records in drain(reader, ask.window):
                yield part, [record for record in records if record.code in covered]

        return claimed()

    async def page(self, ask: SessionAsk, page: PageAsk, bound: Sequence[object]) -> Page[Session]:
        """One page. Raises the vendors' error where none of them answered (rules.md 2)."""
        binding = self._cursors.bind("sessions", *bound)
        low, high = positions(binding, page, descending=ask.descending)
        span = ask.window.cut(Window(low[0] if low else ask.window.start, high[0] + 1 if high else ask.window.end))
        backward = ask.descending == page.forward
        sources: dict[VendorKey, Source[Record]] = {}
        coverage: list[Coverage] = []
        errors: list[VendorError] = []
        moved: list[VendorError] = []
        for vendor in ask.asked:
            covered, missing = _covered(ask, vendor)
            if self._supplies.get(vendor) is None:
                errors.append(NotConfigured(vendor, f"{vendor.value} is not configured."))
                continue
            if missing:
                coverage.append(not_covered(vendor, missing if covered else None))
            if covered:
                rows = self._rows(vendor, ask, covered, Between(span, low, high, backward), page.need, moved)
                sources[vendor] = Source(rows, KEYS[vendor])
        with freshness.collect() as parts, partly():
            taken = await take(sources.values(), page.need, descending=backward)
        errors += [source.error for source in sources.values() if source.error]
        silent = not any(_answered(source) for source in sources.values())
        if errors and silent and not (coverage and all(isinstance(error, NotConfigured) for error in errors)):
            raise _worst(errors)
        now = self._clock()
        await breath(len(taken))
        result = cut(self._served(taken, now), page, cursors(binding))
        errors += [error for error in moved if error.vendor not in {e.vendor for e in errors}][:1]
        result.coverage = aged([*coverage, *self._coverage(ask, sources, errors, now)], parts)
        result.failures = errors
        if page.total and all(isinstance(error, NotConfigured) for error in errors):
            result.total = await self._total(ask, page, sources, len(taken))
        return result

    async def _rows(
        self,
        vendor: VendorKey,
        ask: SessionAsk,
        covered: Mapping[str, Site],
        between: Between,
        need: int,
        moved: list[VendorError],
    ) -> AsyncIterator[list[Record]]:
        """Rows of one vendor that belong to the answer, in batches, nearest first."""
        port = self._supplies.sessions(vendor)
        code = next(iter(covered)) if len(covered) == 1 else None
        query, edge = _asked_of(vendor, ask), between.edge
        kind = (vendor, ask.status, frozenset(covered))
        anything = ask.status is None and ask.query == SessionQuery()
        reach = Reach(
            max(need, 1),
            lambda body: [
                r.start for r in body if r.code in covered and r.start != edge and (anything or self._wanted(r, ask))
            ],
            between.backward,
            port.grain,
            port.page_rows,
            day_first=port.grain > 1,
            share=self._shares.get(kind, 1.0),
            now=self._clock(),
        )

        async def read(window: Window, budget: int | None) -> Slice[list[Record]]:
            found = await port.sessions(window, code, query, budget)
            if found.moved:
                moved.append(moving(vendor))
            return cast("Slice[list[Record]]", found)

        key = KEYS[vendor]
        async for part, found in scan(read, between.span, reach):
            records = found.body
            if isinstance(found, Short):
                records = [record for record in records if record.start in part]
            self._crosswalk.met(vendor, {record.code for record in records})
            rows = [record for record in records if record.code in covered and (anything or self._wanted(record, ask))]
            if len(records) >= _TELLING and (code is None or ask.status is not None):
                self._remember(kind, max(_LEAST_SHARE, len(rows) / len(records)))
            await breath(len(rows))
            rows.sort(key=by_start, reverse=between.backward)
            if len({record.start for record in rows}) < len(rows):
                rows.sort(key=key, reverse=between.backward)
            rows = between.trimmed(rows, key)
            reach.need = max(1, reach.need - len(rows))
            yield rows

    def _remember(self, kind: Hashable, share: float) -> None:
        if len(self._shares) >= _MOST_SHARES:
            self._shares.clear()
        self._shares[kind] = share

    def _wanted(self, record: Record, ask: SessionAsk) -> bool:
        """What the vendor was asked to filter is checked again: vendors lie."""
        query = ask.query
        if isinstance(record, AppRecord):
            fits = _same(record.device_id, query.device_id)
        else:
            fits = (
                _same(record.device_mac, query.device_mac)
                and query.guest_id in (None, record.guest_id)
                and _same(record.yas_id, query.yas_id)
            )
        return fits and (ask.status is None or self._status(record, self._clock()) in ask.status)

    def _status(self, record: Record, now: Micros) -> SessionStatus:
        """Quirk B9, rules.md 18."""
        if isinstance(record, WifiRecord):
            return SessionStatus.OPEN if record.online else SessionStatus.CLOSED
        if record.ended_at is not None:
            return SessionStatus.CLOSED
        return SessionStatus.STALE if record.start < now - self._stale_after else SessionStatus.OPEN

    def _served(self, records: Sequence[Record], now: Micros) -> list[Session]:
        apps, wifis = (self._crosswalk.claimed(vendor) for vendor in VENDORS)
        status, closed = self._status, SessionStatus.CLOSED
        return [
            AppSession(
                r,
                apps[r.code],
                status(r, now) if r.ended_at is None else closed,
                r.started_at,
                r.ended_at,
                r.duration_seconds,
            )
            if isinstance(r, AppRecord)
            else WifiSession(r, wifis[r.code], status(r, now), r.started_at, r.ended_at, r.duration_seconds)
            for r in records
        ]

    def _coverage(
        self, ask: SessionAsk, sources: Mapping[VendorKey, Source[Record]], errors: Iterable[VendorError], now: Micros
    ) -> list[Coverage]:
        lines = []
        for vendor, source in sources.items():
            sites, missing = _covered(ask, vendor)
            spoken = tuple(dict.fromkeys(sites.values())) if missing else None
            error = next((error for error in errors if error.vendor is vendor), None)
            if error:
                lines.append(failed(error, spoken, partly=source.error is None or source.rows_read > 0))
            else:
                lines.append(complete(vendor, now, spoken))
        lines += [failed(error) for error in errors if isinstance(error, NotConfigured)]
        return lines

    async def _total(
        self, ask: SessionAsk, page: PageAsk, sources: Mapping[VendorKey, Source[Record]], taken: int
    ) -> int | None:
        """Exact or None (rules.md 14)."""
        if page.after is None and page.before is None and all(source.drained for source in sources.values()):
            return sum(source.rows_read for source in sources.values())
        if set(sources) - {VendorKey.BESPOT} or ask.status is not None or ask.query != SessionQuery():
            return None
        return await self._counted(ask)

    async def _counted(self, ask: SessionAsk) -> int | None:
        """Bespot's own count over the claimed stores asked, where the vendor selects by start."""
        if not self._supplies.counts().selects_by_start:
            return None
        covered = _covered(ask, VendorKey.BESPOT)[0]
        code = next(iter(covered)) if len(covered) == 1 else None
        try:
            counts = await self._supplies.counts().session_counts(ask.window, code)
        except UpstreamError:
            return None
        return sum(count.count for count in counts if count.code in covered)


def _asked_of(vendor: VendorKey, ask: SessionAsk) -> SessionQuery:
    """What one vendor is asked: where only open stays are wanted, those that are over need not be read."""
    if vendor is VendorKey.GUEST_WIFI and ask.status == frozenset({SessionStatus.OPEN}):
        return msgspec.structs.replace(ask.query, online=True)
    return ask.query


def _same(told: str | None, asked: str | None) -> bool:
    """Vendors write hexadecimal identifiers in either case."""
    return asked is None or (told is not None and told.casefold() == asked.casefold())


def _covered(ask: SessionAsk, vendor: VendorKey) -> tuple[dict[str, Site], tuple[Site, ...]]:
    """Site by code for the sites this vendor knows, and the sites it does not."""
    sites: Collection[Site] = ask.visible if ask.sites is None else ask.sites
    known = {code: site for site in sites for code in site.codes_of(vendor)}
    covered = set(known.values())
    return known, tuple(site for site in sites if site not in covered)


def _answered(source: Source[Record]) -> bool:
    """Whether there is something to answer with: that a vendor does not know its store is an empty answer of its own
    (rules.md 4).
    """
    unknown = isinstance(source.error, UpstreamError) and source.error.vendor_code == STORE_UNKNOWN
    return source.error is None or source.rows_read > 0 or unknown


def _worst(errors: Sequence[VendorError]) -> VendorError:
    """The error to tell where nobody answered: a failure before a vendor that is merely not configured."""
    return next((error for error in errors if not isinstance(error, NotConfigured)), errors[0])


def _inside(records: list[Record], window: Window) -> list[Record]:
    return [record for record in records if record.start in window]
