"""How Okube spells the KPIs, scopes, modes and granularities of the graph.

Written out, never derived: offlineVisitsFC and os follow no rule of capitals (quirk X10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.domain.kpi import ConversionKpi, GeoMarketingKpi, Kpi, KpiGranularity, KpiMode, KpiModule, PresenceKpi

MODES: Final[Mapping[KpiMode, str]] = {KpiMode.HISTOGRAM: "histogram", KpiMode.AGGREGATION: "aggregation"}

GRANULARITIES: Final[Mapping[KpiGranularity, str]] = {
    KpiGranularity.DAY: "day",
    KpiGranularity.WEEK: "week",
    KpiGranularity.MONTH: "month",
    KpiGranularity.YEAR: "year",
}

# Switches of `projections`, by the scope they switch. `sites` exists in queries of an application only (quirk O11).
SWITCHES: Final[Mapping[KpiModule, Mapping[str, str]]] = {
    KpiModule.GEO_MARKETING: {
        "GLOBAL": "globals",
        "SITES": "sites",
        "HOMES": "homes",
        "WORKS": "works",
        "ZONES": "zones",
    },
    KpiModule.CONVERSION: {
        "GLOBAL": "globals",
        "SITES": "sites",
        "CAMPAIGNS": "campaigns",
        "LEVERS": "levers",
        "EXTRAS": "extras",
    },
    KpiModule.PRESENCE: {"GLOBAL": "globals", "SITES": "sites", "EQUIPMENTS": "equipments"},
}

GEO_MARKETING: Final[Mapping[GeoMarketingKpi, str]] = {
    GeoMarketingKpi.ACQUISITION: "acquisition",
    GeoMarketingKpi.ATTENDANCE: "attendance",
    GeoMarketingKpi.RETURNING: "returning",
    GeoMarketingKpi.POS_SESSIONS: "posSessions",
    GeoMarketingKpi.POI_SESSIONS: "poiSessions",
    GeoMarketingKpi.TIMESPENT: "timespent",
    GeoMarketingKpi.TIMESPENT_PER_SCOPE: "timespentPerScope",
    GeoMarketingKpi.UNIQ_USERS: "uniqUsers",
    GeoMarketingKpi.RETURNING_PER_SCOPE: "returningPerScope",
    GeoMarketingKpi.RETURNING_FREQUENCY_PER_SCOPE: "returningFrequencyPerScope",
    GeoMarketingKpi.OS: "os",
    GeoMarketingKpi.MODEL: "model",
    GeoMarketingKpi.MANUFACTURER: "manufacturer",
    GeoMarketingKpi.VISITOR_VS_PEDESTRIAN: "visitorVsPedestrian",
    GeoMarketingKpi.PER_POI_SESSIONS: "perPoiSessions",
    GeoMarketingKpi.POS_AFFINITY: "posAffinity",
    GeoMarketingKpi.HOME_DISTANCE_VISITS_PER_SCOPE: "homeDistanceVisitsPerScope",
    GeoMarketingKpi.WORK_DISTANCE_VISITS_PER_SCOPE: "workDistanceVisitsPerScope",
}

CONVERSION: Final[Mapping[ConversionKpi, str]] = {
    ConversionKpi.COST_BY_VISIT: "costByVisit",
    ConversionKpi.COST_BY_OFFLINE_VISIT: "costByOfflineVisit",
    ConversionKpi.COST_BY_ONLINE_VISIT: "costByOnlineVisit",
    ConversionKpi.COST_BY_CONVERSION: "costByConversion",
    ConversionKpi.COST_BY_OFFLINE_CONVERSION: "costByOfflineConversion",
    ConversionKpi.COST_BY_ONLINE_CONVERSION: "costByOnlineConversion",
    ConversionKpi.CTR: "ctr",
    ConversionKpi.GLOBAL_LEVER_PERFORMANCE: "globalLeverPerformance",
    ConversionKpi.OFFLINE_VISITS_AND_CONVERSIONS: "offlineVisitsAndConversions",
    ConversionKpi.ONLINE_VISITS_AND_CONVERSIONS: "onlineVisitsAndConversions",
    ConversionKpi.OFFLINE_VISITS: "offlineVisits",
    ConversionKpi.ONLINE_VISITS: "onlineVisits",
    ConversionKpi.OFFLINE_VISITS_ATTRIBUTIONS: "offlineVisitsAttributions",
    ConversionKpi.ONLINE_VISITS_ATTRIBUTIONS: "onlineVisitsAttributions",
    ConversionKpi.OFFLINE_VISITS_LINEAR: "offlineVisitsLinear",
    ConversionKpi.OFFLINE_VISITS_SHAPLEY: "offlineVisitsShapley",
    ConversionKpi.OFFLINE_VISITS_FC: "offlineVisitsFC",
    ConversionKpi.OFFLINE_VISITS_LC: "offlineVisitsLC",
    ConversionKpi.ONLINE_VISITS_LINEAR: "onlineVisitsLinear",
    ConversionKpi.PRINTS: "prints",
    ConversionKpi.CLICKS: "clicks",
    ConversionKpi.OPENINGS: "openings",
    ConversionKpi.COST: "cost",
    ConversionKpi.PRINT_VS_CLICK: "printVsClick",
    ConversionKpi.PRINT_VS_CLICK_VS_OPENINGS: "printVsClickVsOpenings",
    ConversionKpi.TIME_BEFORE_OFFLINE_VISIT_PER_SCOPE: "timeBeforeOfflineVisitPerScope",
    ConversionKpi.TIME_BEFORE_ONLINE_VISIT_PER_SCOPE: "timeBeforeOnlineVisitPerScope",
    ConversionKpi.OFFLINE_ROI: "offlineRoi",
    ConversionKpi.OFFLINE_REVENUES: "offlineRevenues",
    ConversionKpi.OFFLINE_CONVERSIONS: "offlineConversions",
    ConversionKpi.OFFLINE_CONVERSION_RATE: "offlineConversionRate",
    ConversionKpi.ONLINE_ROI: "onlineRoi",
    ConversionKpi.ONLINE_REVENUES: "onlineRevenues",
    ConversionKpi.ONLINE_CONVERSIONS: "onlineConversions",
    ConversionKpi.ONLINE_CONVERSION_RATE: "onlineConversionRate",
    ConversionKpi.ROI: "roi",
    ConversionKpi.REVENUES: "revenues",
    ConversionKpi.REVENUE_BY_OFFLINE_VISIT: "revenueByOfflineVisit",
    ConversionKpi.REVENUE_BY_ONLINE_VISIT: "revenueByOnlineVisit",
    ConversionKpi.OFFLINE_REVENUE_BY_OFFLINE_VISIT: "offlineRevenueByOfflineVisit",
    ConversionKpi.ONLINE_REVENUE_BY_ONLINE_VISIT: "onlineRevenueByOnlineVisit",
    ConversionKpi.VENUE_RATE: "venueRate",
    ConversionKpi.PRINTS_BY_OFFLINE_VISIT: "printsByOfflineVisit",
    ConversionKpi.COMPARISON_OFFLINE_VISITS: "comparisonOfflineVisits",
    ConversionKpi.COHORT_COST_BY_CONVERSION: "cohortCostByConversion",
    ConversionKpi.COHORT_COST_BY_OFFLINE_CONVERSION: "cohortCostByOfflineConversion",
    ConversionKpi.COHORT_COST_BY_ONLINE_CONVERSION: "cohortCostByOnlineConversion",
    ConversionKpi.COHORT_OFFLINE_VISITS_AND_CONVERSIONS: "cohortOfflineVisitsAndConversions",
    ConversionKpi.COHORT_ONLINE_VISITS_AND_CONVERSIONS: "cohortOnlineVisitsAndConversions",
    ConversionKpi.COHORT_OFFLINE_ROI: "cohortOfflineRoi",
    ConversionKpi.COHORT_OFFLINE_REVENUES: "cohortOfflineRevenues",
    ConversionKpi.COHORT_OFFLINE_CONVERSIONS: "cohortOfflineConversions",
    ConversionKpi.COHORT_OFFLINE_CONVERSION_RATE: "cohortOfflineConversionRate",
    ConversionKpi.COHORT_ONLINE_ROI: "cohortOnlineRoi",
    ConversionKpi.COHORT_ONLINE_REVENUES: "cohortOnlineRevenues",
    ConversionKpi.COHORT_ONLINE_CONVERSIONS: "cohortOnlineConversions",
    ConversionKpi.COHORT_ONLINE_CONVERSION_RATE: "cohortOnlineConversionRate",
    ConversionKpi.COHORT_ROI: "cohortRoi",
    ConversionKpi.COHORT_REVENUES: "cohortRevenues",
    ConversionKpi.COST_BY_PURCHASE: "costByPurchase",
    ConversionKpi.COST_BY_OFFLINE_PURCHASE: "costByOfflinePurchase",
    ConversionKpi.COST_BY_ONLINE_PURCHASE: "costByOnlinePurchase",
    ConversionKpi.OFFLINE_CONVERSION_PURCHASES: "offlineConversionPurchases",
    ConversionKpi.ONLINE_CONVERSION_PURCHASES: "onlineConversionPurchases",
    ConversionKpi.OFFLINE_VISITS_PER_CAMPAIGN: "offlineVisitsPerCampaign",
    ConversionKpi.ONLINE_VISITS_PER_CAMPAIGN: "onlineVisitsPerCampaign",
}

PRESENCE: Final[Mapping[PresenceKpi, str]] = {
    PresenceKpi.ACQUISITION: "acquisition",
    PresenceKpi.AREA_MATCHING: "areaMatching",
    PresenceKpi.ATTENDANCE: "attendance",
    PresenceKpi.DROPOUTS: "dropouts",
    PresenceKpi.ENTERING: "entering",
    PresenceKpi.LEAVING: "leaving",
    PresenceKpi.RANGE_AMPLITUDE: "rangeAmplitude",
    PresenceKpi.RETURNING: "returning",
    PresenceKpi.SESSIONS: "sessions",
    PresenceKpi.TIMESPENT: "timespent",
    PresenceKpi.TIMESPENT_PER_SCOPE: "timespentPerScope",
    PresenceKpi.UNIQ_USERS: "uniqUsers",
    PresenceKpi.VISIT_ORDER: "visitOrder",
}

_SPELLINGS: Final[Mapping[KpiModule, Mapping[str, str]]] = {
    KpiModule.GEO_MARKETING: {kpi.value: text for kpi, text in GEO_MARKETING.items()},
    KpiModule.CONVERSION: {kpi.value: text for kpi, text in CONVERSION.items()},
    KpiModule.PRESENCE: {kpi.value: text for kpi, text in PRESENCE.items()},
}


def spelling(module: KpiModule, kpi: Kpi) -> str:
    """The vendor's name of a KPI of `module`."""
    return _SPELLINGS[module][kpi.value]
