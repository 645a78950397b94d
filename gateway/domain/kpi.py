"""Okube's analytics as the graph names them: modules, KPIs, scopes, and the series they answer with.

A KPI is its module and its name: six names stand in two modules and mean different things (quirk O16). No unit is
guessed and no KPI is derived from another (quirk O15).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TypeAlias

import msgspec

from gateway.domain.window import Days


class KpiModule(StrEnum):
    """Which of the three analytics modules."""

    GEO_MARKETING = "GEO_MARKETING"
    CONVERSION = "CONVERSION"
    PRESENCE = "PRESENCE"


class KpiMode(StrEnum):
    """HISTOGRAM: a time series. AGGREGATION: folded by calendar category, such as all Mondays."""

    HISTOGRAM = "HISTOGRAM"
    AGGREGATION = "AGGREGATION"


class KpiGranularity(StrEnum):
    """Width of a bucket, or kind of a category."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class GeoMarketingScope(StrEnum):
    """By what geo-marketing figures are split. ZONES is deprecated: superseded by HOMES and WORKS."""

    GLOBAL = "GLOBAL"
    SITES = "SITES"
    HOMES = "HOMES"
    WORKS = "WORKS"
    ZONES = "ZONES"


class ConversionScope(StrEnum):
    """By what conversion figures are split."""

    GLOBAL = "GLOBAL"
    SITES = "SITES"
    CAMPAIGNS = "CAMPAIGNS"
    LEVERS = "LEVERS"
    EXTRAS = "EXTRAS"


class PresenceScope(StrEnum):
    """By what presence figures are split."""

    GLOBAL = "GLOBAL"
    SITES = "SITES"
    EQUIPMENTS = "EQUIPMENTS"


class GeoMarketingKpi(StrEnum):
    """The 18 KPIs of geo-marketing."""

    ACQUISITION = "ACQUISITION"
    ATTENDANCE = "ATTENDANCE"
    RETURNING = "RETURNING"
    POS_SESSIONS = "POS_SESSIONS"
    POI_SESSIONS = "POI_SESSIONS"
    TIMESPENT = "TIMESPENT"
    TIMESPENT_PER_SCOPE = "TIMESPENT_PER_SCOPE"
    UNIQ_USERS = "UNIQ_USERS"
    RETURNING_PER_SCOPE = "RETURNING_PER_SCOPE"
    RETURNING_FREQUENCY_PER_SCOPE = "RETURNING_FREQUENCY_PER_SCOPE"
    OS = "OS"
    MODEL = "MODEL"
    MANUFACTURER = "MANUFACTURER"
    VISITOR_VS_PEDESTRIAN = "VISITOR_VS_PEDESTRIAN"
    PER_POI_SESSIONS = "PER_POI_SESSIONS"
    POS_AFFINITY = "POS_AFFINITY"
    HOME_DISTANCE_VISITS_PER_SCOPE = "HOME_DISTANCE_VISITS_PER_SCOPE"
    WORK_DISTANCE_VISITS_PER_SCOPE = "WORK_DISTANCE_VISITS_PER_SCOPE"


