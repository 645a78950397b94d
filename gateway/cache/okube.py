"""Okube's lists and single records for a minute, and its KPIs by exact question. A write makes all lists new at once.

Lists are kept in blocks of the vendor's page by absolute row, so that pages of any size cost a walk no call twice.
Files pass through untouched.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from gateway.cache.entries import Entries
from gateway.cache.rules import LIST, dated
from gateway.cache.shelf import Shelf
from gateway.domain.application import Application
from gateway.domain.campaign import Campaign, CampaignQuery
from gateway.domain.files import CsvEncoding, CsvList
from gateway.domain.kpi import KpiAsk, KpiSeriesRecord
from gateway.domain.okube_site import OkubeSite, SiteQuery
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestQuery
from gateway.domain.ports.okube import KpiAnalytics, OkubeRecords
from gateway.domain.ports.pages import Page
from gateway.domain.study import Study, StudyQuery

AnyRecord = Application | OkubeSite | PointOfInterest | Campaign | Study
Record = TypeVar("Record", bound=AnyRecord)

_VERSION_SECONDS = 3 * 86_400.0
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")


class Edition:
    """Changes with every write through any replica; it stands in the key of everything a write may change."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._key = shelf.key("edition")
        self.writes = 0
        self._untold = False

    def learn(self, other: Edition) -> None:
        """Counts on from another's writes."""
        self.writes, self._untold = other.writes, other._untold

    async def current(self) -> str | None:
        """None where the store cannot tell what other replicas wrote: nothing may be kept or believed then."""
        if self._untold:
            await self.written()
        told = None if self._untold else await self._shelf.ensured(self._key, _VERSION_SECONDS)
        return None if told is None else f"{self.writes}.{told}"

    @property
    def own(self) -> str:
        """What this process wrote: keeps a read from joining one that began before, where nothing else can."""
        return f"own.{self.writes}"

    async def written(self) -> None:
        """Something was written, or may have been."""
        self.writes += 1
        self._untold = not await self._shelf.stamp(self._key, _VERSION_SECONDS)


