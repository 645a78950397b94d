"""Okube's lists and single records: asks, reads and sorts out. What is asked stands in `filters`, what comes in `wire`.

Every answer is JSON here; the vendor's CSV is only ever passed through, by `csv`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from gateway.domain.application import Application
from gateway.domain.campaign import Campaign, CampaignQuery
from gateway.domain.errors import Malformed, Rejected
from gateway.domain.files import CsvEncoding, CsvList
from gateway.domain.okube_site import OkubeSite, SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestQuery
from gateway.domain.ports.pages import Page
from gateway.domain.study import Study, StudyQuery
from gateway.domain.vendor import VendorKey
from gateway.upstream.decode import decode
from gateway.vendors.okube import filters, mapping, paging, wire
from gateway.vendors.okube.caller import PAGE_ROWS, Caller
from gateway.vendors.okube.filters import Pairs
from gateway.vendors.okube.mapping import Order
from gateway.vendors.okube.routes import can_exist, fits_a_path

Document = TypeVar("Document")
AnyRecord = Application | OkubeSite | PointOfInterest | Campaign | Study
Record = TypeVar("Record", bound=AnyRecord)
Timed = TypeVar("Timed", bound=Campaign | Study)

ENCODINGS = {CsvEncoding.UTF8: "utf8", CsvEncoding.ISO_8859_1: "iso-8859-1", CsvEncoding.WINDOWS_1252: "windows-1252"}

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")


class Noun(msgspec.Struct, Generic[Document, Record], frozen=True):
    """How one noun is listed: its route, the shape of its documents, and how they become records."""

    route: str
    page: type[wire.Documents[Document]]
    document: type[Document]
    record: Callable[[Document, str], Record]


_APPLICATIONS = Noun(
    "list_applications", wire.Documents[wire.ApplicationDocument], wire.ApplicationDocument, mapping.application
)
_CAMPAIGNS = Noun("list_campaigns", wire.Documents[wire.CampaignDocument], wire.CampaignDocument, mapping.campaign)
_STUDIES = Noun("list_studies", wire.Documents[wire.StudyDocument], wire.StudyDocument, mapping.study)


def _sites(order: Order, asked: SiteKind | None) -> Noun[wire.SiteDocument, OkubeSite]:
    record = mapping.site_in(order, asked)
    return Noun("list_sites", wire.Documents[wire.SiteDocument], wire.SiteDocument, record)


class Records:
    """Port OkubeRecords. `order`: how coordinates stand on the wire."""

    vendor = VendorKey.OKUBE
    page_rows = PAGE_ROWS

    def __init__(self, caller: Caller, order: Order) -> None:
        self._caller = caller
        self._order: Order = order
        record = mapping.point_of_interest_in(order)
        self._pois = Noun("list_pois", wire.Documents[wire.PoiDocument], wire.PoiDocument, record)
        self._sites = {asked: _sites(order, asked) for asked in (None, *SiteKind)}

    async def applications(self, start: int, count: int) -> Page[Application]:
        return await paging.read(self._pages(_APPLICATIONS, {}, ()), start, count, _id)

    def sites(
        self, application: str | None, query: SiteQuery, start: int, count: int
    ) -> Coroutine[Any, Any, Page[OkubeSite]]:
        return self._list(self._sites[query.kind], application, filters.sites(query), start, count)

    async def points_of_interest(
        self, application: str | None, query: PointOfInterestQuery, start: int, count: int
    ) -> Page[PointOfInterest]:
        return await self._list(self._pois, application, filters.points_of_interest(query), start, count)

    async def campaigns(self, application: str | None, query: CampaignQuery, start: int, count: int) -> Page[Campaign]:
        return await self._timed(_CAMPAIGNS, application, query, filters.campaigns(query), start, count)

    async def studies(self, application: str | None, query: StudyQuery, start: int, count: int) -> Page[Study]:
        return await self._timed(_STUDIES, application, query, filters.studies(query), start, count)

    async def application(self, reference: str) -> Application | None:
        if not (can_exist(reference) and fits_a_path(reference)):
            return None
        return await self._one(_APPLICATIONS, "get_application", {"app": reference}, reference)

    async def site(self, application: str | None, reference: str) -> OkubeSite | None:
        return await self._by_path(self._sites[None], "get_site", "site", application, reference)

    async def point_of_interest(self, application: str | None, reference: str) -> PointOfInterest | None:
        return await self._by_path(self._pois, "get_poi", "poi", application, reference)

    async def campaign(self, application: str | None, reference: str) -> Campaign | None:
        return await self._by_id_then_key(_CAMPAIGNS, "get_campaign", "campaign", application, reference)

    async def study(self, application: str | None, reference: str) -> Study | None:
        return await self._by_id_then_key(_STUDIES, "get_study", "study", application, reference)

    @asynccontextmanager
    async def csv(
        self, which: CsvList, encoding: CsvEncoding, application: str | None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """See the port. Campaigns come with their extra fields, as in the lists."""
        route = f"list_{which.value}"
        app = await self._caller.application(application)
        query: Pairs = (("encoding", ENCODINGS[encoding]), *self._application_pair(route, app))
        if which is CsvList.CAMPAIGNS:
            query = (*query, ("with_extra", "true"))
        async with self._caller.stream(route, {"app": app}, query, "text/csv") as chunks:
            yield chunks

    async def _list(
        self, noun: Noun[Document, Record], application: str | None, pairs: Pairs | None, start: int, count: int
    ) -> Page[Record]:
        """A query too long for one URL is read in parts, each whole, and cut here: the parts share rows."""
        if pairs is None:
            return Page([], [], 0, start, end=True)
        app = await self._caller.application(application)
        pairs = (*pairs, *self._application_pair(noun.route, app))
        parts = [self._pages(noun, {"app": app}, part) for part in filters.parts(pairs)]
        if len(parts) == 1:
            return await paging.read(parts[0], start, count, _id)
        rows = [row for part in parts for row in await paging.read_all(part, _id)]
        whole = paging.unique(rows, 0, None, _id, end=True).rows
        taken = whole[start : start + count]
        return paging.unique(taken, start, len(whole), _id, end=start + len(taken) >= len(whole))

    async def _timed(
        self,
        noun: Noun[Document, Timed],
        application: str | None,
        query: CampaignQuery | StudyQuery,
        pairs: Pairs | None,
        start: int,
        count: int,
    ) -> Page[Timed]:
        """Rows without those that are not meant (quirk O19), at the vendor's positions.

        Whole pages are looked through: they cost nothing more, and a list read to its end has an exact total again.
        """
        if not filters.by_instants(query):
            return await self._list(noun, application, pairs, start, count)
        first, stop = start - start % PAGE_ROWS, -(-(start + count) // PAGE_ROWS) * PAGE_ROWS
        read = await self._list(noun, application, pairs, first, stop - first)
        kept = [(row, at) for row, at in zip(read.rows, read.positions, strict=True) if filters.belongs(row, query)]
        taken = [(row, at) for row, at in kept if start <= at < start + count]
        after = min(start + count, read.next)
        return Page(
            rows=[row for row, _ in taken],
            positions=[at for _, at in taken],
            total=len(kept) if first == 0 and read.end else None,
            next=after,
            end=read.end and not any(at >= after for _, at in kept),
        )

    def _application_pair(self, route: str, app: str) -> Pairs:
        return () if self._caller.takes(route, "app") else (("app", app),)

    def _pages(self, noun: Noun[Document, Record], places: dict[str, str], pairs: Pairs) -> paging.Fetch[Record]:
        async def fetch(number: int, size: int) -> paging.Sheet[Record]:
            query = (("page", str(number)), ("per_page", str(size)), *pairs)
            answer = await self._caller.read(noun.route, places, query)
            page = decode(self.vendor, answer, noun.page)
            rows = list(map(noun.record, page.documents, _places(len(page.documents))))
            return paging.Sheet(rows, page.paginated)

        return fetch

    async def _one(
        self, noun: Noun[Document, Record], route: str, places: dict[str, str], reference: str
    ) -> Record | None:
        """The record, if it is the one asked: what looks like an id may be another's key (quirk O6)."""
        try:
            answer = await self._caller.read(route, places)
        except Rejected as refusal:
            if refusal.status == 404:
                return None
            raise
        found = noun.record(decode(self.vendor, answer, noun.document), "$")
        if _OBJECT_ID.fullmatch(reference) and found.id.lower() != reference.lower() and reference not in _keys(found):
            raise Malformed(self.vendor, "Okube answered with another record than the one asked.", member="$._id")
        return found

    async def _by_path(
        self, noun: Noun[Document, Record], route: str, place: str, application: str | None, reference: str
    ) -> Record | None:
        """By id or key in one route; a key that a path cannot carry is looked up in the list."""
        if not can_exist(reference):
            return None
        app = await self._caller.application(application)
        if not fits_a_path(reference):
            return await self._by_key(noun, app, reference)
        return await self._one(noun, route, {"app": app, place: reference}, reference)

    async def _by_id_then_key(
        self, noun: Noun[Document, Timed], route: str, place: str, application: str | None, reference: str
    ) -> Timed | None:
        """The path takes ids only, whatever the prose says of keys; a key may look like an id (quirk O6)."""
        if not can_exist(reference):
            return None
        app = await self._caller.application(application)
        found = None
        if _OBJECT_ID.fullmatch(reference):
            found = await self._one(noun, route, {"app": app, place: reference}, reference)
        return found or await self._by_key(noun, app, reference)

    async def _by_key(self, noun: Noun[Document, Record], app: str, key: str) -> Record | None:
        pairs = (("keys", key), *self._application_pair(noun.route, app))
        if noun.route == "list_campaigns":
            pairs = (*pairs, ("with_extra", "true"))
        page = await paging.read(self._pages(noun, {"app": app}, pairs), 0, PAGE_ROWS, _id)
        return next((row for row in page.rows if key in _keys(row)), None)


@lru_cache(maxsize=128)
def _places(count: int) -> tuple[str, ...]:
    """Where the documents of a page stand in it."""
    return tuple(f"$.documents[{index}]" for index in range(count))


_id: Callable[[AnyRecord], str] = attrgetter("id")


def _keys(record: AnyRecord) -> tuple[str | None, ...]:
    return record.every_key if isinstance(record, OkubeSite) else (record.key,)
