"""The fields of Query. Each needs scope `read`, but for `viewer`."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.access.scopes import Scope
from gateway.domain.errors import GatewayError, InputError
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.execution.rows import RAW, UNSHARED
from gateway.federation.directory import by_reference
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema import engagement_fields, footfall_fields, kpi_fields, list_fields, session_fields, vendor
from gateway.schema.answering import connection, rooted
from gateway.schema.application import ApplicationConnection
from gateway.schema.arguments import (
    After,
    Before,
    First,
    Info,
    Last,
    given,
    list_page,
)
from gateway.schema.campaign import CampaignConnection
from gateway.schema.count import SiteCount
from gateway.schema.engagement import (
    EngagementSeries,
)
from gateway.schema.guest import GuestLease
from gateway.schema.kpi import (
    KpiSeries,
)
from gateway.schema.node import Node, decode, site_key
from gateway.schema.occupancy import OccupancyConnection
from gateway.schema.point_of_interest import PointOfInterestConnection
from gateway.schema.records import record_by_id
from gateway.schema.selection import selected_within
from gateway.schema.session import SessionConnection
from gateway.schema.site import Site, SiteConnection
from gateway.schema.site_input import SiteBy, SiteFilter, SiteOrder, site_ask
from gateway.schema.study import StudyConnection
from gateway.schema.vendor import Vendor, Viewer
from gateway.schema.visit import VisitConnection

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="Global id.")]
IdsArgument = Annotated[list[strawberry.ID], strawberry.argument(description="Global ids, at most 1,000.")]
ByArgument = Annotated[SiteBy, strawberry.argument(description="Exactly one way to name it.")]
SiteFilterArgument = Annotated[SiteFilter | None, strawberry.argument(description="Which sites.")]
SiteOrderArgument = Annotated[SiteOrder | None, strawberry.argument(description="How to sort them.")]


async def by_id(info: Info, text: str) -> object | None:
    """What an id names, as far as the caller may see it (rules.md 8)."""
    found = decode(text)
    if found is None:
        return None
    kind, key = found
    if kind == "Site":
        return await info.context.site(key)
    return await record_by_id(info, kind, key)


@rooted
async def _node(info: Info, id: IdArgument) -> Node | None:
    return await by_id(info, id)  # type: ignore[return-value]  # a source of one of the types


async def _nodes(info: Info, ids: IdsArgument) -> list[Node | None]:
    info.context.require(Scope.READ)
    if len(ids) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} ids can be asked.", ("ids",))

    async def one(text: str) -> object | None:
        try:
            return await by_id(info, text)
        except GatewayError as error:
            info.context.fail(error, info._raw_info)  # noqa: SLF001
            return None

    return list(await asyncio.gather(*(one(text) for text in ids)))  # type: ignore[arg-type]


@rooted
async def _site(info: Info, by: ByArgument) -> Site | None:
    request = info.context
    if by.id is not None:
        key = site_key(by.id.value)
        return await request.site(key) if key else None  # type: ignore[return-value]
    if by.key is not None:
        return await request.site(by.key.value)  # type: ignore[return-value]
    assert by.code is not None, "one member is set: the schema says so"
    return await _site_by_code(info, by.code.value.vendor, by.code.value.code)  # type: ignore[return-value]


async def _site_by_code(info: Info, of: VendorKey, code: str) -> DomainSite | None:
    request = info.context
    site = request.catalog.crosswalk.claimed(of).get(code)
    if site is None and of is VendorKey.OKUBE:
        roster = await request.roster()
        if roster.error is not None:
            raise roster.error
        site = by_reference(roster.sites).get(code)
    return site if site is not None and request.principal.sees(site) else None


_text_of = lru_cache(256)(repr)


@rooted
async def _sites(
    info: Info,
    filter: SiteFilterArgument = UNSET,
    order_by: SiteOrderArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> SiteConnection | None:
    request = info.context
    ask = site_ask(given(filter), given(order_by))
    page = list_page(info, first, after, last, before)
    kinds = ask.kind is not None or "kind" in selected_within(info, "nodes", "node")
    roster = await request.roster(await request.application(ask.application), kinds=kinds)
    if roster.error is not None and ask.kind is not None:
        raise roster.error
    bound = (request.bound, _text_of(ask))
    visible = request.principal.sees if request.principal.limited else None
    return connection(info, await request.catalog.sites.page(ask, page, roster, visible, bound))


async def _vendors(info: Info) -> list[Vendor]:
    info.context.require(Scope.READ)
    return await vendor.vendors(info)


def _viewer(info: Info) -> Viewer:
    principal = info.context.principal
    return Viewer(name=principal.name or principal.label, scopes=sorted(str(scope) for scope in principal.scopes))


@strawberry.type(description="Everything that can be read.")
class Query:
    """Root of reads."""

    node: Node | None = strawberry.field(
        resolver=_node, description="Anything that has a global id; null where there is none or it is not the caller's."
    )
    nodes: list[Node | None] = strawberry.field(
        resolver=_nodes, description="Several at once, in the order asked, null in place where there is none."
    )
    site: Site | None = strawberry.field(
        resolver=_site, description="One site, by exactly one of: global id, the gateway's own key, a vendor's code."
    )
    sites: SiteConnection | None = strawberry.field(
        resolver=_sites, description="Sites of the crosswalk by key, then those that only Okube knows."
    )
    sessions: SessionConnection | None = strawberry.field(
        resolver=session_fields.sessions,
        description="Stays of people that started in the window, merged over every vendor that records them, oldest "
        "first unless asked otherwise.",
    )
    visits: VisitConnection | None = strawberry.field(
        resolver=footfall_fields.visits, description="Door counts, oldest first, site by site merged by time."
    )
    occupancy: OccupancyConnection | None = strawberry.field(
        resolver=footfall_fields.occupancy, description="People inside, oldest first, site by site merged by time."
    )
    session_counts: list[SiteCount] | None = strawberry.field(
        resolver=session_fields.session_counts, description="Sessions counted by the vendor (Bespot), per site."
    )
    unique_user_counts: list[SiteCount] | None = strawberry.field(
        resolver=session_fields.unique_user_counts,
        description="Distinct app users counted by the vendor (Bespot), per site. "
        "Never add these over sites or windows.",
    )
    guest_session_counts: list[SiteCount] | None = strawberry.field(
        resolver=session_fields.guest_session_counts,
        description="Guest Wi-Fi logins counted by the vendor over its own days, per site.",
    )
    guests_by_ip: list[GuestLease | None] = strawberry.field(
        resolver=session_fields.guests_by_ip,
        metadata={RAW: True, UNSHARED: True},
        description="Who holds these Wi-Fi addresses now, and for how long. Needs scope pii:read. At most 1000 "
        "addresses; answers in the order asked, null where unknown.",
    )
    engagement: list[EngagementSeries] | None = strawberry.field(
        resolver=engagement_fields.engagement, description="Shopster's grouped metrics for several sites at once."
    )
    applications: ApplicationConnection | None = strawberry.field(
        resolver=list_fields.applications,
        description="Client accounts at Okube. Arguments named `application` take an Okube `_id` or key.",
    )
    campaigns: CampaignConnection | None = strawberry.field(
        resolver=list_fields.campaigns, description="Marketing campaigns, as Okube lists them."
    )
    points_of_interest: PointOfInterestConnection | None = strawberry.field(
        resolver=list_fields.points_of_interest, description="Points of interest, as Okube lists them."
    )
    studies: StudyConnection | None = strawberry.field(
        resolver=list_fields.studies, description="Geo-marketing studies, as Okube lists them."
    )
    geo_marketing: list[KpiSeries] | None = strawberry.field(
        resolver=kpi_fields.geo_marketing,
        description="Okube's geo-marketing figures of a whole application, within one study. Omit `application` for "
        "the configured one.",
    )
    conversion: list[KpiSeries] | None = strawberry.field(
        resolver=kpi_fields.conversion, description="Okube's conversion figures of a whole application."
    )
    presence: list[KpiSeries] | None = strawberry.field(
        resolver=kpi_fields.presence, description="Okube's presence figures of a whole application."
    )
    vendors: list[Vendor] = strawberry.field(
        resolver=_vendors, description="State of each vendor: quota, breaker, freshness.", metadata={UNSHARED: True}
    )
    viewer: Viewer = strawberry.field(
        resolver=_viewer, description="Who the gateway thinks is asking.", metadata={UNSHARED: True}
    )
