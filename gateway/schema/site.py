"""Sites: one store, venue or online property, however many vendors know it under however many codes."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from gateway.domain.engagement import ComebackWindow, DwellThreshold, EngagementInterval, EngagementTerms
from gateway.domain.errors import InputError
from gateway.domain.kpi import (
    ConversionScope,
    GeoMarketingScope,
    KpiAsk,
    KpiGranularity,
    KpiMode,
    KpiModule,
    PresenceScope,
)
from gateway.domain.okube_site import SiteQuery
from gateway.domain.site import Site as DomainSite
from gateway.domain.site import SiteKind
from gateway.domain.vendor import VendorKey
from gateway.execution.rows import JOINED, Reads
from gateway.federation.buckets import Granularity
from gateway.federation.sites import SiteAsk
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema import connection
from gateway.schema.answering import nullable, rooted
from gateway.schema.arguments import (
    After,
    Before,
    DaysArgument,
    Direction,
    First,
    Info,
    Last,
    WindowArgument,
    days_of,
    given,
    list_page,
    rows_page,
    window_of,
)
from gateway.schema.campaign import CampaignConnection
from gateway.schema.connection import PageInfo
from gateway.schema.coordinates import Coordinates
from gateway.schema.count import count_of
from gateway.schema.coverage import Coverage
from gateway.schema.engagement import (
    AudiencesArgument,
    BounceArgument,
    ComebackArgument,
    EngagedArgument,
    EngagementSeries,
    IntervalArgument,
    series_of,
)
from gateway.schema.enums import SiteOrderField, SortDirection
from gateway.schema.footfall import of_site, of_sites
from gateway.schema.kpi import (
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
    study_of,
)
from gateway.schema.kpi import of_site as of_site_kpis
from gateway.schema.lists import CampaignFilterArgument, campaigns_of
from gateway.schema.node import Node, encode
from gateway.schema.occupancy import OccupancyConnection
from gateway.schema.scalars import JSON, DateTime
from gateway.schema.session import SessionConnection, SessionFilter
from gateway.schema.sessions import session_page
from gateway.schema.visit import VisitConnection

Source = strawberry.Parent[DomainSite]
GranularityArgument = Annotated[Granularity, strawberry.argument(description="Bucket width, in the site's time zone.")]
FilterArgument = Annotated[SessionFilter | None, strawberry.argument(description="Which sessions.")]


@strawberry.type(description="The code under which one vendor knows a site.")
class SiteCode:
    """Read from domain.site.SiteCode."""

    vendor: VendorKey = strawberry.field(description="Whose code.")
    code: str = strawberry.field(description="The code: text, exact.")


async def told(info: Info, site: DomainSite, *, kinds: bool = False) -> DomainSite:
    """The site with what Okube says of it; one it has no code for is as it is. Raises where Okube does not answer."""
    request = info.context
    request.catalog.supplies.records()
    if site.okube is None and site.claimed:
        return site
    if site.okube_id is not None and not kinds:
        return site
    roster = await request.roster(kinds=kinds)
    if roster.error is not None:
        raise roster.error
    return roster.find(site.key) or site


@nullable
async def _application(root: Source, info: Info) -> strawberry.ID | None:
    site = await told(info, root)
    return strawberry.ID(site.application) if site.application else None


@nullable
async def _active(root: Source, info: Info) -> bool | None:
    return (await told(info, root)).active


@nullable
async def _description(root: Source, info: Info) -> str | None:
    return (await told(info, root)).description


@nullable
async def _address(root: Source, info: Info) -> JSON | None:
    return (await told(info, root)).address  # type: ignore[return-value]


@nullable
async def _coordinates(root: Source, info: Info) -> Coordinates | None:
    return (await told(info, root)).coordinates  # type: ignore[return-value]


@nullable
async def _openings(root: Source, info: Info) -> JSON | None:
    return (await told(info, root)).openings  # type: ignore[return-value]


@nullable
async def _created_at(root: Source, info: Info) -> DateTime | None:
    return (await told(info, root)).created_at  # type: ignore[return-value]


@nullable
async def _updated_at(root: Source, info: Info) -> DateTime | None:
    return (await told(info, root)).updated_at  # type: ignore[return-value]


async def _partly(info: Info, site: DomainSite, *, kinds: bool = False) -> DomainSite:
    """As `told`, for fields the crosswalk can answer in part: Okube's silence is noted, not raised."""
    if site.okube is None and site.claimed:
        return site
    if site.okube_id is not None and not kinds:
        return site
    roster = await info.context.roster(kinds=kinds)
    if roster.error is not None:
        info.context.note([roster.error], info._raw_info)  # noqa: SLF001
    return roster.find(site.key) or site


async def _kind(root: Source, info: Info) -> SiteKind:
    return (await _partly(info, root, kinds=True)).kind


async def _tags(root: Source, info: Info) -> list[str]:
    return list((await _partly(info, root)).tags)


async def _codes(root: Source, info: Info) -> list[SiteCode]:
    return list((await _partly(info, root)).codes)  # type: ignore[arg-type]


