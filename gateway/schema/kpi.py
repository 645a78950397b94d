"""KPI series of Okube's three analytics modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from gateway.domain.errors import Forbidden, InputError
from gateway.domain.kpi import (
    ConversionKpi,
    ConversionScope,
    GeoMarketingKpi,
    GeoMarketingScope,
    KpiAsk,
    KpiGranularity,
    KpiMode,
    KpiModule,
    PresenceKpi,
    PresenceScope,
)
from gateway.domain.kpi import KpiPoint as DomainKpiPoint
from gateway.domain.kpi import KpiValue as DomainKpiValue
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.federation.directory import by_reference
from gateway.federation.kpis import GLOBAL, SITES, claimed_references, of_kpis
from gateway.federation.kpis import KpiSeries as Source
from gateway.schema.arguments import Info, given
from gateway.schema.enums import described
from gateway.schema.kpi_words import CONVERSION, GEO_MARKETING, PRESENCE
from gateway.schema.references import okube_id
from gateway.schema.scalars import JSON, Date

if TYPE_CHECKING:
    from gateway.schema.site import Site

described(
    KpiModule,
    "Which of Okube's analytics modules.",
    {
        "GEO_MARKETING": "Where visitors live, work and go, by study.",
        "CONVERSION": "What campaigns brought, and at what cost.",
        "PRESENCE": "How people move through a site, from its sensors.",
    },
)
described(
    KpiMode,
    "How a series is laid out in time.",
    {
        "HISTOGRAM": "One point per day, week, month or year of the period.",
        "AGGREGATION": "One point per category, such as all Mondays of the period.",
    },
)
described(
    KpiGranularity,
    "Width of a point (HISTOGRAM) or kind of category (AGGREGATION).",
    {"DAY": "Days; categories are weekdays.", "WEEK": "Weeks.", "MONTH": "Months.", "YEAR": "Years."},
)
described(
    GeoMarketingScope,
    "By what geo-marketing figures are split.",
    {
        "GLOBAL": "Not split.",
        "SITES": "By site; of a whole application only.",
        "HOMES": "By statistical area of the visitors' homes.",
        "WORKS": "By statistical area of the visitors' workplaces.",
        "ZONES": "By statistical area.",
    },
)
described(
    ConversionScope,
    "By what conversion figures are split.",
    {
        "GLOBAL": "Not split.",
        "SITES": "By site; of a whole application only.",
        "CAMPAIGNS": "By campaign.",
        "LEVERS": "By marketing channel.",
        "EXTRAS": "By extra field of the campaigns, as key:value.",
    },
)
described(
    PresenceScope,
    "By what presence figures are split.",
    {
        "GLOBAL": "Not split.",
        "SITES": "By site; of a whole application only.",
        "EQUIPMENTS": "By sensor.",
    },
)
described(GeoMarketingKpi, "KPIs of geo-marketing; Okube documents their names, not their units.", GEO_MARKETING)
described(ConversionKpi, "KPIs of conversion; Okube documents their names, not their units or currency.", CONVERSION)
described(PresenceKpi, "KPIs of presence; Okube documents their names, not their units.", PRESENCE)
for _value in GeoMarketingScope.__strawberry_definition__.values:  # type: ignore[attr-defined]
    if _value.name == "ZONES":
        _value.deprecation_reason = "Superseded by HOMES and WORKS. Since 2026-11-22."


@strawberry.type(description="A value of a KPI, whose kind depends on the KPI.")
class KpiValue:
    """Read from domain.kpi.KpiValue."""

    number: float | None = strawberry.field(description="Set where Okube sent a plain number.")
    json: JSON = strawberry.field(description="The value as sent, always.")

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, DomainKpiValue)


@strawberry.type(description="One point of a KPI series.")
class KpiPoint:
    """Read from domain.kpi.KpiPoint."""

    index: int = strawberry.field(
        description="Okube's key: distance from the first bucket in HISTOGRAM mode, category in AGGREGATION mode."
    )
    starts_on: Date | None = strawberry.field(description="First day of the bucket. HISTOGRAM only.")
    category: int | None = strawberry.field(
        description="AGGREGATION only: 1 is Monday for DAY, 1 is January for MONTH."
    )
    value: KpiValue = strawberry.field(description="The figure.")

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, DomainKpiPoint)


@strawberry.type(description="One KPI of one scope, over time.")
class KpiSeries:
    """Read from federation.kpis.KpiSeries."""

    @strawberry.field(description="Which module.")
    def module(root: strawberry.Parent[Source]) -> KpiModule:
        return root.record.module

    @strawberry.field(description="The vendor's own spelling.")
    def kpi(root: strawberry.Parent[Source]) -> str:
        return root.record.kpi

    @strawberry.field(description="Mode asked.")
    def mode(root: strawberry.Parent[Source]) -> KpiMode:
        return root.record.mode

    @strawberry.field(description="Granularity asked.")
    def granularity(root: strawberry.Parent[Source]) -> KpiGranularity:
        return root.record.granularity

    scope: str = strawberry.field(description="GLOBAL or the scope asked for.")
    entity: str | None = strawberry.field(
        description="Key of the site, campaign, lever, extra, area or device; null for GLOBAL."
    )
    site: Annotated[Site, strawberry.lazy("gateway.schema.site")] | None = strawberry.field(
        description="The site, where the series is of one."
    )

    @strawberry.field(description="True where the vendor extrapolated (uplift); null for PRESENCE, which has none.")
    def extrapolated(root: strawberry.Parent[Source]) -> bool | None:
        return root.record.extrapolated

    @strawberry.field(description="Over the whole period; null where not projected.")
    def total(root: strawberry.Parent[Source]) -> KpiValue | None:
        return root.record.total  # type: ignore[return-value]

    @strawberry.field(description="Points in order of their index.")
    def points(root: strawberry.Parent[Source]) -> list[KpiPoint]:
        return root.record.points  # type: ignore[return-value]

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, Source)


ApplicationArgument = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Okube `_id` or key of the application; left out: the configured one."),
]
StudyArgument = Annotated[strawberry.ID, strawberry.argument(description="Global id or Okube `_id` of the study.")]
GeoMarketingKpisArgument = Annotated[list[GeoMarketingKpi], strawberry.argument(description="Which KPIs.")]
ConversionKpisArgument = Annotated[list[ConversionKpi], strawberry.argument(description="Which KPIs.")]
PresenceKpisArgument = Annotated[list[PresenceKpi], strawberry.argument(description="Which KPIs.")]
ModeArgument = Annotated[KpiMode, strawberry.argument(description="How a series is laid out in time.")]
KpiGranularityArgument = Annotated[KpiGranularity, strawberry.argument(description="Width of a point.")]
GeoMarketingScopesArgument = Annotated[list[GeoMarketingScope], strawberry.argument(description="How to split.")]
ConversionScopesArgument = Annotated[list[ConversionScope], strawberry.argument(description="How to split.")]
PresenceScopesArgument = Annotated[list[PresenceScope], strawberry.argument(description="How to split.")]
UpliftArgument = Annotated[
    bool, strawberry.argument(description="Whether Okube may extrapolate from the devices it saw to all people.")
]
FiltersArgument = Annotated[
    JSON | None,
    strawberry.argument(description="Okube's own filter object, passed through; its shape is not documented."),
]

SITE_SCOPES: Mapping[KpiModule, Any] = {
    KpiModule.GEO_MARKETING: GeoMarketingScope.SITES,
    KpiModule.CONVERSION: ConversionScope.SITES,
    KpiModule.PRESENCE: PresenceScope.SITES,
}


def study_of(text: str) -> str:
    """Okube's `_id` of a study, from a global id or as it is. Raises InputError."""
    found = okube_id(text, "Study") or text
    if len(found) != 24 or not all(c in "0123456789abcdefABCDEF" for c in found):
        raise InputError("There is no such study.", ("study",))
    return found


