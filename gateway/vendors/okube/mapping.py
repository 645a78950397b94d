"""Okube's documents as records of the domain. Pure: no I/O, and no vendor's word leaves here.

What the document prints collapsed (references, extra fields, levers) is read in every shape it allows; what cannot be
read is Malformed and names the member, never a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, NoReturn, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain import instant
from gateway.domain.application import Application
from gateway.domain.campaign import Campaign, KeyValue, Lever
from gateway.domain.errors import Malformed
from gateway.domain.okube_site import OkubeSite
from gateway.domain.place import Coordinates, SiteKind
from gateway.domain.point_of_interest import PointOfInterest
from gateway.domain.study import Study
from gateway.domain.vendor import VendorKey
from gateway.vendors.okube import wire

Order: TypeAlias = Literal["lng,lat", "lat,lng"]

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]

# Names under which a pair may stand in the array form of `extra` (quirk O22).
_PAIRS = (("key", "value"), ("name", "value"), ("k", "v"))


def application(document: wire.ApplicationDocument, at: str) -> Application:
    del at
    return Application(document.id, document.key or None, document.name or None)


def site_in(order: Order, asked: SiteKind | None = None) -> Callable[[wire.SiteDocument, str], OkubeSite]:
    """How sites are read: `order` of the coordinates, and the kind the question asked for (rules.md 24)."""

    def site(document: wire.SiteDocument, at: str) -> OkubeSite:
        keys, tags, place = document.keys, document.tags, document.coordinates
        return OkubeSite(
            id=document.id,
            key=document.key or None,
            keys=tuple(keys) if keys else (),
            application=document.application or None,
            name=document.name or None,
            description=document.description or None,
            active=document.active,
            kind=asked if document.online is None else _kind(document.online),
            tags=tuple(tags) if tags else (),
            timezone=_zone(document.timezone) if document.timezone else None,
            address=document.address,
            coordinates=coordinates(place, order, at) if place else None,
            openings=document.openings,
            created_at=_utc(document.created_at, at, "createdAt"),
            updated_at=_utc(document.updated_at, at, "updatedAt"),
        )

    return site


def point_of_interest_in(order: Order) -> Callable[[wire.PoiDocument, str], PointOfInterest]:
    """How points of interest are read: `order` of the coordinates."""

    def point_of_interest(document: wire.PoiDocument, at: str) -> PointOfInterest:
        return PointOfInterest(
            id=document.id,
            application=document.application or None,
            key=document.key or None,
            name=document.name or None,
            description=document.description or None,
            active=document.active,
            tags=tuple(document.tags or ()),
            timezone=_zone(document.timezone),
            coordinates=coordinates(document.coordinates, order, at),
            address=document.address,
            radius_meters=document.radius,
            indoor_indexes=document.indoor_indexes,
            outdoor_indexes=document.outdoor_indexes,
            created_at=_utc(document.created_at, at, "createdAt"),
            updated_at=_utc(document.updated_at, at, "updatedAt"),
        )

    return point_of_interest


def campaign(document: wire.CampaignDocument, at: str) -> Campaign:
    """A campaign without a key goes by its id: the graph promises a key, the vendor requires one to create it."""
    return Campaign(
        id=document.id,
        key=document.key or document.id,
        application=document.application or None,
        name=document.name or None,
        description=document.description or None,
        tags=tuple(document.tags or ()),
        starts_on=document.starts_on,
        ends_on=document.ends_on,
        computed_starts_on=document.computed_starts_on,
        computed_ends_on=document.computed_ends_on,
        lever=_lever(document, f"{at}.lever"),
        provider=document.provider or None,
        agency=document.agency or None,
        format=document.format or None,
        extra=extra(document.extra, f"{at}.extra"),
        costs=tuple(document.costs or ()),
        sites=references(document.sites, f"{at}.sites"),
    )


def study(document: wire.StudyDocument, at: str) -> Study:
    """A study without a key goes by its id, as campaigns do."""
    return Study(
        id=document.id,
        key=document.key or document.id,
        application=document.application or None,
        name=document.name or None,
        description=document.description or None,
        tags=tuple(document.tags or ()),
        starts_on=document.starts_on,
        ends_on=document.ends_on,
        sites=references(document.sites, f"{at}.sites"),
        points_of_interest=references(document.pois, f"{at}.pois"),
    )


def coordinates(numbers: list[float] | None, order: Order, at: str) -> Coordinates | None:
    """Degrees in the configured order. A swap shows only where it is impossible, and is not mended (quirk O25).

    `at`: the document they stand in.
    """
    if not numbers:
        return None
    if len(numbers) != 2:
        _refuse("Okube sent coordinates that are not two numbers.", f"{at}.coordinates")
    longitude, latitude = numbers
    if order != "lng,lat":
        longitude, latitude = latitude, longitude
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        _refuse("Okube sent coordinates outside the globe: is their order set right?", f"{at}.coordinates")
    return Coordinates(latitude, longitude)


def references(items: list[Any] | None, at: str) -> tuple[str, ...] | None:
    """Ids, keys, or embedded records: the document collapses which."""
    if items is None:
        return None
    return tuple(_reference(item, f"{at}[{index}]") for index, item in enumerate(items))


def extra(members: list[Any] | Mapping[str, Any] | None, at: str) -> tuple[KeyValue, ...]:
    """An object in requests, an array in the sample of the answer: both are read (quirk O22)."""
    if isinstance(members, Mapping):
        return tuple(KeyValue(key, value) for key, value in members.items())
    return tuple(pair for index, item in enumerate(members or ()) for pair in _pairs(item, f"{at}[{index}]"))


def _pairs(item: object, at: str) -> list[KeyValue]:
    if isinstance(item, Mapping):
        for key, value in _PAIRS:
            if item.keys() == {key, value} and isinstance(item[key], str):
                return [KeyValue(item[key], item[value])]
        return [KeyValue(key, value) for key, value in item.items() if key != "_id"]
    if not isinstance(item, str):
        _refuse("Okube sent an extra field of no known shape.", at)
    key, colon, text = item.partition(":")  # the chapter on conversion calls them "Key:Value"
    return [KeyValue(key, text if colon else None)]


def _reference(item: object, at: str) -> str:
    if isinstance(item, Mapping):
        item = item.get("_id") or item.get("key")
    if not isinstance(item, str) or not item:
        _refuse("Okube sent a reference without an id or a key.", at)
    return item


def _lever(document: wire.CampaignDocument, at: str) -> Lever | None:
    lever = _reference(document.lever, at) if document.lever else None
    if lever is None and document.lever_name is None and document.lever_trigger is None:
        return None
    return Lever(lever, document.lever_name or None, document.lever_trigger)


def _kind(online: bool) -> SiteKind:
    return SiteKind.ONLINE if online else SiteKind.PHYSICAL


def _utc(told: str | None, at: str, member: str) -> str | None:
    if told is None:
        return None
    try:
        return _shown(told)
    except (ValueError, OverflowError):
        _refuse("Okube sent an instant that is none.", f"{at}.{member}")


@lru_cache(maxsize=4096)  # every read of a list tells the same instants again
def _shown(told: str) -> str:
    try:
        moment = instant.parse(told)
    except ValueError:  # an offset without a colon, and the like
        moment = instant.from_datetime(msgspec.convert(told, _Moment))
    return instant.text(moment)


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> str | None:
    """The name where it is a zone of this machine: half a time zone would do more harm than none."""
    try:
        return ZoneInfo(name).key if name else None
    except (ValueError, OSError, KeyError):
        return None


def _refuse(message: str, at: str) -> NoReturn:
    raise Malformed(VendorKey.OKUBE, message, member=at)