def _id(root: Source) -> strawberry.ID:
    return encode("Site", root.key)


@rooted
async def _sessions(
    root: Source,
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
    return await session_page(info, window, given(filter), direction, page, within=root)


@rooted
async def _visits(
    root: Source,
    info: Info,
    window: WindowArgument,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> VisitConnection | None:
    page = rows_page(info, first, after, last, before)
    return await of_site(info, info.context.catalog.visits, "visits", root, window, granularity, page)


@rooted
async def _occupancy(
    root: Source,
    info: Info,
    window: WindowArgument,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> OccupancyConnection | None:
    page = rows_page(info, first, after, last, before)
    return await of_site(info, info.context.catalog.occupancy, "occupancy", root, window, granularity, page)


@rooted
async def _session_count(root: Source, info: Info, window: WindowArgument) -> int | None:
    span, counts = window_of(window), info.context.catalog.counts
    return await count_of(info, ("sessionCount", span), root, lambda sites: counts.sessions(sites, span))


@rooted
async def _unique_user_count(root: Source, info: Info, window: WindowArgument) -> int | None:
    span, counts = window_of(window), info.context.catalog.counts
    return await count_of(info, ("uniqueUserCount", span), root, lambda sites: counts.users(sites, span))


@rooted
async def _engagement(
    root: Source,
    info: Info,
    days: DaysArgument,
    interval: IntervalArgument = EngagementInterval.DAILY,
    comeback: ComebackArgument = ComebackWindow.TWO_WEEKS,
    bounce_threshold: BounceArgument = DwellThreshold.FIVE_MINUTES,
    engagement_threshold: EngagedArgument = DwellThreshold.TWENTY_MINUTES,
    audiences: AudiencesArgument = UNSET,
) -> list[EngagementSeries] | None:
    terms = EngagementTerms(interval, comeback, bounce_threshold, engagement_threshold)
    return await series_of(info, root, days_of(days), terms, audiences)


@rooted
async def _campaigns(
    root: Source,
    info: Info,
    filter: CampaignFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> CampaignConnection | None:
    return await campaigns_of(info, given(filter), list_page(info, first, after, last, before), root)


@rooted
async def _geo_marketing(
    root: Source,
    info: Info,
    study: StudyArgument,
    days: DaysArgument,
    kpis: GeoMarketingKpisArgument,
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
        study=study_of(study),
        mode=mode,
        granularity=granularity,
        uplift=uplift,
        filters=given(filters),
    )
    return await of_site_kpis(info, ask, root)


@rooted
async def _conversion(
    root: Source,
    info: Info,
    days: DaysArgument,
    kpis: ConversionKpisArgument,
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
        mode=mode,
        granularity=granularity,
        uplift=uplift,
        filters=given(filters),
    )
    return await of_site_kpis(info, ask, root)


@rooted
async def _presence(
    root: Source,
    info: Info,
    days: DaysArgument,
    kpis: PresenceKpisArgument,
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
        mode=mode,
        granularity=granularity,
        filters=given(filters),
    )
    return await of_site_kpis(info, ask, root)


@strawberry.type(
    description="A store, venue or online property: one thing, however many vendors know it under however many codes."
)
class Site(Node):
    """Read from domain.site.Site."""

    id: strawberry.ID = strawberry.field(
        resolver=_id, description="Global id; give it to `node` and to `sites` arguments."
    )
    key: str = strawberry.field(
        description="The gateway's own key from the crosswalk, stable; `okube:<id>` where only Okube knows the site."
    )
    name: str = strawberry.field(description="From the crosswalk, else the vendors; the key where nobody names it.")
    kind: SiteKind = strawberry.field(resolver=_kind, description="Physical or online, as Okube tells it.")
    application: strawberry.ID | None = strawberry.field(
        resolver=_application, description="Okube's application (client account) the site belongs to."
    )
    active: bool | None = strawberry.field(
        resolver=_active, description="Whether Okube counts the site in its analytics."
    )
    description: str | None = strawberry.field(resolver=_description, description="Free text, from Okube.")
    tags: list[str] = strawberry.field(resolver=_tags, description="Tags of the crosswalk and of Okube together.")
    timezone: str | None = strawberry.field(
        description="IANA name. Never guessed: null for a site that only Okube knows and whose zone it does not tell."
    )
    address: JSON | None = strawberry.field(resolver=_address, description="Postal address, as Okube keeps it.")
    coordinates: Coordinates | None = strawberry.field(resolver=_coordinates, description="Where it is, from Okube.")
    openings: JSON | None = strawberry.field(resolver=_openings, description="Opening hours, as Okube keeps them.")
    created_at: DateTime | None = strawberry.field(resolver=_created_at, description="When Okube first knew it.")
    updated_at: DateTime | None = strawberry.field(
        resolver=_updated_at, description="When Okube's record last changed."
    )
    codes: list[SiteCode] = strawberry.field(
        resolver=_codes, description="The codes under which vendors know this site; Okube's `_id` before its keys."
    )
    sessions: SessionConnection | None = strawberry.field(
        resolver=_sessions, description="Stays of people here that started in the window, over every vendor."
    )
    visits: VisitConnection | None = strawberry.field(
        resolver=_visits,
        description="People through the door.",
        metadata={JOINED: of_sites("visits", lambda catalog: catalog.visits)},
    )
    occupancy: OccupancyConnection | None = strawberry.field(
        resolver=_occupancy,
        description="People inside.",
        metadata={JOINED: of_sites("occupancy", lambda catalog: catalog.occupancy)},
    )
    session_count: int | None = strawberry.field(
        resolver=_session_count,
        description="App sessions the vendor counts in the window (Bespot); null where it does not cover the site.",
    )
    unique_user_count: int | None = strawberry.field(
        resolver=_unique_user_count,
        description="Distinct app users in the window by the vendor's own definition. Never add these over sites or "
        "windows; null for a site of several store codes.",
    )
    engagement: list[EngagementSeries] | None = strawberry.field(
        resolver=_engagement, description="How long people stay and whether they come back (Shopster)."
    )
    campaigns: CampaignConnection | None = strawberry.field(
        resolver=_campaigns, description="Campaigns that name this site (Okube)."
    )
    geo_marketing: list[KpiSeries] | None = strawberry.field(
        resolver=_geo_marketing, description="Okube's geo-marketing figures of this site, within one study."
    )
    conversion: list[KpiSeries] | None = strawberry.field(
        resolver=_conversion, description="Okube's conversion figures of this site: what campaigns brought."
    )
    presence: list[KpiSeries] | None = strawberry.field(
        resolver=_presence, description="Okube's presence figures of this site, from its sensors."
    )

    is_type_of = Reads(DomainSite)


@strawberry.type(description="A site and its cursor.")
class SiteEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Site = strawberry.field(description="The site.")


@strawberry.type(description="Sites: those of the crosswalk by key, then those that only Okube knows.")
class SiteConnection:
    """Read from ConnectionSource."""

    edges: list[SiteEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Site] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)


@strawberry.input(description="A code as one vendor writes it.")
class SiteCodeInput:
    """Exact text."""

    vendor: VendorKey = strawberry.field(description="Whose code.")
    code: str = strawberry.field(description="The code, exactly; for Okube the `_id` or a key.")


@strawberry.input(one_of=True, description="Names one site by exactly one of its names.")
class SiteBy:
    """One member is set."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Global id of the site.")
    key: strawberry.Maybe[str] = strawberry.field(description="The gateway's own key.")
    code: strawberry.Maybe[SiteCodeInput] = strawberry.field(description="A vendor's code.")


@strawberry.input(description="Which sites; members are joined by AND.")
class SiteFilter:
    """Unknown keys and tags match nothing."""

    keys: list[str] | None = strawberry.field(default=UNSET, description="Any of these keys.")
    tags: list[str] | None = strawberry.field(
        default=UNSET, description="Any of these tags, of the crosswalk or of Okube."
    )
    active: bool | None = strawberry.field(default=UNSET, description="As Okube marks it.")
    kind: SiteKind | None = strawberry.field(default=UNSET, description="Physical or online, as Okube tells it.")
    search: str | None = strawberry.field(
        default=UNSET, description="Found in key, name, codes or Okube key, without regard to case."
    )
    covered_by: list[VendorKey] | None = strawberry.field(
        default=UNSET, description="Sites all of these vendors know under a code."
    )
    application: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Okube's application whose sites are listed; left out: the configured one."
    )
    named: bool | None = strawberry.field(default=UNSET, description="Whether Okube has a name for it.")
    in_production: bool | None = strawberry.field(default=UNSET, description="Whether Okube has it in production.")
    has_draft: bool | None = strawberry.field(default=UNSET, description="Whether Okube has a plan of it in draft.")


@strawberry.input(description="How sites are sorted.")
class SiteOrder:
    """Defaults to KEY, ASC."""

    field: SiteOrderField = strawberry.field(default=SiteOrderField.KEY, description="What sites are sorted by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which end comes first.")


def site_ask(filter: SiteFilter | None, order: SiteOrder | None) -> SiteAsk:
    """The arguments of `sites` in the domain's terms. Raises InputError."""
    by_name = order is not None and order.field is SiteOrderField.NAME
    descending = order is not None and order.direction is SortDirection.DESC
    if filter is None:
        return SiteAsk(by_name=by_name, descending=descending)
    for member in ("keys", "tags", "covered_by"):
        if len(given(getattr(filter, member)) or ()) > MOST_MEMBERS:
            raise InputError(f"At most {MOST_MEMBERS} values can be named.", ("filter", member))
    query = {name: given(getattr(filter, name)) for name in ("active", "named", "in_production", "has_draft")}
    return SiteAsk(
        _set(filter.keys),
        _set(filter.tags),
        given(filter.kind),
        given(filter.search),
        _set(filter.covered_by) or frozenset(),
        given(filter.application),
        SiteQuery(**query),
        by_name,
        descending,
    )


def _set(values: Any) -> frozenset[Any] | None:
    return None if given(values) is None else frozenset(values)
