"""The ten tables: columns, types and parameters, declared once. Every door and the documentation are made from these.

Column order and types never change within a major version; new columns go last (contract/bi.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec


class Kind(Enum):
    """What a column holds. An INSTANT is microseconds UTC, a DAY a date, in every batch of rows."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "number"
    BOOLEAN = "true or false"
    INSTANT = "instant"
    DAY = "day"


class Column(msgspec.Struct, frozen=True):
    """`raw`: an identifier of a person, shown only with scope pii:read and `pii=true`. `key`: part of the row's key."""

    name: str
    kind: Kind
    description: str
    null: bool = True
    key: bool = False
    raw: bool = False


class Span(Enum):
    """How a table is bounded in time."""

    NONE = "none"
    INSTANTS = "instants"
    DAYS = "days"


class Table(msgspec.Struct, frozen=True):
    """`time`: the column a time filter is pushed down on. `parameters`: those beside `from`, `to`, `columns`.

    `incremental`: takes `since`. `single`: one row can be asked by its key. `vendors`: who tells its facts.
    """

    name: str
    description: str
    vendors: str
    columns: tuple[Column, ...]
    parameters: tuple[str, ...] = ()
    span: Span = Span.NONE
    time: str | None = None
    incremental: bool = False
    single: bool = False

    @property
    def entity_set(self) -> str:
        """`points_of_interest` as `PointsOfInterest`."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.key)

    def shown(self, *, pii: bool) -> tuple[Column, ...]:
        """The columns a caller gets when he names none."""
        return self.columns if pii else tuple(column for column in self.columns if not column.raw)


class Batch(msgspec.Struct):
    """Some rows of a table: one list per column of it, raw ones only where they were asked.

    `marks`: for each row the position in a vendor's list from which reading goes on behind it; None where rows are
    found again by their time or number.
    """

    columns: list[Sequence[Any]]
    count: int
    marks: Sequence[int] | None = None


def batch(rows: Sequence[tuple[Any, ...]], width: int, marks: Sequence[int] | None = None) -> Batch:
    """Rows as columns."""
    if not rows:
        return Batch([[] for _ in range(width)], 0, marks)
    return Batch([list(column) for column in zip(*rows, strict=True)], len(rows), marks)


def _text(name: str, description: str, *, null: bool = True, key: bool = False, raw: bool = False) -> Column:
    return Column(name, Kind.TEXT, description, null, key, raw)


_SITE = _text("site_key", "The gateway's own key of the site.", null=False)
_SITE_KEY = msgspec.structs.replace(_SITE, key=True)
_STARTS = Column("starts_at", Kind.INSTANT, "Start of the bucket, UTC.", null=False, key=True)
_ENDS = Column("ends_at", Kind.INSTANT, "End of the bucket, exclusive, UTC.", null=False)
_FINAL = Column("final", Kind.BOOLEAN, "False while the vendor may still change this row.", null=False)
_TAGS = _text("tags", "Tags, joined by `;`.", null=False)
_SITES = _text("site_keys", "Keys of the sites it names, as far as you may see them, joined by `;`.")
_ROLL = ("site", "granularity")


def _integer(name: str, description: str, *, null: bool = False) -> Column:
    return Column(name, Kind.INTEGER, description, null)


def _float(name: str, description: str, *, null: bool = True) -> Column:
    return Column(name, Kind.FLOAT, description, null)


def _day(name: str, description: str) -> Column:
    return Column(name, Kind.DAY, description)


SITES = Table(
    "sites",
    "Stores, venues and online properties, by key; those that only Okube knows come last.",
    "crosswalk, OKUBE",
    (
        _SITE_KEY,
        _text("name", "From the crosswalk, else from the vendors.", null=False),
        _text("kind", "PHYSICAL or ONLINE.", null=False),
        Column("active", Kind.BOOLEAN, "As Okube says; empty where Okube does not know the site."),
        _text("timezone", "IANA name."),
        _TAGS,
        _float("latitude", "Degrees."),
        _float("longitude", "Degrees."),
        _text("bespot_codes", "Store codes at Bespot, joined by `;`.", null=False),
        _text("okube_id", "`_id` at Okube."),
        _text("shopster_objects", "Object numbers at Shopster, joined by `;`.", null=False),
        _text("guest_wifi_codes", "Location ids of the guest Wi-Fi, joined by `;`.", null=False),
    ),
    ("site", "application"),
    single=True,
)
SESSIONS = Table(
    "sessions",
    "Stays of people that started in the window, oldest first. Sessions of different vendors are not comparable.",
    "BESPOT, GUEST_WIFI",
    (
        Column("session_id", Kind.TEXT, "Opaque and stable.", null=False, key=True),
        _text("vendor", "BESPOT or GUEST_WIFI.", null=False),
        _SITE,
        Column("started_at", Kind.INSTANT, "When it began.", null=False),
        Column("ended_at", Kind.INSTANT, "When it ended; empty while it has not."),
        _integer("duration_seconds", "Whole seconds as the vendor reports them.", null=True),
        _text("status", "OPEN, CLOSED or STALE.", null=False),
        _text("device", "Pseudonym of the device."),
        _text("login_type", "How the guest logged in (Wi-Fi)."),
        _text("service_profile", "The guest's plan (Wi-Fi)."),
        _integer("downloaded_bytes", "Approximate (Wi-Fi).", null=True),
        _integer("uploaded_bytes", "Approximate (Wi-Fi).", null=True),
        _text("device_id", "Installation of the app.", raw=True),
        _text("user_id", "The person, as the app's maker named it.", raw=True),
        _text("alternate_user_id", "A second name.", raw=True),
        _text("device_mac", "MAC address.", raw=True),
        _text("device_ip", "Address in the venue's network.", raw=True),
        _text("guest_id", "The guest.", raw=True),
        _text("yas_id", "The vendor's second identifier.", raw=True),
    ),
    ("site", "pii", "vendor", "status"),
    Span.INSTANTS,
    "started_at",
    incremental=True,
)
VISITS = Table(
    "visits",
    "People through the door, one row per site and bucket.",
    "BESPOT",
    (
        _SITE_KEY,
        _STARTS,
        _ENDS,
        _integer("entries", "People who came in."),
        _integer("exits", "People who went out."),
        _integer("net", "entries - exits as the vendor counts it; may be negative."),
        _FINAL,
    ),
    _ROLL,
    Span.INSTANTS,
    "starts_at",
    incremental=True,
)
OCCUPANCY = Table(
    "occupancy",
    "People inside, one row per site and bucket that holds a measurement.",
    "BESPOT",
    (
        _SITE_KEY,
        _STARTS,
        _ENDS,
        _integer("count", "Last measured value of the bucket."),
        _integer("peak", "Highest."),
        _float("average", "Weighted by time.", null=False),
        _FINAL,
    ),
    _ROLL,
    Span.INSTANTS,
    "starts_at",
    incremental=True,
)
ENGAGEMENT = Table(
    "engagement",
    "How long people stay and whether they come back. Audiences overlap and devices are distinct: never add them up.",
    "SHOPSTER",
    (
        _SITE_KEY,
        _text("object", "The vendor's object.", null=False, key=True),
        _text("audience", "ALL, PASSER, VISITOR, BOUNCED, HALF_ENGAGED, ENGAGED or EMPLOYEE.", null=False, key=True),
        _text("interval", "Bucket asked.", null=False, key=True),
        _STARTS,
        _integer("session_count", "Stays."),
        _integer("unique_devices", "Distinct devices. Never to be added up."),
        _integer("returning_devices", "Distinct devices seen before within `comeback`."),
        _integer("average_session_seconds", "Mean stay.", null=True),
        _float("gross_shopping_time", "As the vendor sends it; its unit is not documented."),
        _text("comeback", "Comeback window asked.", null=False),
        _text("bounce_threshold", "Bounce threshold asked.", null=False),
        _text("engagement_threshold", "Engagement threshold asked.", null=False),
    ),
    ("site", "interval", "comeback", "bounceThreshold", "engagementThreshold", "audience"),
    Span.DAYS,
    "starts_at",
)
CAMPAIGNS = Table(
    "campaigns",
    "Marketing campaigns, in the vendor's order.",
    "OKUBE",
    (
        _text("campaign_id", "`_id` at Okube.", null=False, key=True),
        _text("key", "The vendor's key.", null=False),
        _text("name", "Name."),
        _day("starts_on", "First day as planned."),
        _day("ends_on", "Last day as planned."),
        _day("computed_starts_on", "First day as it ran."),
        _day("computed_ends_on", "Last day as it ran."),
        _text("lever", "Marketing channel."),
        _text("provider", "Provider."),
        _text("agency", "Agency."),
        _text("format", "Format."),
        _TAGS,
        _SITES,
    ),
    ("site", "application"),
    single=True,
)
POINTS_OF_INTEREST = Table(
    "points_of_interest",
    "Places that matter to geo-marketing.",
    "OKUBE",
    (
        _text("poi_id", "`_id` at Okube.", null=False, key=True),
        _text("key", "The vendor's key."),
        _text("name", "Name."),
        Column("active", Kind.BOOLEAN, "Whether it is in use."),
        _float("latitude", "Degrees."),
        _float("longitude", "Degrees."),
        _float("radius_meters", "Radius; the unit is presumed."),
        _text("timezone", "IANA name."),
        _TAGS,
    ),
    ("application",),
    single=True,
)
STUDIES = Table(
    "studies",
    "Geo-marketing studies.",
    "OKUBE",
    (
        _text("study_id", "`_id` at Okube.", null=False, key=True),
        _text("key", "The vendor's key.", null=False),
        _text("name", "Name."),
        _day("starts_on", "First day."),
        _day("ends_on", "Last day."),
        _TAGS,
        _SITES,
    ),
    ("site", "application"),
    single=True,
)
COUNTS = Table(
    "counts",
    "Figures the vendor counts itself, per site and bucket: one question per bucket. Never add unique users up.",
    "BESPOT",
    (
        _SITE_KEY,
        _STARTS,
        _ENDS,
        _integer("sessions", "Sessions.", null=True),
        _integer("unique_users", "Distinct users; empty for a site of several store codes.", null=True),
    ),
    _ROLL,
    Span.INSTANTS,
    "starts_at",
)
KPIS = Table(
    "kpis",
    "Okube's analytics, one row per point of a series.",
    "OKUBE",
    (
        _text("module", "GEO_MARKETING, CONVERSION or PRESENCE.", null=False, key=True),
        _text("kpi", "Name of the KPI.", null=False, key=True),
        _text("mode", "HISTOGRAM or AGGREGATION.", null=False, key=True),
        _text("granularity", "DAY, WEEK, MONTH or YEAR.", null=False, key=True),
        _text("scope", "GLOBAL or the scope asked.", null=False, key=True),
        _text("entity", "Key of the site, campaign, lever, extra, area or device."),
        _text("site_key", "The site, where the series is of one."),
        _day("starts_on", "First day of the bucket (HISTOGRAM)."),
        _integer("category", "Category (AGGREGATION): 1 is Monday, or January.", null=True),
        _float("value", "The figure, where it is a plain number."),
        _text("value_json", "The figure as JSON, where it is not a plain number."),
        Column("extrapolated", Kind.BOOLEAN, "Whether the vendor extrapolated."),
    ),
    ("site", "application", "module", "kpi", "mode", "granularity", "scope", "study", "uplift", "filters"),
    Span.DAYS,
    "starts_on",
)

TABLES: tuple[Table, ...] = (
    SITES,
    SESSIONS,
    VISITS,
    OCCUPANCY,
    ENGAGEMENT,
    CAMPAIGNS,
    POINTS_OF_INTEREST,
    STUDIES,
    COUNTS,
    KPIS,
)
BY_NAME = {table.name: table for table in TABLES}
BY_ENTITY_SET = {table.entity_set: table for table in TABLES}
