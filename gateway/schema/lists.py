"""How Okube's lists are asked: the filter read, the page fetched, rows a limited caller may not see left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import strawberry

from gateway.domain.campaign import Campaign
from gateway.domain.coverage import not_covered
from gateway.domain.ports.pages import Page
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.federation.paging import PageAsk
from gateway.federation.ranges import whole
from gateway.schema.answering import connection
from gateway.schema.arguments import Info, given
from gateway.schema.campaign import CampaignFilter, campaign_query
from gateway.schema.point_of_interest import PointOfInterestFilter, point_of_interest_query
from gateway.schema.references import point_references, site_references
from gateway.schema.study import StudyFilter, study_query

CampaignFilterArgument = Annotated[CampaignFilter | None, strawberry.argument(description="Which campaigns.")]
PointOfInterestFilterArgument = Annotated[
    PointOfInterestFilter | None, strawberry.argument(description="Which points of interest.")
]
StudyFilterArgument = Annotated[StudyFilter | None, strawberry.argument(description="Which studies.")]


async def applications(info: Info, page: PageAsk) -> Any:
    """Only those the gateway is configured for may be named, and so be listed (rules.md 11)."""
    request = info.context
    port, allowed = request.catalog.supplies.records(), frozenset(request.catalog.applications)

    def seen(row: Any) -> Any:
        return row if row.id in allowed or row.key in allowed else None

    found = await request.catalog.lists.page(
        port.applications, port.page_rows, page, "applications", (request.bound,), seen if allowed else None
    )
    return connection(info, found)


async def campaigns(info: Info, filter: CampaignFilter | None, page: PageAsk) -> Any:
    """Campaigns of an application."""
    request = info.context
    port = request.catalog.supplies.records()
    application = await request.application(given(filter.application) if filter else None)
    sites, _ = await site_references(info, filter)
    query = campaign_query(filter, sites)

    async def read(start: int, count: int) -> Page[Any]:
        return await port.campaigns(application, query, start, count)

    bound = (request.bound, application, repr(query))
    seen = await seen_by(info)
    return connection(info, await request.catalog.lists.page(read, port.page_rows, page, "campaigns", bound, seen))


async def campaigns_of(info: Info, filter: CampaignFilter | None, page: PageAsk, site: DomainSite) -> Any:
    """Campaigns that name a site; those of the other sites of the same list are read along with them."""
    request = info.context
    port = request.catalog.supplies.records()
    application = await request.application(given(filter.application) if filter else None)
    named, nothing = await site_references(info, filter, site)
    query = campaign_query(filter, None)

    async def load_all(sites: list[DomainSite]) -> dict[DomainSite, Sequence[Campaign] | None]:
        if len(sites) <= 1:
            return dict.fromkeys(sites)
        names = {each: await _names(info, each) for each in sites}
        asked = msgspec.structs.replace(query, sites=tuple(name for each in names.values() for name in each[:1]))
        rows = await whole(lambda start, count: port.campaigns(application, asked, start, count), port.page_rows)
        return {each: [row for row in rows if not set(names[each]).isdisjoint(row.sites or ())] for each in sites}

    known = bool(site.okube or site.okube_id) and not nothing
    batch = request.batch(("campaigns", application, repr(query)), load_all)
    rows = await batch.load(site) if known else []

    async def read(start: int, count: int) -> Page[Any]:
        if rows is None:
            return await port.campaigns(application, msgspec.structs.replace(query, sites=named), start, count)
        return _range(rows, start, count)

    bound = (request.bound, application, repr(query), site.key)
    seen = await seen_by(info)
    found = await request.catalog.lists.page(read, port.page_rows, page, "campaigns", bound, seen)
    if not known:
        found.coverage = [not_covered(VendorKey.OKUBE)]
    return connection(info, found)


async def _names(info: Info, site: DomainSite) -> list[str]:
    """Everything Okube may call a site, the `_id` first."""
    if site.okube_id is None:
        roster = await info.context.roster()
        if roster.error is not None:
            raise roster.error
        site = roster.find(site.key) or site
    return list(dict.fromkeys(name for name in (site.okube_id, site.okube, *site.okube_keys) if name))


def _range(rows: Sequence[Any], start: int, count: int) -> Page[Any]:
    """A stretch of rows already read."""
    taken = list(rows[start : start + count])
    after = start + len(taken)
    return Page(taken, list(range(start, after)), len(rows), after, after >= len(rows))


async def studies(info: Info, filter: StudyFilter | None, page: PageAsk) -> Any:
    """Studies of an application."""
    request = info.context
    port = request.catalog.supplies.records()
    application = await request.application(given(filter.application) if filter else None)
    sites, _ = await site_references(info, filter)
    query = study_query(filter, sites, point_references(filter.points_of_interest) if filter else None)

    async def read(start: int, count: int) -> Page[Any]:
        return await port.studies(application, query, start, count)

    bound = (request.bound, application, repr(query))
    seen = await seen_by(info)
    return connection(info, await request.catalog.lists.page(read, port.page_rows, page, "studies", bound, seen))


async def points_of_interest(info: Info, filter: PointOfInterestFilter | None, page: PageAsk) -> Any:
    """Points of interest of an application: open to every caller (rules.md 38)."""
    request = info.context
    port = request.catalog.supplies.records()
    application = await request.application(given(filter.application) if filter else None)
    query = point_of_interest_query(filter)

    async def read(start: int, count: int) -> Page[Any]:
        return await port.points_of_interest(application, query, start, count)

    bound = (request.bound, application, repr(query))
    return connection(info, await request.catalog.lists.page(read, port.page_rows, page, "pointsOfInterest", bound))


async def seen_by(info: Info) -> Any:
    """What a limited caller sees of campaigns and studies: global ones and those of his sites (rules.md 38)."""
    request = info.context
    if not request.principal.limited:
        return None
    visible = {reference for site in request.visible for reference in (site.okube, site.okube_id) if reference}
    roster = await request.roster()
    visible |= {
        reference
        for site in roster.sites
        if request.principal.sees(site)
        for reference in (site.okube_id, *site.okube_keys)
        if reference
    }

    def seen(row: Any) -> Any:
        return row if not row.sites or not visible.isdisjoint(row.sites) else None

    return seen
