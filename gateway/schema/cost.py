"""What each field of the graph costs: rows it can hold and calls it makes, by vendor, with nothing in the caches.

A price is read from the arguments and the crosswalk alone: making one asks nobody and never fails, whatever the
arguments are. A field that is not listed makes no call, and holds what pricing supposes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.domain import instant
from gateway.domain.instant import DAY, MINUTE
from gateway.domain.vendor import VendorKey
from gateway.execution.pricing import Arguments, Price, Prices, Pricing
from gateway.federation.directory import OKUBE_ONLY
from gateway.loaders.request import Request
from gateway.schema.arguments import EARLIEST, LATEST
from gateway.schema.node import decode

BESPOT, SHOPSTER, OKUBE, GUEST_WIFI = (vendor.value for vendor in VendorKey)

BESPOT_ROWS = 10_000
OKUBE_ROWS = WIFI_ROWS = LEASES = 100
"""Rows the largest page of each vendor holds."""
WALKED_DAYS = 60
"""Days of guest Wi-Fi that one page looks through at most, one day a call: its quota ends a longer walk."""
WIDENED_DAYS = 3
"""Days read beyond the window, for logins that began before it or ended after it (rules.md 17)."""
SERIES = 20
"""Series and points supposed in an answer whose size only the vendor knows."""

WIDTHS = {"MINUTE": 1, "QUARTER_HOUR": 15, "HOUR": 60, "DAY": 1440, "WEEK": 10_080, "MONTH": 43_200}
ROSTER = Price(calls={OKUBE: 1}, share="roster")
KINDS = Price(calls={OKUBE: 2}, share="kinds")


def page_of(context: Request, given: Arguments) -> int:
    """Rows of a page, whatever was asked: a wrong number is refused later."""
    asked = [given.get(name) for name in ("first", "last")]
    sizes = [size for size in asked if isinstance(size, int) and not isinstance(size, bool)]
    return min(max(0, sizes[0] if sizes else context.page_size), BESPOT_ROWS)


def span_of(given: Arguments) -> int:
    """Length of the window in minutes, rounded up; 1 for a window that will be refused."""
    window = given.get("window")
    try:
        start, end = (instant.parse(window[name]) for name in ("from", "to"))  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return 1
    if not EARLIEST <= start < end <= LATEST:
        return 1
    return -(-(end - start) // MINUTE)


def named(given: Arguments, known: int) -> int:
    """How many sites are asked: those named, else all."""
    inner = given.get("filter")
    sites = given.get("sites") or (inner.get("sites") if isinstance(inner, Mapping) else None)
    return len(sites) if isinstance(sites, list) else known


def count_of(values: Any) -> int:
    return len(values) if isinstance(values, list) else 1


def _site(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    """The crosswalk answers for its own sites."""
    by = given.get("by")
    named_by = by if isinstance(by, Mapping) else {}
    code, key = named_by.get("code"), named_by.get("key")
    okube = isinstance(code, Mapping) and code.get("vendor") == OKUBE
    alone = isinstance(key, str) and key.startswith(OKUBE_ONLY)
    return ROSTER if okube else Price(calls={OKUBE: 1} if alone else {})


def _sites(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    page, known = page_of(context, given), len(context.catalog.known)
    rows = min(page, known) if known else page
    filtered = bool(given.get("filter"))
    return Price(page=rows, calls={OKUBE: 2 if filtered else 1}, share=None if filtered else "roster")


def _sessions(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    """Two calls make a page (rules.md 16), a third where the near end is empty; guest Wi-Fi is read day by day."""
    page = page_of(context, given)
    days = min(-(-span_of(given) * MINUTE // DAY) + 1, WALKED_DAYS)
    inner = given.get("filter")
    vendors = inner.get("vendors") if isinstance(inner, Mapping) else None
    calls = {BESPOT: 2 + -(-page // BESPOT_ROWS), GUEST_WIFI: days + WIDENED_DAYS + 2 + -(-page // WIFI_ROWS)}
    if "totalCount" in selected:
        calls[BESPOT] += 1
    return Price(page=page, calls={vendor: n for vendor, n in calls.items() if not vendors or vendor in vendors})


def _footfall(field: str, one_site: bool) -> Pricing:
    """Minutes are paged, roll-ups read what the page's buckets hold, totals the whole window."""

    def price(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
        stores = len(context.catalog.crosswalk.claimed(VendorKey.BESPOT)) or 1
        asked = 1 if one_site else named(given, len(context.catalog.known)) or 1
        span, width = span_of(given), WIDTHS.get(str(given.get("granularity")), 1)
        buckets = asked * (-(-span // width) + 1)
        page = min(page_of(context, given), buckets)
        whole = not selected.isdisjoint({"totals", "totalCount"})
        minutes = span if whole else min(span, -(-page // asked) * width)
        rows = minutes * (stores if one_site else min(stores, asked))
        calls = {BESPOT: 1 + max(1, -(-rows // BESPOT_ROWS))}
        return Price(page=page, calls=calls, share=(field, repr(sorted(given.items()))) if one_site else None)

    return price


def _counts(calls: Callable[[Request, Arguments], dict[str, int]]) -> Pricing:
    def price(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
        return Price(items=named(given, len(context.catalog.known)), calls=calls(context, given))

    return price


def _count_of_site(field: str) -> Pricing:
    return lambda context, given, selected: Price(calls={BESPOT: 1}, share=(field, repr(sorted(given.items()))))


def _engagement(share: bool) -> Pricing:
    """One call for each kind of object, many objects a call."""

    def price(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
        objects = context.catalog.crosswalk.claimed(VendorKey.SHOPSTER).values()
        kinds = {thing.level for site in objects for thing in site.shopster}
        audiences = count_of(given["audiences"]) if isinstance(given.get("audiences"), list) else 7
        items = audiences * (1 if share else count_of(given.get("sites")))
        key = ("engagement", repr(sorted(given.items()))) if share else None
        return Price(items=items, page=None, calls={SHOPSTER: max(1, len(kinds))}, share=key)

    return price


def _records(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    page = page_of(context, given)
    calls = max(1, -(-page // OKUBE_ROWS)) + (1 if given.get("last") is not None else 0)
    return Price(page=page, calls={OKUBE: calls})


def _campaigns_of_site(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    price = _records(context, given, selected)
    return Price(page=price.page, calls=price.calls, share=("campaigns", repr(sorted(given.items()))))


def _kpis(share: bool) -> Pricing:
    """One call holds every KPI and scope; the sites of a list share it."""

    def price(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
        scopes = given.get("scopes")
        split = isinstance(scopes, list) and scopes != ["GLOBAL"]
        items = count_of(given.get("kpis")) * (count_of(scopes) if split else 1) * (SERIES if split else 1)
        calls = {OKUBE: 2 if split else 1}
        together = share and not split and given.get("filters") is None
        return Price(items=items, calls=calls, share=("kpis", repr(sorted(given.items()))) if together else None)

    return price


def _nodes(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    ids = given.get("ids")
    listed = ids if isinstance(ids, list) else [given.get("id")]
    asked = sum(map(_asks, listed))
    return Price(items=len(listed), calls={OKUBE: asked} if asked else {})


def _entities(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    """As `nodes`; a site may also go by its key."""
    named = given.get("representations")
    listed = named if isinstance(named, list) else []
    asked = sum(_asked_by(each) for each in listed if isinstance(each, Mapping))
    return Price(items=len(listed), calls={OKUBE: asked} if asked else {})


def _asked_by(representation: Mapping[str, Any]) -> int:
    if representation.get("id") is not None:
        return _asks(representation["id"])
    key = representation.get("key")
    return int(isinstance(key, str) and key.startswith(OKUBE_ONLY))


def _asks(text: Any) -> int:
    """A site of the crosswalk is known; anything else of ours is asked for."""
    found = decode(text) if isinstance(text, str) else None
    return int(found is not None and not (found[0] == "Site" and not found[1].startswith(OKUBE_ONLY)))


def _leases(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    addresses = count_of(given.get("addresses"))
    return Price(items=addresses, calls={GUEST_WIFI: -(-addresses // LEASES)})


def _written(context: Request, given: Arguments, selected: frozenset[str]) -> Price:
    """A write, and what is looked up for it or after it."""
    body = given.get("input")
    lists = [v for v in body.values() if isinstance(v, list)] if isinstance(body, Mapping) else []
    return Price(calls={OKUBE: 2 + max(map(len, lists), default=0) // OKUBE_ROWS})


def _fixed(price: Price) -> Pricing:
    return lambda context, given, selected: price


def _introspection() -> dict[str, Pricing]:
    """Sizes of this schema, roughly: the library bounds how deep they may be nested."""
    sizes = {
        "__Schema.types": 150,
        "__Schema.directives": 10,
        "__Type.fields": 15,
        "__Type.inputFields": 10,
        "__Type.enumValues": 20,
        "__Type.interfaces": 1,
        "__Type.possibleTypes": 3,
        "__Field.args": 5,
        "__Directive.args": 2,
    }
    return {name: _fixed(Price(items=items)) for name, items in sizes.items()}


def _of_application() -> dict[str, Pricing]:
    return {f"Query.{name}": _kpis(share=False) for name in ("geoMarketing", "conversion", "presence")}


def _of_site() -> dict[str, Pricing]:
    told = ("application", "active", "description", "address", "coordinates", "openings", "createdAt", "updatedAt")
    partly = ("tags", "codes")
    return {
        **{f"Site.{name}": _fixed(ROSTER) for name in (*told, *partly)},
        **{f"Site.{name}": _kpis(share=True) for name in ("geoMarketing", "conversion", "presence")},
        "Site.kind": _fixed(KINDS),
        "Site.sessions": _sessions,
        "Site.visits": _footfall("visits", one_site=True),
        "Site.occupancy": _footfall("occupancy", one_site=True),
        "Site.sessionCount": _count_of_site("sessionCount"),
        "Site.uniqueUserCount": _count_of_site("uniqueUserCount"),
        "Site.engagement": _engagement(share=True),
        "Site.campaigns": _campaigns_of_site,
    }


MUTATIONS = (
    "createSite",
    "updateSite",
    "importSites",
    "createPointOfInterest",
    "updatePointOfInterest",
    "importPointsOfInterest",
    "createCampaigns",
    "updateCampaign",
    "createStudies",
    "updateStudy",
)

PRICES: Prices = {
    "Query.node": _nodes,
    "Query.nodes": _nodes,
    "Query._entities": _entities,
    "Query.site": _site,
    "Query.sites": _sites,
    "Query.sessions": _sessions,
    "Query.visits": _footfall("visits", one_site=False),
    "Query.occupancy": _footfall("occupancy", one_site=False),
    "Query.sessionCounts": _counts(lambda context, given: {BESPOT: 1}),
    "Query.uniqueUserCounts": _counts(lambda context, given: {BESPOT: 1}),
    "Query.guestSessionCounts": _counts(
        lambda context, given: {
            GUEST_WIFI: named(given, len(context.catalog.crosswalk.claimed(VendorKey.GUEST_WIFI)) or 1)
        }
    ),
    "Query.engagement": _engagement(share=False),
    "Query.applications": _records,
    "Query.campaigns": _records,
    "Query.pointsOfInterest": _records,
    "Query.studies": _records,
    "Query.guestsByIp": _leases,
    "Query.vendors": _fixed(Price(items=len(VendorKey))),
    "Campaign.sites": _fixed(ROSTER),
    "Study.sites": _fixed(ROSTER),
    "Study.pointsOfInterest": _fixed(Price(calls={OKUBE: 1}, share="points of interest")),
    **_of_application(),
    **_of_site(),
    **_introspection(),
    **{f"Mutation.{name}": _written for name in MUTATIONS},
}
