"""The newest stays: each told when it begins and when it ends, once. Every vendor that records stays has its own way.

What was already going on when a site came to be watched is never told as new. Raw identifiers stay in the records,
and nothing of them is logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias, cast

from gateway.domain import instant
from gateway.domain.clock import Clock
from gateway.domain.errors import VendorError
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND, Micros
from gateway.domain.ports.sessions import SessionRecords
from gateway.domain.session import AppRecord, AppSession, SessionQuery, SessionStatus, WifiRecord, WifiSession
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.feed import News, Place
from gateway.federation.supplies import Supplies

Session: TypeAlias = AppSession | WifiSession
Record: TypeAlias = AppRecord | WifiRecord
Watched: TypeAlias = Mapping[str, Micros]
"""Since when each code is followed."""

VENDORS = (VendorKey.BESPOT, VendorKey.GUEST_WIFI)
RECENT: Micros = HOUR
SWEEP: Micros = 10 * MINUTE
MOST_ASKED = 10
MOST_TRIES = 3


class StaysOf(Protocol):
    """One vendor's way."""

    async def read(self, port: SessionRecords, watched: Watched, now: Micros) -> list[Record]:
        """Stays that began or ended since the last reading. Raises VendorError."""
        ...


class AppStays:
    """Read by the window of their start: the last hour every time, and now and then all that may still end.

    `stale_after`: age at which one without an end is given up (quirk B9).
    """

    def __init__(self, stale_after: Micros) -> None:
        self._stale_after = stale_after
        self._known: dict[str, tuple[Micros, bool]] = {}  # by id: its start, and whether it has ended
        self._primed: set[str] = set()
        self._swept: Micros = 0

    async def read(self, port: SessionRecords, watched: Watched, now: Micros) -> list[Record]:
        sweep = now - self._swept >= SWEEP or not watched.keys() <= self._primed
        window = Window(now - (max(RECENT, self._stale_after) if sweep else RECENT), now)
        found = await port.sessions(window, _only(watched), SessionQuery(), None)
        records = cast("list[AppRecord]", found.body)
        news: list[Record] = [each for each in records if each.code in watched and self._is_news(each, watched)]
        self._primed = set(watched)
        if sweep:
            self._swept = now
            self._known = {id_: kept for id_, kept in self._known.items() if kept[0] >= window.start}
        return news

    def _is_news(self, record: AppRecord, watched: Watched) -> bool:
        known = self._known.get(record.id)
        ended = record.ended_at is not None
        self._known[record.id] = (record.start, ended)
        if known is not None:
            return ended and not known[1]
        if record.code in self._primed:
            return True
        since = watched[record.code]
        return record.start >= since or (record.ended_at is not None and instant.parse(record.ended_at) >= since)


class WifiStays:
    """Read by who is online: the vendor's sixty calls a minute would not bear its whole list (quirk G3).

    One that is online no longer is asked for by its guest, for its end. `longest_stay`: in microseconds.
    """

    def __init__(self, longest_stay: Micros) -> None:
        self._longest_stay = longest_stay
        self._online: dict[str, WifiRecord] = {}
        self._primed: set[str] = set()
        self._gone: dict[str, tuple[WifiRecord, int]] = {}  # and how often its end was asked for in vain

    async def read(self, port: SessionRecords, watched: Watched, now: Micros) -> list[Record]:
        window = Window(now - self._longest_stay, now)
        found = await port.sessions(window, _only(watched), SessionQuery(online=True), None)
        records = cast("list[WifiRecord]", found.body)
        online = {each.id: each for each in records if each.code in watched}
        news: list[Record] = [
            each
            for each in online.values()
            if each.id not in self._online and (each.code in self._primed or each.start >= watched[each.code])
        ]
        left = {each.id: (each, 0) for each in self._online.values() if each.id not in online}
        self._gone = {id_: gone for id_, gone in (self._gone | left).items() if gone[0].code in watched}
        self._online = online
        self._primed = set(watched)
        return news + await self._ends(port)

    async def _ends(self, port: SessionRecords) -> list[Record]:
        """The ends of those who left, a few a reading. What could not be asked now is asked at the next one."""
        asked = [record for record, _ in list(self._gone.values())[:MOST_ASKED]]
        answers = await asyncio.gather(*(_end(port, record) for record in asked), return_exceptions=True)
        ended: list[Record] = []
        for record, answer in zip(asked, answers, strict=True):
            tries = self._gone[record.id][1] + 1
            if isinstance(answer, WifiRecord):
                ended.append(answer)
            elif isinstance(answer, BaseException) and not isinstance(answer, VendorError):
                raise answer
            if isinstance(answer, WifiRecord) or (answer is None and tries >= MOST_TRIES):
                del self._gone[record.id]
            elif answer is None:
                self._gone[record.id] = (record, tries)
        return ended


