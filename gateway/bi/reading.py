"""From a question to rows: the one place where a table, a caller and the catalog meet. Rows come as batches, on demand.

Rights are those of the graph, through the same request state. What cannot be told whole is an error, never fewer rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from gateway.access.principal import Principal, require
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.scopes import Scope
from gateway.bi import figures, incremental, records
from gateway.bi.ask import Ask
from gateway.bi.footfall import Frame, bucket_rows, minute_rows
from gateway.bi.incremental import Mark
from gateway.bi.stays import Load, Stays
from gateway.bi.tables import Batch
from gateway.domain.breath import LONG, breath
from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.session import SessionQuery
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.execution.errors import facts
from gateway.federation import buckets
from gateway.federation.buckets import Granularity
from gateway.federation.catalog import Catalog
from gateway.federation.flow import Flow
from gateway.federation.series import OccupancySeries, VisitSeries
from gateway.federation.sessions import SessionAsk
from gateway.federation.stay_order import Session
from gateway.loaders.request import Request


class Rows(msgspec.Struct):
    """An answer that has begun. `watermark`: what the next incremental load continues from."""

    ask: Ask
    batches: AsyncIterator[Batch]
    watermark: str | None = None


AT_ONCE = 1_000
"""Sessions made into rows before others get their turn: some ten milliseconds."""


class Tables:
    """The doors' way to the facts. Built once; holds no caller."""

    def __init__(self, catalog: Catalog, pseudonyms: Pseudonyms) -> None:
        self.catalog = catalog
        self._pseudonyms = pseudonyms

    async def rows(self, ask: Ask, principal: Principal, start: int = 0, need: int | None = None) -> Rows:
        """The rows of a question. Raises GatewayError before anything is sent.

        `start`: position in a vendor's list. `need`: about so many rows will be taken, in the order of time; None: all
        of them, in no promised order.
        """
        request = self._request(ask, principal)
        named = None if ask.sites is None else await request.sites(list(ask.sites), ("site",))
        table = ask.table.name
        if table == "sites":
            return Rows(ask, records.site_rows(request, ask, named))
        if table == "kpis":
            assert ask.days is not None
            return Rows(ask, figures.kpi_rows(request, ask, named, ask.days))
        if ask.table.vendors == "OKUBE":
            return Rows(ask, records.list_rows(request, ask, named, start))
        sites = request.visible if named is None else named
        if table == "engagement":
            assert ask.days is not None
            return Rows(ask, figures.engagement_rows(request, ask, sites, ask.days))
        assert ask.window is not None
        if table == "counts":
            return Rows(ask, figures.count_rows(request, ask, sites, ask.window))
        return await self._series(ask, request, sites, ask.window, need)

    async def one(self, ask: Ask, principal: Principal, key: str) -> tuple[Any, ...] | None:
        """A single row by its key; None where there is none for this caller."""
        return await records.one_record(self._request(ask, principal), ask, key)

    async def visible(self, keys: Sequence[str], principal: Principal) -> tuple[str, ...]:
        """Those of the keys that name a site the caller sees."""
        request = Request(self.catalog, principal, self._pseudonyms, describe=facts)
        return tuple([key for key in keys if await request.site(key) is not None])

    def admit(self, ask: Ask, principal: Principal) -> None:
        """Raises AccessError where the caller may not ask this at all."""
        self._request(ask, principal)

    def _request(self, ask: Ask, principal: Principal) -> Request:
        require(principal, Scope.READ)
        if ask.pii:
            require(principal, Scope.PII_READ)
        return Request(self.catalog, principal, self._pseudonyms, describe=facts)

    async def _series(
        self, ask: Ask, request: Request, sites: Sequence[Site], window: Window, need: int | None
    ) -> Rows:
        bound = incremental.binding(self.catalog.cursors, ask, request.bound)
        since = None if ask.since is None else incremental.read(bound, ask.since, window)
        now = self.catalog.clock()
        if ask.table.name == "sessions":
            batches, mark = await self._sessions(ask, request, sites, window, since, now, marked=need is None)
        else:
            settled = now - self.catalog.rules.settle
            mark = Mark(window.start, window.end, now, settled)
            batches = self._footfall(ask, sites, window, since, now, need)
        return Rows(ask, batches, incremental.written(bound, mark))

    def _footfall(
        self, ask: Ask, sites: Sequence[Site], window: Window, since: Mark | None, now: Micros, need: int | None
    ) -> AsyncIterator[Batch]:
        port, crosswalk, rules = self.catalog.supplies.footfall(), self.catalog.crosswalk, self.catalog.rules
        covered = tuple(site for site in sites if site.bespot)
        if since is not None:
            window = _continued(window, since, covered, ask.granularity)
        frame = Frame(window, ask.granularity, covered, now - rules.settle, port.as_of(now), rules.carry, since)
        if ask.table.name == "visits":
            visits: Flow[Any, VisitColumns] = Flow(VisitSeries(), port, crosswalk, now)
            return _rows(visits, frame, need, fills=True)
        occupancy: Flow[Any, OccupancyColumns] = Flow(OccupancySeries(rules), port, crosswalk, now)
        return _rows(occupancy, frame, need, fills=False)

    async def _sessions(
        self,
        ask: Ask,
        request: Request,
        sites: Sequence[Site],
        window: Window,
        since: Mark | None,
        now: Micros,
        *,
        marked: bool,
    ) -> tuple[AsyncIterator[Batch], Mark]:
        """The last days first where a mark is wanted, for what they hold is in it; they are sent last."""
        stays = Stays(self._pseudonyms, pii=ask.pii)
        load = Load(window, now, since, self.catalog.stale_after, stays.id_of)
        query, vendors = self._person(ask)
        question = SessionAsk(load.window, request.visible, tuple(sites), vendors, None, query)
        tail = Window(load.tail if marked else load.window.end, load.window.end)
        late = await self._all(msgspec.structs.replace(question, window=tail), now)
        head = msgspec.structs.replace(question, window=Window(load.window.start, tail.start))

        async def told(sessions: Sequence[Session]) -> AsyncIterator[Batch]:
            sent = [s for s in sessions if load.sends(s) and _asked(s, ask)]
            for start in range(0, max(1, len(sent)), AT_ONCE):
                yield stays.batch(sent[start : start + AT_ONCE])
                await breath(LONG)

        async def batches() -> AsyncIterator[Batch]:
            if not head.window.empty:
                async for _, sessions in self.catalog.sessions.drain(head, now):
                    async for batch in told(sessions):
                        yield batch
            async for batch in told(late):
                yield batch

        return batches(), load.mark(late)

    async def _all(self, question: SessionAsk, now: Micros) -> list[Session]:
        if question.window.empty:
            return []
        return [s async for _, part in self.catalog.sessions.drain(question, now) for s in part]

    def _person(self, ask: Ask) -> tuple[SessionQuery, frozenset[VendorKey] | None]:
        """What of a question about one device a vendor can be asked (rules.md 12)."""
        if ask.device is None:
            return SessionQuery(), ask.vendors
        vendor, identifier = self._pseudonyms.reveal(ask.device, ("device",))
        vendors = frozenset({vendor}) & (ask.vendors or frozenset({vendor}))
        if vendor is VendorKey.BESPOT:
            return SessionQuery(device_id=identifier), vendors
        return SessionQuery(device_mac=identifier), vendors


def _asked(session: Session, ask: Ask) -> bool:
    return ask.status is None or session.status in ask.status


def _continued(window: Window, since: Mark, sites: Sequence[Site], granularity: Granularity) -> Window:
    """From the first bucket that may have to be sent, whole."""
    first = incremental.first_minute(since, window)
    starts = [buckets.bucket(site.zone, granularity, first // MINUTE)[0] * MINUTE for site in sites if site.zone]
    return Window(min(max(window.start, min(starts, default=first)), window.end), window.end)


async def _rows(flow: Flow[Any, Any], frame: Frame, need: int | None, *, fills: bool) -> AsyncIterator[Batch]:
    if frame.window.empty:
        return
    if frame.granularity is Granularity.MINUTE:
        rows = minute_rows(flow.minutes(frame.sites, frame.window, ordered=need is not None, need=need), frame)
    else:
        rows = bucket_rows(flow.minutes(frame.sites, frame.window), frame, fills=fills)
    async for batch in rows:
        yield batch
