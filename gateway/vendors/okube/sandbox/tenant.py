"""What the simulated Okube holds: documents under its own member names, seeded from the world, changed by writes.

Records hold all that was ever written; `SHOWN` says which members come back (quirk O24). Nothing here reads a request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from gateway.domain import instant
from gateway.domain.instant import SECOND
from gateway.sandbox.marketing import Campaign, PointOfInterest, Study
from gateway.sandbox.places import Place
from gateway.sandbox.world import World
from gateway.vendors.okube.sandbox.refusal import Refusal, not_found

Record: TypeAlias = dict[str, Any]


class Resource(StrEnum):
    """The four lists, by the segment of their routes."""

    SITES = "sites"
    POIS = "pois"
    CAMPAIGNS = "campaigns"
    STUDIES = "studies"


_COMMON = ("_id", "key", "application", "name", "description", "tags")
SHOWN: dict[Resource, tuple[str, ...]] = {
    Resource.SITES: (*_COMMON, "keys", "createdAt", "updatedAt", "active", "address", "coordinates", "openings"),
    Resource.POIS: (
        *(*_COMMON, "createdAt", "updatedAt", "active", "address", "coordinates", "timezone", "radius"),
        *("indoorIndexes", "outdoorIndexes"),
    ),
    Resource.CAMPAIGNS: (
        *(*_COMMON, "lever", "_cachedLeverName", "_cachedLeverTrigger", "sites", "from", "to"),
        *("computedFrom", "computedTo", "flag", "provider", "agency", "format", "extra", "costs"),
    ),
    Resource.STUDIES: (*_COMMON, "sites", "pois", "from", "to", "flag"),
}

FORBIDDEN_APPLICATION: Record = {"_id": "5e1834b0e12d62a85b38ffff", "key": "someone-else", "name": "Someone else"}
_CREATED = "2019-03-28T09:25:15.000Z"
_TRIGGERED = frozenset({"email", "social"})
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEBSHOP: Record = {
    "_id": "5e1834b0e12d62a85b38eeee",
    "key": "WEBSHOP",
    "name": "Web shop",
    "description": "=The shop without a door",  # a formula to a spreadsheet: exports must neutralise it (quirk O5)
    "active": True,
    "online": True,
    "tags": ["web"],
}


class Tenant:
    """Everything of one application, and the name of another that the credentials may not see."""

    def __init__(self, world: World) -> None:
        self._clock = world.now
        self._made = 0
        own = world.application
        self.application: Record = {"_id": own.id, "key": own.key, "name": own.name, "timezone": own.timezone}
        sites = [_site(place) for place in world.everywhere if place.okube is not None]
        by_key = {place.key: place.okube.id for place in world.everywhere if place.okube is not None}
        self._records: dict[Resource, dict[str, Record]] = {
            Resource.SITES: _indexed([*sites, {**_dated(), **_WEBSHOP}]),
            Resource.POIS: _indexed([_point(point) for point in world.points_of_interest]),
            Resource.CAMPAIGNS: _indexed([_campaign(campaign, by_key) for campaign in world.campaigns]),
            Resource.STUDIES: _indexed([_study(study, by_key) for study in world.studies]),
        }
        for record in self.every():
            record["application"] = own.id

    def every(self) -> Iterator[Record]:
        """All records of all lists."""
        for records in self._records.values():
            yield from records.values()

    def records(self, resource: Resource) -> list[Record]:
        """In the order they were made."""
        return list(self._records[resource].values())

    def named(self, id_or_key: str) -> str:
        """`_id` of an application by id or key. 404 unknown, 403 not ours."""
        if id_or_key in (self.application["_id"], self.application["key"]):
            return str(self.application["_id"])
        if id_or_key in (FORBIDDEN_APPLICATION["_id"], FORBIDDEN_APPLICATION["key"]):
            raise Refusal(403, "Forbidden")
        raise not_found("Application")

    def get(self, resource: Resource, id_or_key: str) -> Record:
        """By `_id` first, then by key or alternative key (quirk O6)."""
        found = self.find(resource, id_or_key)
        if found is None:
            raise not_found(resource.value.capitalize())
        return found

    def find(self, resource: Resource, id_or_key: str) -> Record | None:
        by_id = self._records[resource].get(id_or_key.lower())
        if by_id is not None:
            return by_id
        named = (record for record in self._records[resource].values() if id_or_key in keys_of(record))
        return next(named, None)

    def add(self, resource: Resource, members: Record) -> Record:
        """Keep a new record and give it an id and dates."""
        self._made += 1
        now = self._now()
        record = {"_id": f"5e1834b0e12d62a85f{self._made:06x}", "createdAt": now, "updatedAt": now, **members}
        record["application"] = self.application["_id"]
        self._records[resource][record["_id"]] = record
        return record

    def change(self, record: Record, members: Record) -> Record:
        """Absent members stay, null clears."""
        record.update(members, updatedAt=self._now())
        return record

    def today(self) -> date:
        """In the application's zone."""
        return instant.to_datetime(self._clock()).astimezone(ZoneInfo(self.application["timezone"])).date()

    def _now(self) -> str:
        seconds = instant.to_datetime(self._clock() // SECOND * SECOND)
        return seconds.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def shown(resource: Resource, record: Record) -> Record:
    """The members that come back."""
    return {member: record[member] for member in SHOWN[resource] if member in record}


def keys_of(record: Record) -> list[str]:
    """Its key and the alternative ones."""
    return [key for key in (record.get("key"), *(record.get("keys") or ())) if key is not None]


def lever_id(name: str) -> str:
    """A stable 24 hexadecimal digits."""
    return hashlib.sha256(f"lever:{name}".encode()).hexdigest()[:24]


def _indexed(records: list[Record]) -> dict[str, Record]:
    return {record["_id"]: record for record in records}


def _dated() -> Record:
    return {"createdAt": _CREATED, "updatedAt": _CREATED}


def _site(place: Place) -> Record:
    assert place.okube is not None
    street = place.name.rpartition(", ")[2]
    return _dated() | {
        "_id": place.okube.id,
        "key": place.okube.key,
        "keys": list(place.okube.keys),
        "name": place.name,
        "description": f"Shop in {place.city}",
        "active": place.claimed,
        "online": False,
        "inProd": place.claimed,
        "hasDraft": place.index % 4 == 1,
        "timezone": place.timezone,
        "tags": list(place.tags),
        "address": {
            "street_number": str(place.index + 1),
            "street": street,
            "postal_code": f"{10000 + place.index}",
            "city": place.city,
            "country": place.country,
        },
        "coordinates": list(place.coordinates),
        "openings": {
            name: [] if hours is None else [[_clock_text(hours[0]), _clock_text(hours[1])]]
            for name, hours in zip(_DAYS, place.hours, strict=True)
        },
    }


def _clock_text(hour: float) -> str:
    return f"{int(hour):02d}:{round(hour % 1 * 60):02d}"


def _point(point: PointOfInterest) -> Record:
    return _dated() | {
        "_id": point.id,
        "key": point.key,
        "name": point.name,
        "description": point.description,
        "active": True,
        "address": {"city": point.city, "country": point.country},
        "coordinates": list(point.coordinates),
        "timezone": point.timezone,
        "tags": list(point.tags),
        "radius": point.radius,
        "indoorIndexes": {"resolution": 13, "cells": []},
        "outdoorIndexes": {"resolution": 11, "cells": []},
    }


def _campaign(campaign: Campaign, by_key: dict[str, str]) -> Record:
    return {
        "_id": campaign.id,
        "key": campaign.key,
        "lever": lever_id(campaign.lever),
        "_cachedLeverName": campaign.lever,
        "_cachedLeverTrigger": campaign.lever in _TRIGGERED,
        "sites": [by_key[site] for site in campaign.sites if site in by_key],
        "name": campaign.name,
        "description": f"{campaign.format} by {campaign.provider}",
        "from": campaign.starts_on.isoformat(),
        "to": campaign.ends_on.isoformat(),
        "computedFrom": campaign.starts_on.isoformat(),
        "computedTo": campaign.ends_on.isoformat(),
        "tags": list(campaign.tags),
        "flag": 2,
        "provider": campaign.provider,
        "agency": campaign.agency,
        "format": campaign.format,
        "extra": [{"key": key, "value": value} for key, value in campaign.extra],
        "costs": [{"label": label, "amount": amount} for label, amount in campaign.costs],
        "lift": campaign.lift,
    }


def _study(study: Study, by_key: dict[str, str]) -> Record:
    return {
        "_id": study.id,
        "sites": [by_key[site] for site in study.sites if site in by_key],
        "pois": list(study.points_of_interest),
        "key": study.key,
        "name": study.name,
        "description": study.description,
        "from": study.starts_on.isoformat(),
        "to": study.ends_on.isoformat(),
        "tags": list(study.tags),
        "flag": 2,
    }
