"""The enums of the graph: the domain's own, with a description for each value."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

import strawberry

from gateway.domain.coverage import CoverageState
from gateway.domain.place import SiteKind
from gateway.domain.quota import VendorState
from gateway.domain.session import SessionDefinition, SessionStatus
from gateway.domain.vendor import VendorKey
from gateway.federation.buckets import Granularity

E = TypeVar("E", bound=type[Enum])


def described(enum: E, description: str, values: dict[str, str]) -> E:
    """Registers a domain enum under its own name. Every value must be described."""
    missing = {member.name for member in enum} ^ set(values)
    assert not missing, f"{enum.__name__}: describe {missing}"
    strawberry.enum(enum, description=description)
    definition: Any = enum.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry
    for value in definition.values:
        value.description = values[value.name]
    return enum


class SortDirection(Enum):
    """Which end comes first."""

    ASC = "ASC"
    DESC = "DESC"


class SiteOrderField(Enum):
    """What sites are sorted by."""

    KEY = "KEY"
    NAME = "NAME"


described(
    VendorKey,
    "A vendor behind the gateway.",
    {
        "BESPOT": "Bespot: door counts and occupancy of its people counters, and sessions of apps that carry its SDK.",
        "SHOPSTER": "Shopster: Wi-Fi sensors that group devices by how long they stay and whether they come back.",
        "OKUBE": "Okube: campaigns, points of interest, studies and their analytics; also a list of sites.",
        "GUEST_WIFI": "Guest Wi-Fi (IPERA): logins of guests on the venue's own network.",
    },
)
described(
    CoverageState,
    "How much of what was asked of a vendor is in the answer.",
    {
        "COMPLETE": "All the vendor has for what was asked, which may be nothing.",
        "PARTIAL": "The vendor failed midway: some of its rows are missing. `code` says why.",
        "FAILED": "The vendor did not answer: none of its rows are here. `code` says why.",
        "NOT_COVERED": "The vendor does not know these sites, or is not configured (then `code` says so).",
    },
)
described(
    SiteKind,
    "What sort of place a site is.",
    {"PHYSICAL": "A store or venue with an address.", "ONLINE": "An online property: a web shop or an app."},
)
described(
    SessionStatus,
    "Whether a stay has ended.",
    {
        "OPEN": "Still going on, as far as the vendor knows.",
        "CLOSED": "Ended; `endedAt` says when.",
        "STALE": "Never closed by the vendor and older than the configured limit (an app that was killed).",
    },
)
described(
    SessionDefinition,
    "What the vendor counts as one session. Sessions of different definitions are not comparable.",
    {
        "APP_FOREGROUND": "The time an app was in the foreground: one visit to a store may be several (Bespot).",
        "WIFI_LOGIN": "The time from a guest's login on the venue's Wi-Fi to its end.",
    },
)
described(
    Granularity,
    "Bucket width of a roll-up, in the site's own time zone (a DST day has 23 or 25 hours).",
    {
        "MINUTE": "The vendor's own minutes, as it sent them: minutes it left out are left out.",
        "QUARTER_HOUR": "Quarter hours of the wall clock.",
        "HOUR": "Hours of the wall clock.",
        "DAY": "Civil days, midnight to midnight.",
        "WEEK": "Civil weeks, from Monday.",
        "MONTH": "Civil months.",
    },
)
described(SortDirection, "Order of a list.", {"ASC": "Smallest or oldest first.", "DESC": "The exact reverse of ASC."})
described(
    SiteOrderField,
    "What sites are sorted by.",
    {
        "KEY": "The gateway's key; sites that only Okube knows come after those of the crosswalk.",
        "NAME": "The name, without regard to case; equal names by key.",
    },
)
described(
    VendorState,
    "How a vendor is doing.",
    {
        "READY": "Its last call went well, or none was made yet.",
        "DEGRADED": "Its last call failed.",
        "OPEN_CIRCUIT": "It failed so often that it is not asked for a moment.",
        "NOT_CONFIGURED": "It has no credentials here and is not simulated: its fields answer null.",
    },
)
