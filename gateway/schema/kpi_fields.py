"""The KPI fields, of an application and of a site: arguments read, one question asked."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

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
from gateway.schema.answering import rooted
from gateway.schema.arguments import (
    DaysArgument,
    Info,
    days_of,
    given,
)
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
from gateway.schema.kpi import of_site as of_site_kpis

Source = strawberry.Parent[DomainSite]


@rooted
async def geo_marketing(
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
async def conversion(
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
async def presence(
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


@rooted
async def geo_marketing_of_site(
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
async def conversion_of_site(
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
async def presence_of_site(
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
