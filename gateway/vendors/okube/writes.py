"""Creates, updates and imports of each noun: drafts become checked bodies here, and are sent by `sending`.

Nothing here asks, retries or keeps anything.
"""

from __future__ import annotations

from gateway.domain.campaign import Campaign, CampaignDraft
from gateway.domain.files import File
from gateway.domain.okube_site import OkubeSite, SiteDraft, SiteImport
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestDraft
from gateway.domain.study import Study, StudyDraft
from gateway.domain.vendor import VendorKey
from gateway.domain.writing import Imported, Written
from gateway.vendors.okube import bodies, checks, mapping, wire
from gateway.vendors.okube.caller import Caller
from gateway.vendors.okube.lists import Records
from gateway.vendors.okube.mapping import Order
from gateway.vendors.okube.sending import Item, Noun, Sender


class Writes:
    """Port OkubeWrites. `records` reads back what the vendor answered without a body (204)."""

    vendor = VendorKey.OKUBE

    def __init__(self, caller: Caller, records: Records, order: Order) -> None:
        self._sender = Sender(caller)
        self._order: Order = order
        site, poi = mapping.site_in(order), mapping.point_of_interest_in(order)
        self._sites = Noun("create_site", "update_site", "site", wire.SiteDocument, site, records.site)
        self._pois = Noun("create_poi", "update_poi", "poi", wire.PoiDocument, poi, records.point_of_interest)
        self._campaigns = Noun(
            "create_campaigns", "update_campaign", "campaign", wire.CampaignDocument, mapping.campaign, records.campaign
        )
        self._studies = Noun(
            "create_studies", "update_study", "study", wire.StudyDocument, mapping.study, records.study
        )

    async def create_site(self, application: str | None, draft: SiteDraft) -> Written[OkubeSite]:
        return await self._sender.create(self._sites, application, self._site(draft, creating=True))

    async def update_site(self, application: str | None, reference: str, draft: SiteDraft) -> Written[OkubeSite]:
        return await self._sender.update(self._sites, application, reference, self._site(draft, creating=False))

    async def import_sites(self, application: str | None, what: SiteImport) -> Imported:
        return await self._sender.imported(
            "import_sites", application, bodies.site_import(what), what.file, checks.site_import(what)
        )

    async def create_point_of_interest(
        self, application: str | None, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]:
        return await self._sender.create(self._pois, application, self._poi(draft, creating=True))

    async def update_point_of_interest(
        self, application: str | None, reference: str, draft: PointOfInterestDraft
    ) -> Written[PointOfInterest]:
        return await self._sender.update(self._pois, application, reference, self._poi(draft, creating=False))

    async def import_points_of_interest(self, application: str | None, file: File) -> Imported:
        """The route that creates one, with a form: rows whose key is known are updated (document, Create)."""
        return await self._sender.imported("create_poi", application, {}, file, checks.file(file))

    async def create_campaigns(self, application: str | None, drafts: list[CampaignDraft]) -> Written[Campaign]:
        faults = checks.drafts(drafts)
        items = [
            Item(bodies.campaign(draft, creating=True), faults.get(index, ()), _key(draft))
            for index, draft in enumerate(drafts)
        ]
        return await self._sender.create_several(self._campaigns, "campaigns", application, items)

    async def update_campaign(self, application: str | None, reference: str, draft: CampaignDraft) -> Written[Campaign]:
        item = Item(bodies.campaign(draft, creating=False), checks.draft(draft, creating=False))
        return await self._sender.update(self._campaigns, application, reference, item)

    async def create_studies(self, application: str | None, drafts: list[StudyDraft]) -> Written[Study]:
        faults = checks.drafts(drafts)
        items = [
            Item(bodies.study(draft, creating=True), faults.get(index, ()), _key(draft))
            for index, draft in enumerate(drafts)
        ]
        return await self._sender.create_several(self._studies, "studies", application, items)

    async def update_study(self, application: str | None, reference: str, draft: StudyDraft) -> Written[Study]:
        item = Item(bodies.study(draft, creating=False), checks.draft(draft, creating=False))
        return await self._sender.update(self._studies, application, reference, item)

    def _site(self, draft: SiteDraft, *, creating: bool) -> Item:
        members = bodies.site(draft, self._order, creating=creating)
        return Item(members, checks.draft(draft, creating=creating), _key(draft), bodies.thumbnail(draft))

    def _poi(self, draft: PointOfInterestDraft, *, creating: bool) -> Item:
        members = bodies.point_of_interest(draft, self._order, creating=creating)
        return Item(members, checks.draft(draft, creating=creating), _key(draft))


def _key(draft: checks.Draft) -> str | None:
    return draft.key if isinstance(draft.key, str) else None