class CachedRecords:
    """Implements OkubeRecords around another."""

    def __init__(self, inner: OkubeRecords, shelf: Shelf, edition: Edition) -> None:
        self._inner = inner
        self._edition = edition
        self.page_rows = inner.page_rows
        self._clock = shelf.clock
        self._applications: Entries[Page[Application]] = Entries(shelf, "applications", Page[Application])
        self._sites: Entries[Page[OkubeSite]] = Entries(shelf, "sites", Page[OkubeSite])
        self._pois: Entries[Page[PointOfInterest]] = Entries(shelf, "pois", Page[PointOfInterest])
        self._campaigns: Entries[Page[Campaign]] = Entries(shelf, "campaigns", Page[Campaign])
        self._studies: Entries[Page[Study]] = Entries(shelf, "studies", Page[Study])
        self._application: Entries[Application | None] = Entries(shelf, "application", Application | None)
        self._site: Entries[OkubeSite | None] = Entries(shelf, "site", OkubeSite | None)
        self._poi: Entries[PointOfInterest | None] = Entries(shelf, "poi", PointOfInterest | None)
        self._campaign: Entries[Campaign | None] = Entries(shelf, "campaign", Campaign | None)
        self._study: Entries[Study | None] = Entries(shelf, "study", Study | None)

    async def applications(self, start: int, count: int) -> Page[Application]:
        return await self._range(self._applications, (), self._inner.applications, start, count)

    async def sites(self, application: str | None, query: SiteQuery, start: int, count: int) -> Page[OkubeSite]:
        return await self._range(
            self._sites, (application, query), lambda s, c: self._inner.sites(application, query, s, c), start, count
        )

    async def points_of_interest(
        self, application: str | None, query: PointOfInterestQuery, start: int, count: int
    ) -> Page[PointOfInterest]:
        def ask(s: int, c: int) -> Awaitable[Page[PointOfInterest]]:
            return self._inner.points_of_interest(application, query, s, c)

        return await self._range(self._pois, (application, query), ask, start, count)

    async def campaigns(self, application: str | None, query: CampaignQuery, start: int, count: int) -> Page[Campaign]:
        def ask(s: int, c: int) -> Awaitable[Page[Campaign]]:
            return self._inner.campaigns(application, query, s, c)

        return await self._range(self._campaigns, (application, query), ask, start, count)

    async def studies(self, application: str | None, query: StudyQuery, start: int, count: int) -> Page[Study]:
        return await self._range(
            self._studies,
            (application, query),
            lambda s, c: self._inner.studies(application, query, s, c),
            start,
            count,
        )

    async def application(self, reference: str) -> Application | None:
        return await self._one(self._application, None, reference, lambda: self._inner.application(reference))

    async def site(self, application: str | None, reference: str) -> OkubeSite | None:
        return await self._one(self._site, application, reference, lambda: self._inner.site(application, reference))

    async def point_of_interest(self, application: str | None, reference: str) -> PointOfInterest | None:
        return await self._one(
            self._poi, application, reference, lambda: self._inner.point_of_interest(application, reference)
        )

    async def campaign(self, application: str | None, reference: str) -> Campaign | None:
        return await self._one(
            self._campaign, application, reference, lambda: self._inner.campaign(application, reference)
        )

    async def study(self, application: str | None, reference: str) -> Study | None:
        return await self._one(self._study, application, reference, lambda: self._inner.study(application, reference))

    def csv(
        self, which: CsvList, encoding: CsvEncoding, application: str | None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._inner.csv(which, encoding, application)

    async def _range(
        self,
        entries: Entries[Page[Record]],
        question: tuple[object, ...],
        ask: Callable[[int, int], Awaitable[Page[Record]]],
        start: int,
        count: int,
    ) -> Page[Record]:
        """Blocks that hold the range. Where they are of different lengths of the list, it moved: read as it is now."""
        if count <= 0:
            return await ask(start, count)
        rows, edition = self.page_rows, await self._edition.current()

        async def block(index: int) -> Page[Record]:
            return await entries.value(
                (edition or self._edition.own, *question, index),
                lambda: ask(index * rows, rows),
                lambda began: LIST,
                keeps=edition is not None,
            )

        first, last = start // rows, (start + count - 1) // rows
        pages = [await block(first)]
        if pages[0].total is not None and not pages[0].end:
            last = min(last, (pages[0].total - 1) // rows)
            pages += await asyncio.gather(*(block(index) for index in range(first + 1, last + 1)))
        while not pages[-1].end and first + len(pages) <= last:
            pages.append(await block(first + len(pages)))
        if len({page.total for page in pages}) > 1:
            return await ask(start, count)
        return _together(pages, first * rows, rows, start, count)

    async def _one(
        self,
        entries: Entries[Record | None],
        application: str | None,
        reference: str,
        ask: Callable[[], Awaitable[Record | None]],
    ) -> Record | None:
        """One record, which one entry serves under its id and, where that cannot be another's id, under its keys."""
        edition = await self._edition.current()
        began, asked = self._clock(), False

        async def read() -> Record | None:
            nonlocal asked
            asked = True
            return await ask()

        found = await entries.value(
            (edition or self._edition.own, application, reference), read, lambda began: LIST, keeps=edition is not None
        )
        if asked and found is not None and edition is not None:
            for name in {found.id, *_keys(found)} - {reference}:
                if name == found.id or not _OBJECT_ID.fullmatch(name):
                    await entries.put((edition, application, name), found, began, LIST)
        return found


class CachedKpis:
    """Implements KpiAnalytics around another. A question of analytics is a read (quirk O30)."""

    def __init__(self, inner: KpiAnalytics, shelf: Shelf) -> None:
        self._inner = inner
        self._kpis: Entries[list[KpiSeriesRecord]] = Entries(shelf, "kpis", list[KpiSeriesRecord])

    async def kpis(self, ask: KpiAsk) -> list[KpiSeriesRecord]:
        return await self._kpis.value(ask, lambda: self._inner.kpis(ask), lambda began: dated(ask.days, began))


def _together(pages: list[Page[Record]], at: int, size: int, start: int, count: int) -> Page[Record]:
    """The range out of consecutive blocks of which the first begins at `at`; each record once (quirk O4)."""
    rows: list[Record] = []
    positions: list[int] = []
    seen: set[str] = set()
    reached, end = start, False
    for number, page in enumerate(pages):
        for row, position in zip(page.rows, page.positions, strict=True):
            if start <= position < start + count and row.id not in seen:
                seen.add(row.id)
                rows.append(row)
                positions.append(position)
        reached, end = page.next, page.end
        if page.next < at + (number + 1) * size:
            break
    following = max(start, min(reached, start + count))
    return Page(rows, positions, pages[0].total, following, end and reached <= start + count)


def _keys(record: AnyRecord) -> tuple[str, ...]:
    if isinstance(record, OkubeSite):
        return record.every_key
    return (record.key,) if record.key else ()
