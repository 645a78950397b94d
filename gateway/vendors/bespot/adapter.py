"""Bespot behind the ports: app sessions and their counts (Analytics), door counts and occupancy (People Counter).

Half-open windows become the vendor's inclusive bounds here, and nowhere else (quirk B7). `device_id` is asked of the
session list only, never of the anonymous door counter (quirk B14).
"""

from __future__ import annotations

from typing import TypeVar

from gateway.domain import instant
from gateway.domain.breath import LONG, breath
from gateway.domain.footfall import CodeCount, OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, SECOND, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.settings import BespotSettings
from gateway.upstream.client import VendorClient
from gateway.vendors.bespot import mapping, pages
from gateway.vendors.bespot.pages import Pairs, Reading, Resource
from gateway.vendors.bespot.wire import AnyRow, DwellSession, OccupancyMinute, Page, StoreCount, VisitMinute

Body = TypeVar("Body")

VISITS_PATH = "/bi/acquisition-metrics/visits/"
OCCUPANCY_PATH = "/bi/acquisition-metrics/occupancy/"

SESSIONS = Resource("dwelltime", "/bi/dwelltime/", Page[DwellSession])
VISITS = Resource("visits", VISITS_PATH, Page[VisitMinute])
OCCUPANCY = Resource("occupancy", OCCUPANCY_PATH, Page[OccupancyMinute])
VISIT_ROWS = Resource("visits", VISITS_PATH, Page[AnyRow])
OCCUPANCY_ROWS = Resource("occupancy", OCCUPANCY_PATH, Page[AnyRow])

PUBLISHED_EVERY = 15 * MINUTE


class BespotAdapter:
    """Implements SessionRecords, SessionCounts and FootfallSeries. Holds no state of its own."""

    vendor = VendorKey.BESPOT
    grain: Micros = 1
    page_rows = pages.MOST_ROWS

    def __init__(self, client: VendorClient, settings: BespotSettings) -> None:
        self._client = client
        self._margin = int(settings.window_margin * SECOND)
        self._lag = int(settings.publish_lag * SECOND)
        self.selects_by_start = settings.session_window == "start"

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[AppRecord]]:
        """Sessions that started in the window. A vendor that selects otherwise gives no total (rules.md 14, 17)."""
        if window.empty:
            return Slice([], complete=True, total=0)
        asked = bounds(Window(window.start, window.end + self._margin), code)
        if query.device_id is not None:
            asked = (*asked, ("device_id", query.device_id))
        reading = await pages.read(self._client, SESSIONS, asked, budget)
        records = await _records(reading.rows, window, code)
        if query.device_id is not None:
            records = [record for record in records if same_id(record.device_id, query.device_id)]
        if reading.complete:
            return Slice(records, True, None if reading.moved else len(records), moved=reading.moved)
        total = reading.count if self.selects_by_start and not self._margin else None
        return Slice(records, False, total, [record.start for record in records])

    async def session_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        """Sessions per store code."""
        return await self._counted("sessions-count", window, code)

    async def user_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        """Distinct users per store code. The path is the heading's: the printed example calls another (quirk B4)."""
        return await self._counted("unique-users-count", window, code)

    async def visits(self, window: Window, code: str | None, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        """Door counts by store code."""
        if window.empty:
            return Slice({}, complete=True, total=0)
        reading = await pages.read(self._client, VISITS, bounds(window, code), budget)
        await breath(len(reading.rows))
        columns = mapping.visit_columns(reading.rows, window, code)
        await breath(len(reading.rows))
        return series(reading, columns, sum(len(column.minutes) for column in columns.values()), window, code)

    async def occupancy(
        self, window: Window, code: str | None, budget: int | None
    ) -> Slice[dict[str, OccupancyColumns]]:
        """People inside by store code, measured by their own endpoint (quirk B19)."""
        if window.empty:
            return Slice({}, complete=True, total=0)
        reading = await pages.read(self._client, OCCUPANCY, bounds(window, code), budget)
        await breath(len(reading.rows))
        columns = mapping.occupancy_columns(reading.rows, window, code)
        await breath(len(reading.rows))
        return series(reading, columns, sum(len(column.minutes) for column in columns.values()), window, code)

    async def visit_page(self, window: Window, code: str | None, number: int) -> Slice[dict[str, VisitColumns]]:
        """One page of door counts by its number."""
        reading = await pages.numbered(self._client, VISITS, bounds(window, code), number)
        await breath(len(reading.rows))
        columns = mapping.visit_columns(reading.rows, window, code)
        await breath(len(reading.rows))
        return Slice(columns, reading.complete, reading.count, [], reading.moved)

    async def occupancy_page(self, window: Window, code: str | None, number: int) -> Slice[dict[str, OccupancyColumns]]:
        """One page of occupancy by its number."""
        reading = await pages.numbered(self._client, OCCUPANCY, bounds(window, code), number)
        await breath(len(reading.rows))
        columns = mapping.occupancy_columns(reading.rows, window, code)
        await breath(len(reading.rows))
        return Slice(columns, reading.complete, reading.count, [], reading.moved)

    async def visit_rows(self, window: Window, code: str) -> int:
        """The vendor's count of visit rows."""
        return 0 if window.empty else await pages.count(self._client, VISIT_ROWS, bounds(window, code))

    async def occupancy_rows(self, window: Window, code: str) -> int:
        """The vendor's count of occupancy rows."""
        return 0 if window.empty else await pages.count(self._client, OCCUPANCY_ROWS, bounds(window, code))

    def as_of(self, now: Micros) -> Micros:
        """End of the newest quarter hour the counter has had time to publish (quirk B18)."""
        return (now - self._lag) // PUBLISHED_EVERY * PUBLISHED_EVERY

    async def _counted(self, resource: str, window: Window, code: str | None) -> list[CodeCount]:
        if window.empty:
            return []
        rows = await pages.bare(self._client, resource, f"/bi/{resource}/", bounds(window, code), list[StoreCount])
        return mapping.code_counts(rows, code)


async def _records(rows: list[DwellSession], window: Window, code: str | None) -> list[AppRecord]:
    """Some thousand at a time, so that nobody waits for ten thousand."""
    found: dict[str, AppRecord] = {}
    for first in range(0, len(rows), LONG):
        await breath(len(rows))
        part = rows[first : first + LONG] if len(rows) > LONG else rows
        found |= mapping.app_records(part, window, code, first)
    await breath(len(rows))
    return list(found.values())


def bounds(window: Window, code: str | None) -> Pairs:
    """The half-open window as the vendor's inclusive bounds, a microsecond less at the end (rules.md 17)."""
    asked = (("datetime_gte", wire_instant(window.start)), ("datetime_lte", wire_instant(window.end - 1)))
    return asked if code is None else (("store_code", code), *asked)


def wire_instant(moment: Micros) -> str:
    """UTC with Z (quirk B6), and six digits where there is a fraction: not every parser takes fewer."""
    text = instant.text(moment)
    return text if moment % SECOND == 0 else f"{text[:19]}.{moment % SECOND:06d}Z"


def series(
    reading: Reading[VisitMinute] | Reading[OccupancyMinute], body: Body, rows: int, window: Window, code: str | None
) -> Slice[Body]:
    """A reading of minutes as a slice: `rows` are those kept of it."""
    if reading.complete:
        return Slice(body, True, None if reading.moved else rows, moved=reading.moved)
    return Slice(body, False, reading.count, mapping.starts(reading.rows, window, code))


def same_id(one: str | None, other: str) -> bool:
    """Vendors write one identifier in either case."""
    return one is not None and one.casefold() == other.casefold()