class SessionTail:
    """Implements Tail over the vendors that are there. `every`: microseconds between two readings."""

    def __init__(
        self, supplies: Supplies, crosswalk: Crosswalk, clock: Clock, *, every: Micros, stale_after: float
    ) -> None:
        self._supplies = supplies
        self._crosswalk = crosswalk
        self._clock = clock
        self._every = every
        self._stays: dict[VendorKey, StaysOf] = {
            VendorKey.BESPOT: AppStays(int(stale_after * SECOND)),
            VendorKey.GUEST_WIFI: WifiStays(2 * DAY),
        }
        self._begun = False

    def check(self) -> None:
        if not self._there:
            self._supplies.sessions(VENDORS[0])

    def due(self, now: Micros) -> Micros:
        """At once, to know who is there already; then at an even pace."""
        return now + self._every if self._begun else now

    async def news(self, watched: Mapping[Site, Micros]) -> News[Session]:
        """In the order of the connections: start, vendor, the vendor's id. One vendor's failure leaves the others'."""
        self._begun, now = True, self._clock()
        found = await asyncio.gather(*(self._of(vendor, watched) for vendor in self._there), return_exceptions=True)
        news: News[Session] = News([], until=now)
        for outcome in found:
            if isinstance(outcome, VendorError):
                news.failures.append(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                news.rows += outcome
        news.rows.sort(key=lambda row: (row.record.start, VENDORS.index(row.vendor), row.record.id))
        return news

    def place(self, _: Session) -> Place | None:
        """None: the ids of vendors are no matter for cursors."""
        return None

    @property
    def _there(self) -> list[VendorKey]:
        return [vendor for vendor in VENDORS if self._supplies.get(vendor) is not None]

    async def _of(self, vendor: VendorKey, watched: Mapping[Site, Micros]) -> list[Session]:
        codes = {code: site for site in watched for code in site.codes_of(vendor)}
        if not codes:
            return []
        since = {code: watched[site] for code, site in codes.items()}
        records = await self._stays[vendor].read(self._supplies.sessions(vendor), since, self._clock())
        return list(_served(records, codes))


async def _end(port: SessionRecords, record: WifiRecord) -> WifiRecord | None:
    """The finished stay; None where the vendor does not list it as such."""
    query = SessionQuery(guest_id=record.guest_id, device_mac=record.device_mac, online=False)
    found = await port.sessions(Window(record.start, record.start + 1), record.code, query, None)
    return next((each for each in cast("list[WifiRecord]", found.body) if each.id == record.id), None)


def _served(records: Iterable[Record], codes: Mapping[str, Site]) -> Iterable[Session]:
    for each in records:
        texts = (each.started_at, each.ended_at, each.duration_seconds)
        if isinstance(each, AppRecord):
            status = SessionStatus.OPEN if each.ended_at is None else SessionStatus.CLOSED
            yield AppSession(each, codes[each.code], status, *texts)
        else:
            status = SessionStatus.OPEN if each.online else SessionStatus.CLOSED
            yield WifiSession(each, codes[each.code], status, *texts)


def _only(watched: Watched) -> str | None:
    """A single code is asked for by itself, several in one reading of all."""
    return next(iter(watched)) if len(watched) == 1 else None