class ConversionKpi(StrEnum):
    """The 66 KPIs of conversion."""

    COST_BY_VISIT = "COST_BY_VISIT"
    COST_BY_OFFLINE_VISIT = "COST_BY_OFFLINE_VISIT"
    COST_BY_ONLINE_VISIT = "COST_BY_ONLINE_VISIT"
    COST_BY_CONVERSION = "COST_BY_CONVERSION"
    COST_BY_OFFLINE_CONVERSION = "COST_BY_OFFLINE_CONVERSION"
    COST_BY_ONLINE_CONVERSION = "COST_BY_ONLINE_CONVERSION"
    CTR = "CTR"
    GLOBAL_LEVER_PERFORMANCE = "GLOBAL_LEVER_PERFORMANCE"
    OFFLINE_VISITS_AND_CONVERSIONS = "OFFLINE_VISITS_AND_CONVERSIONS"
    ONLINE_VISITS_AND_CONVERSIONS = "ONLINE_VISITS_AND_CONVERSIONS"
    OFFLINE_VISITS = "OFFLINE_VISITS"
    ONLINE_VISITS = "ONLINE_VISITS"
    OFFLINE_VISITS_ATTRIBUTIONS = "OFFLINE_VISITS_ATTRIBUTIONS"
    ONLINE_VISITS_ATTRIBUTIONS = "ONLINE_VISITS_ATTRIBUTIONS"
    OFFLINE_VISITS_LINEAR = "OFFLINE_VISITS_LINEAR"
    OFFLINE_VISITS_SHAPLEY = "OFFLINE_VISITS_SHAPLEY"
    OFFLINE_VISITS_FC = "OFFLINE_VISITS_FC"
    OFFLINE_VISITS_LC = "OFFLINE_VISITS_LC"
    ONLINE_VISITS_LINEAR = "ONLINE_VISITS_LINEAR"
    PRINTS = "PRINTS"
    CLICKS = "CLICKS"
    OPENINGS = "OPENINGS"
    COST = "COST"
    PRINT_VS_CLICK = "PRINT_VS_CLICK"
    PRINT_VS_CLICK_VS_OPENINGS = "PRINT_VS_CLICK_VS_OPENINGS"
    TIME_BEFORE_OFFLINE_VISIT_PER_SCOPE = "TIME_BEFORE_OFFLINE_VISIT_PER_SCOPE"
    TIME_BEFORE_ONLINE_VISIT_PER_SCOPE = "TIME_BEFORE_ONLINE_VISIT_PER_SCOPE"
    OFFLINE_ROI = "OFFLINE_ROI"
    OFFLINE_REVENUES = "OFFLINE_REVENUES"
    OFFLINE_CONVERSIONS = "OFFLINE_CONVERSIONS"
    OFFLINE_CONVERSION_RATE = "OFFLINE_CONVERSION_RATE"
    ONLINE_ROI = "ONLINE_ROI"
    ONLINE_REVENUES = "ONLINE_REVENUES"
    ONLINE_CONVERSIONS = "ONLINE_CONVERSIONS"
    ONLINE_CONVERSION_RATE = "ONLINE_CONVERSION_RATE"
    ROI = "ROI"
    REVENUES = "REVENUES"
    REVENUE_BY_OFFLINE_VISIT = "REVENUE_BY_OFFLINE_VISIT"
    REVENUE_BY_ONLINE_VISIT = "REVENUE_BY_ONLINE_VISIT"
    OFFLINE_REVENUE_BY_OFFLINE_VISIT = "OFFLINE_REVENUE_BY_OFFLINE_VISIT"
    ONLINE_REVENUE_BY_ONLINE_VISIT = "ONLINE_REVENUE_BY_ONLINE_VISIT"
    VENUE_RATE = "VENUE_RATE"
    PRINTS_BY_OFFLINE_VISIT = "PRINTS_BY_OFFLINE_VISIT"
    COMPARISON_OFFLINE_VISITS = "COMPARISON_OFFLINE_VISITS"
    COHORT_COST_BY_CONVERSION = "COHORT_COST_BY_CONVERSION"
    COHORT_COST_BY_OFFLINE_CONVERSION = "COHORT_COST_BY_OFFLINE_CONVERSION"
    COHORT_COST_BY_ONLINE_CONVERSION = "COHORT_COST_BY_ONLINE_CONVERSION"
    COHORT_OFFLINE_VISITS_AND_CONVERSIONS = "COHORT_OFFLINE_VISITS_AND_CONVERSIONS"
    COHORT_ONLINE_VISITS_AND_CONVERSIONS = "COHORT_ONLINE_VISITS_AND_CONVERSIONS"
    COHORT_OFFLINE_ROI = "COHORT_OFFLINE_ROI"
    COHORT_OFFLINE_REVENUES = "COHORT_OFFLINE_REVENUES"
    COHORT_OFFLINE_CONVERSIONS = "COHORT_OFFLINE_CONVERSIONS"
    COHORT_OFFLINE_CONVERSION_RATE = "COHORT_OFFLINE_CONVERSION_RATE"
    COHORT_ONLINE_ROI = "COHORT_ONLINE_ROI"
    COHORT_ONLINE_REVENUES = "COHORT_ONLINE_REVENUES"
    COHORT_ONLINE_CONVERSIONS = "COHORT_ONLINE_CONVERSIONS"
    COHORT_ONLINE_CONVERSION_RATE = "COHORT_ONLINE_CONVERSION_RATE"
    COHORT_ROI = "COHORT_ROI"
    COHORT_REVENUES = "COHORT_REVENUES"
    COST_BY_PURCHASE = "COST_BY_PURCHASE"
    COST_BY_OFFLINE_PURCHASE = "COST_BY_OFFLINE_PURCHASE"
    COST_BY_ONLINE_PURCHASE = "COST_BY_ONLINE_PURCHASE"
    OFFLINE_CONVERSION_PURCHASES = "OFFLINE_CONVERSION_PURCHASES"
    ONLINE_CONVERSION_PURCHASES = "ONLINE_CONVERSION_PURCHASES"
    OFFLINE_VISITS_PER_CAMPAIGN = "OFFLINE_VISITS_PER_CAMPAIGN"
    ONLINE_VISITS_PER_CAMPAIGN = "ONLINE_VISITS_PER_CAMPAIGN"


