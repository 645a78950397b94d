"""Writes to Okube pass through; whatever came of them, no read begun later is served from before (rules.md 30)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from gateway.cache.okube import Edition
from gateway.domain.campaign import Campaign, CampaignDraft
from gateway.domain.files import File
from gateway.domain.okube_site import OkubeSite, SiteDraft, SiteImport
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestDraft
from gateway.domain.ports.okube import OkubeWrites
from gateway.domain.study import Study, StudyDraft
from gateway.domain.writing import Imported, Written

Outcome = TypeVar("Outcome")


class TellingWrites:
    """Implements OkubeWrites around another."""

    def __init__(self, inner: OkubeWrites, edition: Edition) -> None:
        self._inner = inner
        self._edition = edition

    async def create_site(self, application: str | None, draft: SiteDraft) -> Written[OkubeSite]:
        return await self._told(self._inner.create_site(application, draft))

    async def update_site(self, application: str | None, reference: str, draft: SiteDraft) -> Written[OkubeSite]:
        return await self._told(self._inner.update_site(application, reference, draft))

    async def import_sites(self, application: str | None, what: SiteImport) -> Imported:
        return await self._told(self._inner.import_sites(application, what))

    async def create_point_of_interest(
        self, application: str | None, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]:
        return await self._told(self._inner.create_point_of_interest(application, draft))

    async def update_point_of_interest(
        self, application: str | None, reference: str, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]:
        return await self._told(self._inner.update_point_of_interest(application, reference, draft))

    async def import_points_of_interest(self, application: str | None, file: File) -> Imported:
        return await self._told(self._inner.import_points_of_interest(application, file))

    async def create_campaigns(self, application: str | None, drafts: list[CampaignDraft]) -> Written[Campaign]:
        return await self._told(self._inner.create_campaigns(application, drafts))

    async def update_campaign(self, application: str | None, reference: str, draft: CampaignDraft) -> Written[Campaign]:
        return await self._told(self._inner.update_campaign(application, reference, draft))

    async def create_studies(self, application: str | None, drafts: list[StudyDraft]) -> Written[Study]:
        return await self._told(self._inner.create_studies(application, drafts))

    async def update_study(self, application: str | None, reference: str, draft: StudyDraft) -> Written[Study]:
        return await self._told(self._inner.update_study(application, reference, draft))

    async def _told(self, write: Awaitable[Outcome]) -> Outcome:
        """A write that failed may have been carried out, and one that was cut short too."""
        try:
            return await write
        finally:
            await self._edition.written()
