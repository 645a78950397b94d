"""Counts, lists, KPIs and engagement: for exactly what was asked, for as long as it can be right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from gateway.cache import freshness
from gateway.cache.counts import CachedCounts, CachedGuests
from gateway.cache.engagement import CachedEngagement
from gateway.cache.okube import CachedKpis, CachedRecords, Edition
from gateway.cache.okube_writes import TellingWrites
from gateway.domain.engagement import (
    Audience,
    EngagementInterval,
    EngagementPoint,
    EngagementRecord,
    EngagementTerms,
)
from gateway.domain.errors import Unavailable, WriteOutcomeUnknown
from gateway.domain.footfall import CodeCount
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND
from gateway.domain.kpi import KpiAsk, KpiModule, KpiSeriesRecord, PresenceKpi, PresenceScope
from gateway.domain.okube_site import OkubeSite, SiteDraft, SiteQuery
from gateway.domain.ports.okube import OkubeRecords, OkubeWrites
from gateway.domain.ports.pages import Page
from gateway.domain.session import GuestLease
from gateway.domain.site import Level, ShopsterObject
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.domain.writing import Written
from tests.cache.doubles import NOON, HandClock, shelf

pytestmark = pytest.mark.anyio

TODAY = date(2024, 10, 4)  # NOON
CLOSED = Days(date(2024, 9, 2), date(2024, 9, 4))


class Counts:
    selects_by_start = True

    def __init__(self) -> None:
        self.asked: list[tuple[Window, str | None]] = []
        self.error: Unavailable | None = None
        self.delay = 0.0

    async def session_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        self.asked.append((window, code))
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error
        return [CodeCount(name, None, 5) for name in ("A", "B") if code in (None, name)]

    user_counts = session_counts


async def test_counts_are_kept_for_exactly_their_window_and_one_store_comes_from_all() -> None:
    clock, inner = HandClock(), Counts()
    cached = CachedCounts(inner, shelf(clock))
    closed = Window(NOON - 3 * DAY, NOON - 2 * DAY)
    for _ in range(2):
        assert len(await cached.user_counts(closed, None)) == 2
        assert await cached.user_counts(closed, "A") == [CodeCount("A", None, 5)]
    await cached.user_counts(Window(closed.start, closed.end - HOUR), None)
    assert len(inner.asked) == 2
    await cached.user_counts(closed, "Z")
    assert inner.asked[-1] == (closed, "Z")


async def test_an_open_count_is_good_until_the_next_minute() -> None:
    clock, inner = HandClock(NOON + 20 * SECOND), Counts()
    cached = CachedCounts(inner, shelf(clock))
    window = Window(NOON - DAY, NOON)
    for moment, calls in ((20, 1), (59, 1), (60, 2)):
        clock.now = NOON + moment * SECOND
        await cached.session_counts(window, None)
        assert len(inner.asked) == calls


async def test_fifty_fail_together_once_and_those_right_behind_share_it() -> None:
    clock, inner = HandClock(), Counts()
    cached = CachedCounts(inner, shelf(clock))
    inner.error, inner.delay = Unavailable(VendorKey.BESPOT, "down"), 0.01
    asks = (cached.session_counts(Window(0, DAY), None) for _ in range(50))
    found = await asyncio.gather(*asks, return_exceptions=True)
    assert {type(error) for error in found} == {Unavailable}
    with pytest.raises(Unavailable):
        await cached.session_counts(Window(0, DAY), None)
    assert len(inner.asked) == 1
    await asyncio.sleep(0.55)
    inner.error = None
    await cached.session_counts(Window(0, DAY), None)
    assert len(inner.asked) == 2


async def test_with_the_vendor_down_an_open_count_is_told_as_stale() -> None:
    clock, inner = HandClock(), Counts()
    cached = CachedCounts(inner, shelf(clock))
    window = Window(NOON - DAY, NOON)
    await cached.session_counts(window, None)
    inner.error = Unavailable(VendorKey.BESPOT, "down")
    clock.now += 5 * MINUTE
    with freshness.collect() as told:
        assert len(await cached.session_counts(window, None)) == 2
    assert told.stale == {VendorKey.BESPOT}
    clock.now += DAY
    await asyncio.sleep(0.55)
    with pytest.raises(Unavailable):
        await cached.session_counts(window, None)


class Guests:
    def __init__(self) -> None:
        self.counts = 0
        self.lookups = 0

    async def login_count(self, days: Days, code: str | None, online: bool | None) -> int:
        self.counts += 1
        return 7

    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        self.lookups += 1
        return {address: GuestLease(address, "user", "name", "mail", 60) for address in addresses}

    async def locations(self) -> list[tuple[str, str | None]]:
        return []


async def test_leases_are_never_kept_and_login_counts_are() -> None:
    inner = Guests()
    held = shelf(HandClock(), VendorKey.GUEST_WIFI)
    cached = CachedGuests(inner, held)
    for _ in range(2):
        await cached.leases(["10.0.0.1"])
        assert await cached.login_count(CLOSED, "x", None) == 7
    assert (inner.lookups, inner.counts) == (2, 1)


class Sites:
    page_rows = 100

    def __init__(self, count: int) -> None:
        self.rows = [OkubeSite(id=f"{number:024x}", key=f"k{number}") for number in range(count)]
        self.reads: list[tuple[int, int]] = []
        self.gets: list[str] = []

    async def sites(self, application: str | None, query: SiteQuery, start: int, count: int) -> Page[OkubeSite]:
        self.reads.append((start, count))
        rows = self.rows[start : start + count]
        positions = list(range(start, start + len(rows)))
        return Page(rows, positions, len(self.rows), start + len(rows), start + len(rows) >= len(self.rows))

    async def site(self, application: str | None, reference: str) -> OkubeSite | None:
        self.gets.append(reference)
        return next((row for row in self.rows if reference in (row.id, row.key)), None)


class Writes:
    def __init__(self, sites: Sites) -> None:
        self.sites = sites
        self.error: Exception | None = None

    async def create_site(self, application: str | None, draft: SiteDraft) -> Written[OkubeSite]:
        self.sites.rows.append(OkubeSite(id=f"{len(self.sites.rows):024x}", key="new"))
        if self.error:
            raise self.error
        return Written([self.sites.rows[-1]])


def okube(count: int) -> tuple[HandClock, Sites, CachedRecords, Writes, TellingWrites]:
    clock, inner = HandClock(), Sites(count)
    held = shelf(clock, VendorKey.OKUBE)
    edition = Edition(held)
    writes = Writes(inner)
    cached = CachedRecords(cast("OkubeRecords", inner), held, edition)
    return clock, inner, cached, writes, TellingWrites(cast("OkubeWrites", writes), edition)


@pytest.mark.parametrize("size", [7, 50, 100, 130])
async def test_a_walk_over_a_list_in_pages_of_any_size_costs_its_pages(size: int) -> None:
    _, inner, cached, _, _ = okube(330)
    found: list[str] = []
    start, end = 0, False
    while not end:
        page = await cached.sites(None, SiteQuery(), start, size)
        assert page.positions == list(range(start, start + len(page.rows)))
        found += [row.id for row in page.rows]
        assert page.total == 330
        start, end = page.next, page.end
    assert found == [row.id for row in inner.rows]
    assert len(inner.reads) == 4


async def test_a_list_is_good_for_a_minute_and_dies_at_a_write() -> None:
    clock, inner, cached, _, writes = okube(3)
    clock.now += 59 * SECOND
    for _ in range(2):
        assert len((await cached.sites(None, SiteQuery(), 0, 50)).rows) == 3
    assert len(inner.reads) == 1
    await writes.create_site(None, SiteDraft())
    assert len((await cached.sites(None, SiteQuery(), 0, 50)).rows) == 4
    assert len(inner.reads) == 2
    clock.now += 61 * SECOND
    await cached.sites(None, SiteQuery(), 0, 50)
    assert len(inner.reads) == 3


async def test_a_write_of_unknown_outcome_makes_lists_new_too() -> None:
    _, inner, cached, writes, telling = okube(3)
    await cached.sites(None, SiteQuery(), 0, 50)
    writes.error = WriteOutcomeUnknown(VendorKey.OKUBE, "who knows")
    with pytest.raises(WriteOutcomeUnknown):
        await telling.create_site(None, SiteDraft())
    assert len((await cached.sites(None, SiteQuery(), 0, 50)).rows) == 4
    assert len(inner.reads) == 2


async def test_a_record_got_by_key_is_there_by_id_and_one_that_is_not_there_is_remembered() -> None:
    _, inner, cached, _, _ = okube(3)
    assert await cached.site(None, "k1") == await cached.site(None, f"{1:024x}")
    assert [await cached.site(None, "none") for _ in range(2)] == [None, None]
    assert inner.gets == ["k1", "none"]


class Kpis:
    def __init__(self) -> None:
        self.asked = 0

    async def kpis(self, ask: KpiAsk) -> list[KpiSeriesRecord]:
        self.asked += 1
        return []


async def test_kpis_of_settled_days_last_and_those_of_today_do_not() -> None:
    clock, inner = HandClock(), Kpis()
    cached = CachedKpis(inner, shelf(clock, VendorKey.OKUBE))

    def ask(days: Days, filters: object) -> KpiAsk:
        kpis, scopes = (PresenceKpi.SESSIONS,), (PresenceScope.GLOBAL,)
        return KpiAsk(KpiModule.PRESENCE, days, kpis, scopes, filters=filters)

    await cached.kpis(ask(CLOSED, {"a": 1, "b": [2]}))
    clock.now += HOUR
    await cached.kpis(ask(CLOSED, {"b": [2], "a": 1}))
    assert inner.asked == 1
    await cached.kpis(ask(Days(TODAY, TODAY), None))
    clock.now += HOUR
    await cached.kpis(ask(Days(TODAY, TODAY), None))
    assert inner.asked == 3


class Engagement:
    vendor = VendorKey.SHOPSTER

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], Days]] = []

    async def engagement(
        self, objects: list[ShopsterObject], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> dict[int, list[EngagementRecord]]:
        self.asked.append(([thing.id for thing in objects], days))
        return {
            thing.id: [
                EngagementRecord(
                    thing.id,
                    Audience.ALL,
                    [EngagementPoint(_midnight(day), f"{day}", day.day, 1, 1, 60, None) for day in days],
                )
            ]
            for thing in objects
            if thing.id != 9
        }


def _midnight(day: date) -> int:
    return ((day - date(1970, 1, 1)).days * DAY) - 3 * HOUR  # Athens in summer


async def test_engagement_by_day_asks_for_missing_days_and_objects_only() -> None:
    inner = Engagement()
    cached = CachedEngagement(inner, shelf(HandClock(), VendorKey.SHOPSTER))
    zones = dict.fromkeys((1, 2, 9), ZoneInfo("Europe/Athens"))
    one, two, silent = (ShopsterObject(number, Level.MALL) for number in (1, 2, 9))
    first = await cached.engagement([one, silent], CLOSED, EngagementTerms(), zones)
    assert list(first) == [1]
    again = await cached.engagement([two, one], CLOSED, EngagementTerms(), zones)
    shifted = Days(date(2024, 9, 3), date(2024, 9, 5))
    later = await cached.engagement([one, two], shifted, EngagementTerms(), zones)
    assert [point.session_count for point in later[1][0].points] == [3, 4, 5]
    assert later[2][0].points == [*again[2][0].points[1:], later[2][0].points[2]]
    new_day = Days(date(2024, 9, 5), date(2024, 9, 5))
    assert inner.asked == [([1, 9], CLOSED), ([2], CLOSED), ([1, 2], new_day)]
    await cached.engagement([silent], CLOSED, EngagementTerms(), zones)
    assert len(inner.asked) == 3


async def test_weeks_are_kept_for_exactly_the_days_asked() -> None:
    inner = Engagement()
    cached = CachedEngagement(inner, shelf(HandClock(), VendorKey.SHOPSTER))
    zones = {1: ZoneInfo("Europe/Athens")}
    terms = EngagementTerms(interval=EngagementInterval.WEEKLY)
    for days in (CLOSED, CLOSED, Days(CLOSED.first, date(2024, 9, 3))):
        await cached.engagement([ShopsterObject(1, Level.MALL)], days, terms, zones)
    assert [days for _, days in inner.asked] == [CLOSED, Days(CLOSED.first, date(2024, 9, 3))]