class PresenceKpi(StrEnum):
    """The 13 KPIs of presence."""

    ACQUISITION = "ACQUISITION"
    AREA_MATCHING = "AREA_MATCHING"
    ATTENDANCE = "ATTENDANCE"
    DROPOUTS = "DROPOUTS"
    ENTERING = "ENTERING"
    LEAVING = "LEAVING"
    RANGE_AMPLITUDE = "RANGE_AMPLITUDE"
    RETURNING = "RETURNING"
    SESSIONS = "SESSIONS"
    TIMESPENT = "TIMESPENT"
    TIMESPENT_PER_SCOPE = "TIMESPENT_PER_SCOPE"
    UNIQ_USERS = "UNIQ_USERS"
    VISIT_ORDER = "VISIT_ORDER"


Kpi: TypeAlias = GeoMarketingKpi | ConversionKpi | PresenceKpi
KpiScope: TypeAlias = GeoMarketingScope | ConversionScope | PresenceScope


class KpiAsk(msgspec.Struct, frozen=True):
    """One question: one mode, one granularity, any number of KPIs and scopes of one module (quirk O13).

    `application` and `site` are an `_id` or a key; `site` None asks the whole application, where the scope SITES gives
    every site in one call. `study` is an `_id`, for GEO_MARKETING only. `uplift` is not sent to PRESENCE (quirk O17).
    `filters` is passed on as it is.
    """

    module: KpiModule
    days: Days
    kpis: tuple[Kpi, ...]
    scopes: tuple[KpiScope, ...]
    application: str | None = None
    site: str | None = None
    study: str | None = None
    mode: KpiMode = KpiMode.HISTOGRAM
    granularity: KpiGranularity = KpiGranularity.DAY
    uplift: bool = True
    filters: object = None


class KpiValue(msgspec.Struct, frozen=True, gc=False):
    """`json` is the value as sent; `number` is set where it is a plain number."""

    json: object
    number: float | None = None


class KpiPoint(msgspec.Struct, frozen=True, gc=False):
    """`index` is the vendor's key. Either `starts_on` (HISTOGRAM) or `category` (AGGREGATION) is set, never both."""

    index: int
    value: KpiValue
    starts_on: date | None = None
    category: int | None = None


class KpiSeriesRecord(msgspec.Struct, frozen=True):
    """One KPI of one scope, of one entity of it. `kpi` and `entity` are the vendor's own spelling and key.

    `entity` is None for GLOBAL; of SITES it is an `_id`, a key or a name, as the vendor projects it (quirk O14).
    `extrapolated` is None where the module knows no uplift.
    """

    module: KpiModule
    kpi: str
    mode: KpiMode
    granularity: KpiGranularity
    scope: str
    entity: str | None
    extrapolated: bool | None
    total: KpiValue | None
    points: list[KpiPoint]