def asked(ask: KpiAsk) -> KpiAsk:
    """The question, checked. Raises InputError."""
    if not ask.kpis:
        raise InputError("Name at least one KPI.", ("kpis",))
    if not ask.scopes:
        raise InputError("Name at least one scope.", ("scopes",))
    if ask.filters is not None and not isinstance(ask.filters, dict):
        raise InputError("`filters` is a JSON object.", ("filters",))
    return ask


async def of_application(info: Info, ask: KpiAsk) -> Any:
    """KPIs of a whole application. A caller limited to sites has SITES only, trimmed (rules.md 11)."""
    ask, request = asked(ask), info.context
    limited = request.principal.limited
    if limited and (ask.filters is not None or any(scope != SITES for scope in ask.scopes)):
        raise Forbidden("A caller limited to sites may ask the scope SITES only, without filters.")
    sites: Mapping[str, DomainSite] = {}
    if any(scope == SITES for scope in ask.scopes):
        roster = await request.roster(ask.application)
        request.note([roster.error] if roster.error else [], info._raw_info)  # noqa: SLF001
        sites = by_reference(site for site in roster.sites if request.principal.sees(site))
    return await request.catalog.kpis.of_application(ask, sites, limited=limited)


async def of_site(info: Info, ask: KpiAsk, site: DomainSite) -> Any:
    """KPIs of one site, asked together with those of the other sites of the same list where that can be."""
    ask, kpis = asked(ask), info.context.catalog.kpis
    info.context.catalog.supplies.kpis()
    if not (site.okube or site.okube_id):
        return None
    if any(scope == SITES for scope in ask.scopes):
        raise InputError("A single site cannot be split by site.", ("scopes",))
    if ask.filters is not None or tuple(ask.scopes) != (_only_global(ask),):
        return await kpis.of_site(ask, site)
    question = (ask.module, ask.study, ask.days, ask.mode, ask.granularity, ask.uplift)

    async def load_all(keys: list[tuple[DomainSite, tuple[Any, ...]]]) -> dict[Any, Any]:
        sites = list(dict.fromkeys(each for each, _ in keys))
        wanted = tuple(dict.fromkeys(kpi for _, names in keys for kpi in names))
        joined = KpiAsk(
            ask.module, ask.days, wanted, ask.scopes, None, None, ask.study, ask.mode, ask.granularity, ask.uplift
        )
        if len(sites) == 1:
            found = {sites[0].key: await kpis.of_site(joined, sites[0])}
        else:
            found = await kpis.of_sites(_by_sites(joined), sites, await _references(info, sites))
        return {(each, names): of_kpis(found[each.key], names) for each, names in keys}

    return await info.context.batch(question, load_all).load((site, tuple(ask.kpis)))


def _only_global(ask: KpiAsk) -> Any:
    return next(scope for scope in type(SITE_SCOPES[ask.module]) if scope == GLOBAL)


def _by_sites(ask: KpiAsk) -> KpiAsk:
    return KpiAsk(
        ask.module,
        ask.days,
        ask.kpis,
        (SITE_SCOPES[ask.module],),
        None,
        None,
        ask.study,
        ask.mode,
        ask.granularity,
        ask.uplift,
    )


async def _references(info: Info, sites: list[DomainSite]) -> Mapping[str, DomainSite]:
    """Every reference Okube may use for these sites; its keys are known only where its list was read."""
    if all(site.okube_id for site in sites):
        return by_reference(sites)
    roster = await info.context.roster()
    if roster.error is None:
        wanted = {site.key for site in sites}
        return by_reference(site for site in roster.sites if site.key in wanted)
    return claimed_references(info.context.catalog.crosswalk.claimed(VendorKey.OKUBE), sites)


def filters_of(value: Any) -> Any:
    """The filter object, or None."""
    return given(value)
