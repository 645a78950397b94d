"""Drafts as the bodies Okube's document asks for: members renamed, absent ones left out, `app` never written.

Pure. On creation a null is an absent member; on update it clears (quirk O32). Which nulls the vendor takes stands in
`checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from gateway.domain.campaign import CampaignDraft
from gateway.domain.files import File
from gateway.domain.okube_site import SiteColumns, SiteDraft, SiteImport
from gateway.domain.place import Coordinates, SiteKind
from gateway.domain.point_of_interest import PointOfInterestDraft
from gateway.domain.study import StudyDraft
from gateway.vendors.okube.lists import ENCODINGS
from gateway.vendors.okube.mapping import Order

# The vendor's name of each member of a draft.
SITE: Final[Mapping[str, str]] = {
    "key": "key",
    "keys": "keys",
    "active": "active",
    "description": "description",
    "floors": "level",
    "name": "name",
    "tags": "tags",
    "timezone": "timezone",
    "phone_number": "phoneNumber",
    "delivery_contact": "deliveryContact",
    "modules": "modules",
    "kind": "online",
    "address": "address",
    "coordinates": "coordinates",
}
POINT_OF_INTEREST: Final[Mapping[str, str]] = {
    "key": "key",
    "active": "active",
    "description": "description",
    "name": "name",
    "tags": "tags",
    "coordinates": "coordinates",
    "address": "address",
    "timezone": "timezone",
    "radius_meters": "radius",
    "indoor_indexes": "indoorIndexes",
    "outdoor_indexes": "outdoorIndexes",
}
CAMPAIGN: Final[Mapping[str, str]] = {
    "key": "key",
    "name": "name",
    "description": "description",
    "provider": "provider",
    "agency": "agency",
    "format": "format",
    "starts_on": "from",
    "ends_on": "to",
    "extra": "extra",
    "tags": "tags",
    "sites": "sites",
    "costs": "costs",
}
STUDY: Final[Mapping[str, str]] = {
    "key": "key",
    "name": "name",
    "description": "description",
    "starts_on": "from",
    "ends_on": "to",
    "extra": "extra",
    "tags": "tags",
    "sites": "sites",
    "points_of_interest": "pois",
}
_COLUMNS: Final[Mapping[str, str]] = {name: f"mapper[{name}]" for name in SiteColumns.__struct_fields__}


def site(draft: SiteDraft, order: Order, *, creating: bool) -> dict[str, Any]:
    return _body(draft, SITE, order, creating=creating)


def point_of_interest(draft: PointOfInterestDraft, order: Order, *, creating: bool) -> dict[str, Any]:
    return _body(draft, POINT_OF_INTEREST, order, creating=creating)


def campaign(draft: CampaignDraft, *, creating: bool) -> dict[str, Any]:
    return _body(draft, CAMPAIGN, "lng,lat", creating=creating)


def study(draft: StudyDraft, *, creating: bool) -> dict[str, Any]:
    return _body(draft, STUDY, "lng,lat", creating=creating)


def thumbnail(draft: SiteDraft) -> dict[str, File]:
    """Name of the part: assumed (rules.md 26)."""
    return {"thumbnail": draft.thumbnail} if isinstance(draft.thumbnail, File) else {}


def site_import(what: SiteImport) -> dict[str, Any]:
    """Members beside the file."""
    columns = {_COLUMNS[name]: getattr(what.columns, name) for name in _COLUMNS}
    members = {"encoding": ENCODINGS[what.encoding], "delimiter": what.delimiter, **columns}
    return {name: value for name, value in members.items() if value is not None}


def _body(draft: object, names: Mapping[str, str], order: Order, *, creating: bool) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for member, name in names.items():
        value = getattr(draft, member)
        if value is UNSET:
            continue
        value = _wired(value, order)
        if value == [] and name in {"tags", "keys"}:  # lists that must not be empty: none is said by null or silence
            value = None
        if value is not None or not creating:
            body[name] = value
    return body


def _wired(value: object, order: Order) -> object:
    match value:
        case Coordinates(latitude=latitude, longitude=longitude):
            return [longitude, latitude] if order == "lng,lat" else [latitude, longitude]
        case SiteKind():
            return value is SiteKind.ONLINE
        case tuple():
            return list(value)
        case _:
            return value
