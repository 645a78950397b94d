"""The fields of Query. Each needs scope `read`, but for `viewer`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.access.scopes import Scope
from gateway.domain.engagement import ComebackWindow, DwellThreshold, EngagementInterval, EngagementTerms
from gateway.domain.errors import GatewayError, InputError
from gateway.domain.kpi import (
    ConversionScope,
    GeoMarketingScope,
    KpiAsk,
    KpiGranularity,
    KpiMode,
    KpiModule,
    PresenceScope,
)
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.execution.rows import RAW, UNSHARED
from gateway.federation.buckets import Granularity
from gateway.federation.directory import by_reference
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema import lists, vendor
from gateway.schema.answering import connection, rooted
from gateway.schema.application import ApplicationConnection
from gateway.schema.arguments import (
    After,
    Before,
    DaysArgument,
    Direction,
    First,
    Info,
    Last,
    SitesArgument,
    WindowArgument,
    days_of,
    given,
    list_page,
    rows_page,
    window_of,
)
from gateway.schema.campaign import CampaignConnection
from gateway.schema.count import SiteCount, counts
from gateway.schema.engagement import (
    AudiencesArgument,
    BounceArgument,
    ComebackArgument,
    EngagedArgument,
    EngagementSeries,
    IntervalArgument,
    series,
)
from gateway.schema.enums import SortDirection
from gateway.schema.footfall import merged
from gateway.schema.guest import GuestLease, leases
from gateway.schema.kpi import (
    ApplicationArgument,
    ConversionKpisArgument,
    ConversionScopesArgument,
    FiltersArgument,
    GeoMarketingKpisArgument,
    GeoMarketingScopesArgument,
    KpiGranularityArgument,
    KpiSeries,
    ModeArgument,
    PresenceKpisArgument,
    PresenceScopesArgument,
    StudyArgument,
    UpliftArgument,
    of_application,
    study_of,
)
from gateway.schema.lists import CampaignFilterArgument, PointOfInterestFilterArgument, StudyFilterArgument
from gateway.schema.node import Node, decode, site_key
from gateway.schema.occupancy import OccupancyConnection
from gateway.schema.point_of_interest import PointOfInterestConnection
from gateway.schema.records import record_by_id
from gateway.schema.selection import selected_within
from gateway.schema.session import SessionConnection
from gateway.schema.sessions import session_page
from gateway.schema.site import (
    FilterArgument,
    GranularityArgument,
    Site,
    SiteBy,
    SiteConnection,
    SiteFilter,
    SiteOrder,
    site_ask,
)
from gateway.schema.study import StudyConnection
from gateway.schema.vendor import Vendor, Viewer
from gateway.schema.visit import VisitConnection

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="Global id.")]
IdsArgument = Annotated[list[strawberry.ID], strawberry.argument(description="Global ids, at most 1,000.")]
ByArgument = Annotated[SiteBy, strawberry.argument(description="Exactly one way to name it.")]
SiteFilterArgument = Annotated[SiteFilter | None, strawberry.argument(description="Which sites.")]
SiteOrderArgument = Annotated[SiteOrder | None, strawberry.argument(description="How to sort them.")]
EngagementSitesArgument = Annotated[
    list[strawberry.ID], strawberry.argument(description="Global ids of the sites asked, at most 1,000.")
]
OnlineArgument = Annotated[
    bool | None, strawberry.argument(description="Only logins that are online now, or only those that are not.")
]
AddressesArgument = Annotated[
    list[str], strawberry.argument(description="IPv4 or IPv6 addresses on the venues' Wi-Fi, at most 1,000.")
]


async def _asked(info: Info, sites: list[strawberry.ID] | None) -> tuple[DomainSite, ...]:
    """The sites of an argument, or every site of the crosswalk the caller sees."""
    named = given(sites)
    if named is None:
        return info.context.visible
    return await info.context.sites([site_key(text) for text in named], ("sites",))


async def _by_id(info: Info, text: str) -> object | None:
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
    return await _by_id(info, id)  # type: ignore[return-value]  # a source of one of the types


async def _nodes(info: Info, ids: IdsArgument) -> list[Node | None]:
    info.context.require(Scope.READ)
    if len(ids) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} ids can be asked.", ("ids",))

    async def one(text: str) -> object | None:
        try:
            return await _by_id(info, text)
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
    bound = (request.bound, repr(ask))
    return connection(info, await request.catalog.sites.page(ask, page, roster, request.principal.sees, bound))


@rooted
async def _sessions(
    info: Info,
    window: WindowArgument,
    filter: FilterArgument = UNSET,
    direction: Direction = SortDirection.ASC,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> SessionConnection | None:
    page = rows_page(info, first, after, last, before)
    return await session_page(info, window, given(filter), direction, page)


@rooted
async def _visits(
    info: Info,
    window: WindowArgument,
    sites: SitesArgument = UNSET,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> VisitConnection | None:
    page = rows_page(info, first, after, last, before)
    return await merged(info, info.context.catalog.visits, await _asked(info, sites), window, granularity, page)


@rooted
async def _occupancy(
    info: Info,
    window: WindowArgument,
    sites: SitesArgument = UNSET,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> OccupancyConnection | None:
    page = rows_page(info, first, after, last, before)
    return await merged(info, info.context.catalog.occupancy, await _asked(info, sites), window, granularity, page)


@rooted
async def _session_counts(info: Info, window: WindowArgument, sites: SitesArgument = UNSET) -> list[SiteCount] | None:
    span, figures = window_of(window), info.context.catalog.counts
    asked = await _asked(info, sites)
    return await counts(info, asked, lambda some: figures.sessions(some, span))  # type: ignore[return-value]


@rooted
async def _unique_user_counts(
    info: Info, window: WindowArgument, sites: SitesArgument = UNSET
) -> list[SiteCount] | None:
    span, figures = window_of(window), info.context.catalog.counts
    asked = await _asked(info, sites)
    return await counts(info, asked, lambda some: figures.users(some, span))  # type: ignore[return-value]


@rooted
async def _guest_session_counts(
    info: Info, days: DaysArgument, sites: SitesArgument = UNSET, online: OnlineArgument = UNSET
) -> list[SiteCount] | None:
    span, figures = days_of(days), info.context.catalog.counts
    asked = await _asked(info, sites)
    return await counts(info, asked, lambda some: figures.guests(some, span, given(online)))  # type: ignore[return-value]


async def _guests_by_ip(info: Info, addresses: AddressesArgument) -> list[GuestLease | None]:
    info.context.require(Scope.READ)
    return await leases(info, addresses)  # type: ignore[return-value]


@rooted
async def _engagement(
    info: Info,
    sites: EngagementSitesArgument,
    days: DaysArgument,
    interval: IntervalArgument = EngagementInterval.DAILY,
    comeback: ComebackArgument = ComebackWindow.TWO_WEEKS,
    bounce_threshold: BounceArgument = DwellThreshold.FIVE_MINUTES,
    engagement_threshold: EngagedArgument = DwellThreshold.TWENTY_MINUTES,
    audiences: AudiencesArgument = UNSET,
) -> list[EngagementSeries] | None:
    terms = EngagementTerms(interval, comeback, bounce_threshold, engagement_threshold)
    return await series(info, await _asked(info, sites), days_of(days), terms, audiences)


@rooted
async def _applications(
    info: Info, first: First = UNSET, after: After = UNSET, last: Last = UNSET, before: Before = UNSET
) -> ApplicationConnection | None:
    return await lists.applications(info, list_page(info, first, after, last, before))


@rooted
async def _campaigns(
    info: Info,
    filter: CampaignFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> CampaignConnection | None:
    return await lists.campaigns(info, given(filter), list_page(info, first, after, last, before))


@rooted
async def _points_of_interest(
    info: Info,
    filter: PointOfInterestFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> PointOfInterestConnection | None:
    return await lists.points_of_interest(info, given(filter), list_page(info, first, after, last, before))


@rooted
async def _studies(
    info: Info,
    filter: StudyFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> StudyConnection | None:
    return await lists.studies(info, given(filter), list_page(info, first, after, last, before))


@rooted
async def _geo_marketing(
    info: Info,
    study: StudyArgument,
    days: DaysArgument,
    kpis: GeoMarketingKpisArgument,
    application: ApplicationArgument = UNSET,
    mode: ModeArgument = KpiMode.HISTOGRAM,
    granularity: KpiGranularityArgument = KpiGranularity.DAY,
    scopes: GeoMarketingScopesArgument = (GeoMarketingScope.GLOBAL,),  # type: ignore[assignment]
    uplift: UpliftArgument = True,
    filters: FiltersArgument = UNSET,
) -> list[KpiSeries] | None:
    ask = KpiAsk(
        KpiModule.GEO_MARKETING,
        days_of(days),
        tuple(kpis),
        tuple(scopes),
        application=await info.context.application(given(application)),
        study=study_of(study),
        mode=mode,
        granularity=granularity,
        uplift=uplift,
        filters=given(filters),
    )
    return await of_application(info, ask)


@rooted
async def _conversion(
    info: Info,
    days: DaysArgument,
    kpis: ConversionKpisArgument,
    application: ApplicationArgument = UNSET,
    mode: ModeArgument = KpiMode.HISTOGRAM,
    granularity: KpiGranularityArgument = KpiGranularity.DAY,
    scopes: ConversionScopesArgument = (ConversionScope.GLOBAL,),  # type: ignore[assignment]
    uplift: UpliftArgument = True,
    filters: FiltersArgument = UNSET,
) -> list[KpiSeries] | None:
    ask = KpiAsk(
        KpiModule.CONVERSION,
        days_of(days),
        tuple(kpis),
        tuple(scopes),
        application=await info.context.application(given(application)),
        mode=mode,
        granularity=granularity,
        uplift=uplift,
        filters=given(filters),
    )
    return await of_application(info, ask)


@rooted
async def _presence(
    info: Info,
    days: DaysArgument,
    kpis: PresenceKpisArgument,
    application: ApplicationArgument = UNSET,
    mode: ModeArgument = KpiMode.HISTOGRAM,
    granularity: KpiGranularityArgument = KpiGranularity.DAY,
    scopes: PresenceScopesArgument = (PresenceScope.GLOBAL,),  # type: ignore[assignment]
    filters: FiltersArgument = UNSET,
) -> list[KpiSeries] | None:
    ask = KpiAsk(
        KpiModule.PRESENCE,
        days_of(days),
        tuple(kpis),
        tuple(scopes),
        application=await info.context.application(given(application)),
        mode=mode,
        granularity=granularity,
        filters=given(filters),
    )
    return await of_application(info, ask)


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
        resolver=_sessions,
        description="Stays of people that started in the window, merged over every vendor that records them, oldest "
        "first unless asked otherwise.",
    )
    visits: VisitConnection | None = strawberry.field(
        resolver=_visits, description="Door counts, oldest first, site by site merged by time."
    )
    occupancy: OccupancyConnection | None = strawberry.field(
        resolver=_occupancy, description="People inside, oldest first, site by site merged by time."
    )
    session_counts: list[SiteCount] | None = strawberry.field(
        resolver=_session_counts, description="Sessions counted by the vendor (Bespot), per site."
    )
    unique_user_counts: list[SiteCount] | None = strawberry.field(
        resolver=_unique_user_counts,
        description="Distinct app users counted by the vendor (Bespot), per site. "
        "Never add these over sites or windows.",
    )
    guest_session_counts: list[SiteCount] | None = strawberry.field(
        resolver=_guest_session_counts,
        description="Guest Wi-Fi logins counted by the vendor over its own days, per site.",
    )
    guests_by_ip: list[GuestLease | None] = strawberry.field(
        resolver=_guests_by_ip,
        metadata={RAW: True, UNSHARED: True},
        description="Who holds these Wi-Fi addresses now, and for how long. Needs scope pii:read. At most 1000 "
        "addresses; answers in the order asked, null where unknown.",
    )
    engagement: list[EngagementSeries] | None = strawberry.field(
        resolver=_engagement, description="Shopster's grouped metrics for several sites at once."
    )
    applications: ApplicationConnection | None = strawberry.field(
        resolver=_applications,
        description="Client accounts at Okube. Arguments named `application` take an Okube `_id` or key.",
    )
    campaigns: CampaignConnection | None = strawberry.field(
        resolver=_campaigns, description="Marketing campaigns, as Okube lists them."
    )
    points_of_interest: PointOfInterestConnection | None = strawberry.field(
        resolver=_points_of_interest, description="Points of interest, as Okube lists them."
    )
    studies: StudyConnection | None = strawberry.field(
        resolver=_studies, description="Geo-marketing studies, as Okube lists them."
    )
    geo_marketing: list[KpiSeries] | None = strawberry.field(
        resolver=_geo_marketing,
        description="Okube's geo-marketing figures of a whole application, within one study. Omit `application` for "
        "the configured one.",
    )
    conversion: list[KpiSeries] | None = strawberry.field(
        resolver=_conversion, description="Okube's conversion figures of a whole application."
    )
    presence: list[KpiSeries] | None = strawberry.field(
        resolver=_presence, description="Okube's presence figures of a whole application."
    )
    vendors: list[Vendor] = strawberry.field(
        resolver=_vendors, description="State of each vendor: quota, breaker, freshness.", metadata={UNSHARED: True}
    )
    viewer: Viewer = strawberry.field(
        resolver=_viewer, description="Who the gateway thinks is asking.", metadata={UNSHARED: True}
    )
