"""Which rule guards each field of the graph: the list that is checked when a field is added (rules.md 8 to 12, 38).

Resolvers enforce the rules; here stands which one each of them must, and tests ask every field as callers who may not.
A field that is not listed fails the tests, so that nobody can add one without saying who may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema


class Rule(Enum):
    """Who is answered.

    OPEN: everybody. READ, WRITE: the scope. PII, ADMIN: the scope, else null (or empty) and FORBIDDEN. SITES: a site
    or sites, only those the caller sees. WITHIN: facts of the site, campaign or study it stands on, which the caller
    was already found to see. PART: a member of something he was given.
    """

    OPEN = "open"
    READ = "read"
    WRITE = "write"
    PII = "pii"
    ADMIN = "admin"
    SITES = "sites"
    WITHIN = "within"
    PART = "part"


_CONNECTIONS = ("Application", "Campaign", "Occupancy", "PointOfInterest", "Session", "Site", "Study", "Visit")
_STAY = "id vendor definition startedAt endedAt durationSeconds status device"
_KPIS = "geoMarketing conversion presence"

_LISTED: tuple[tuple[str, Rule, str], ...] = (
    ("Query", Rule.OPEN, "viewer"),
    ("Query", Rule.READ, f"node nodes site sites sessions visits occupancy engagement vendors {_KPIS}"),
    ("Query", Rule.READ, "sessionCounts uniqueUserCounts guestSessionCounts"),
    ("Query", Rule.READ, "applications campaigns pointsOfInterest studies"),
    ("Query", Rule.PII, "guestsByIp"),
    ("Mutation", Rule.WRITE, "createSite updateSite importSites createCampaigns updateCampaign"),
    ("Mutation", Rule.WRITE, "createPointOfInterest updatePointOfInterest importPointsOfInterest"),
    ("Mutation", Rule.WRITE, "createStudies updateStudy"),
    ("Node", Rule.PART, "id"),
    ("Site", Rule.PART, "id key name kind application active description tags timezone address coordinates openings"),
    ("Site", Rule.PART, "createdAt updatedAt codes"),
    ("Site", Rule.WITHIN, f"sessions visits occupancy sessionCount uniqueUserCount engagement campaigns {_KPIS}"),
    ("SiteCode", Rule.PART, "vendor code"),
    ("Coordinates", Rule.PART, "latitude longitude"),
    ("Session", Rule.PART, _STAY),
    ("Session", Rule.SITES, "site"),
    ("AppSession", Rule.PART, _STAY),
    ("AppSession", Rule.SITES, "site"),
    ("AppSession", Rule.PII, "deviceId userId alternateUserId"),
    ("WifiSession", Rule.PART, f"{_STAY} deviceDescription loginType serviceProfile downloadedBytes uploadedBytes"),
    ("WifiSession", Rule.SITES, "site"),
    ("WifiSession", Rule.PII, "deviceMac deviceIp guestId yasId"),
    ("GuestLease", Rule.PART, "address username name email durationSeconds"),
    ("Visit", Rule.PART, "startsAt endsAt entries exits net final"),
    ("Visit", Rule.SITES, "site"),
    ("VisitTotals", Rule.PART, "entries exits net"),
    ("VisitConnection", Rule.PART, "totals"),
    ("Occupancy", Rule.PART, "startsAt endsAt count peak average final"),
    ("Occupancy", Rule.SITES, "site"),
    ("SiteCount", Rule.PART, "count"),
    ("SiteCount", Rule.SITES, "site"),
    ("EngagementSeries", Rule.PART, "object audience interval comeback bounceThreshold engagementThreshold points"),
    ("EngagementSeries", Rule.SITES, "site"),
    ("EngagementPoint", Rule.PART, "startsAt sessionCount uniqueDevices returningDevices averageSessionSeconds"),
    ("EngagementPoint", Rule.PART, "grossShoppingTime"),
    ("Application", Rule.PART, "id key name"),
    ("Campaign", Rule.PART, "id application key name description tags startsOn endsOn computedStartsOn"),
    ("Campaign", Rule.PART, "computedEndsOn lever provider agency format extra costs"),
    ("Campaign", Rule.SITES, "sites"),
    ("Lever", Rule.PART, "id name trigger"),
    ("KeyValue", Rule.PART, "key value"),
    ("PointOfInterest", Rule.PART, "id application key name description active tags timezone coordinates address"),
    ("PointOfInterest", Rule.PART, "radiusMeters indoorIndexes outdoorIndexes createdAt updatedAt"),
    ("Study", Rule.PART, "id application key name description tags startsOn endsOn"),
    ("Study", Rule.SITES, "sites"),
    ("Study", Rule.WITHIN, "pointsOfInterest"),
    ("KpiSeries", Rule.PART, "scope entity module kpi mode granularity extrapolated total points"),
    ("KpiSeries", Rule.SITES, "site"),
    ("KpiPoint", Rule.PART, "index startsOn category value"),
    ("KpiValue", Rule.PART, "number json"),
    ("Coverage", Rule.PART, "vendor state asOf stale code vendorCode retryAfter"),
    ("Coverage", Rule.SITES, "sites"),
    ("Vendor", Rule.PART, "key title simulated state quotas lastSuccessAt lastFailureAt lastFailureCode"),
    ("Vendor", Rule.ADMIN, "unclaimedCodes"),
    ("Quota", Rule.PART, "name limit perSeconds remaining resetsAt"),
    ("Viewer", Rule.OPEN, "name scopes"),
    ("PageInfo", Rule.PART, "hasNextPage hasPreviousPage startCursor endCursor"),
    *((f"{noun}Connection", Rule.PART, "edges nodes pageInfo totalCount coverage") for noun in _CONNECTIONS),
    *((f"{noun}Edge", Rule.PART, "cursor node") for noun in _CONNECTIONS),
    ("UserError", Rule.PART, "code message path"),
    ("SitePayload", Rule.PART, "site userErrors"),
    ("PointOfInterestPayload", Rule.PART, "pointOfInterest userErrors"),
    ("CampaignPayload", Rule.PART, "campaign userErrors"),
    ("CampaignsPayload", Rule.PART, "campaigns userErrors"),
    ("StudyPayload", Rule.PART, "study userErrors"),
    ("StudiesPayload", Rule.PART, "studies userErrors"),
    ("ImportPayload", Rule.PART, "accepted result userErrors"),
    ("Subscription", Rule.READ, "occupancy visits sessions"),
)

RULES: Mapping[str, Rule] = {f"{type_}.{name}": rule for type_, rule, names in _LISTED for name in names.split()}
"""By `Type.field`."""


ROUTERS_RULES: Mapping[str, Rule] = {
    "Query._entities": Rule.READ,
    "Query._service": Rule.READ,
    "_Service.sdl": Rule.PART,
}
"""Of the fields that are there while the gateway is a subgraph."""


def fields_of(schema: GraphQLSchema) -> Iterable[str]:
    """Every field of every type that can be answered, without the introspection's own."""
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield from (f"{name}.{field}" for field in type_.fields)


def uncovered(schema: GraphQLSchema) -> list[str]:
    """Fields that no rule guards: there must be none."""
    return sorted(field for field in fields_of(schema) if field not in RULES and field not in ROUTERS_RULES)
