"""Ports of what only Okube supplies: the lists of an application, their export, writes, and analytics.

`application` is an `_id` or a key; None is the configured one, or the only one the credential sees. References to
records are an `_id` or a key too, and the records say both, so that one cache entry can serve either.
Everything raises UpstreamError; an application that must be named and is not raises InputError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.domain.application import Application
from gateway.domain.campaign import Campaign, CampaignDraft, CampaignQuery
from gateway.domain.files import CsvEncoding, CsvList, File
from gateway.domain.kpi import KpiAsk, KpiSeriesRecord
from gateway.domain.okube_site import OkubeSite, SiteDraft, SiteImport, SiteQuery
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestDraft, PointOfInterestQuery
from gateway.domain.ports.pages import Page
from gateway.domain.study import Study, StudyDraft, StudyQuery
from gateway.domain.writing import Imported, Written


class OkubeRecords(Protocol):
    """Lists by absolute row range, in as few calls of `page_rows` rows as hold it; single records, None if unknown."""

    page_rows: int

    async def applications(self, start: int, count: int) -> Page[Application]: ...

    async def sites(self, application: str | None, query: SiteQuery, start: int, count: int) -> Page[OkubeSite]: ...

    async def points_of_interest(
        self, application: str | None, query: PointOfInterestQuery, start: int, count: int
    ) -> Page[PointOfInterest]: ...

    async def campaigns(
        self, application: str | None, query: CampaignQuery, start: int, count: int
    ) -> Page[Campaign]: ...

    async def studies(self, application: str | None, query: StudyQuery, start: int, count: int) -> Page[Study]: ...

    async def application(self, reference: str) -> Application | None: ...

    async def site(self, application: str | None, reference: str) -> OkubeSite | None: ...

    async def point_of_interest(self, application: str | None, reference: str) -> PointOfInterest | None: ...

    async def campaign(self, application: str | None, reference: str) -> Campaign | None: ...

    async def study(self, application: str | None, reference: str) -> Study | None: ...

    def csv(
        self, which: CsvList, encoding: CsvEncoding, application: str | None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A whole list as the vendor's own CSV, in the encoding asked: columns and quoting are not documented."""
        ...


class OkubeWrites(Protocol):
    """Each write is sent once. What the caller must mend comes back in the value, with paths below the draft.

    Raises WriteOutcomeUnknown where the vendor may have got the request and did not answer (rules.md 31).
    Updates take the record's `_id` as `reference`; one the vendor does not know is a user error NOT_FOUND at ("id",).
    """

    async def create_site(self, application: str | None, draft: SiteDraft) -> Written[OkubeSite]: ...

    async def update_site(self, application: str | None, reference: str, draft: SiteDraft) -> Written[OkubeSite]: ...

    async def import_sites(self, application: str | None, what: SiteImport) -> Imported: ...

    async def create_point_of_interest(
        self, application: str | None, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]: ...

    async def update_point_of_interest(
        self, application: str | None, reference: str, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]: ...

    async def import_points_of_interest(self, application: str | None, file: File) -> Imported: ...

    async def create_campaigns(self, application: str | None, drafts: list[CampaignDraft]) -> Written[Campaign]:
        """One entry per draft in order; paths start with ("campaigns", "<index>")."""
        ...

    async def update_campaign(
        self, application: str | None, reference: str, draft: CampaignDraft
    ) -> Written[Campaign]: ...

    async def create_studies(self, application: str | None, drafts: list[StudyDraft]) -> Written[Study]:
        """One entry per draft in order; paths start with ("studies", "<index>")."""
        ...

    async def update_study(self, application: str | None, reference: str, draft: StudyDraft) -> Written[Study]: ...


class KpiAnalytics(Protocol):
    """KPI series of a whole application or of one site."""

    async def kpis(self, ask: KpiAsk) -> list[KpiSeriesRecord]:
        """One call. Ordered by KPI and scope as asked, entities as the vendor has them.

        A scope other than GLOBAL has as many series as the vendor names entities, none included. Malformed where the
        vendor leaves out or doubles one that was asked (quirk O13). InputError for SITES below a site (rules.md 26).
        """
        ...
