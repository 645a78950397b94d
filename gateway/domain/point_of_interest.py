"""Places that matter to geo-marketing: competitors, stations, landmarks."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from gateway.domain.place import Coordinates


class PointOfInterest(msgspec.Struct, frozen=True):
    """`radius_meters`: the unit is presumed (quirk O25). Indexes are H3 cells as the vendor sends them."""

    id: str
    application: str | None = None
    key: str | None = None
    name: str | None = None
    description: str | None = None
    active: bool | None = None
    tags: tuple[str, ...] = ()
    timezone: str | None = None
    coordinates: Coordinates | None = None
    address: object = None
    radius_meters: float | None = None
    indoor_indexes: object = None
    outdoor_indexes: object = None
    created_at: str | None = None
    updated_at: str | None = None


class PointOfInterestQuery(msgspec.Struct, frozen=True):
    """Which points of interest. None: not asked. An empty tuple matches nothing."""

    search: str | None = None
    named: bool | None = None
    active: bool | None = None
    keys: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


class PointOfInterestDraft(msgspec.Struct, frozen=True):
    """A point of interest to create or to change."""

    key: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    coordinates: Coordinates | UnsetType | None = UNSET
    active: bool | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType | None = UNSET
    address: object = UNSET
    timezone: str | UnsetType | None = UNSET
    radius_meters: float | UnsetType | None = UNSET
    indoor_indexes: object = UNSET
    outdoor_indexes: object = UNSET
