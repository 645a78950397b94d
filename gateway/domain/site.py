"""A store, venue or online property: one thing, however many vendors know it under however many codes."""

from __future__ import annotations

from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.okube_site import OkubeSite
from gateway.domain.place import Coordinates, SiteKind
from gateway.domain.vendor import VendorKey


class Level(StrEnum):
    """Kind of a Shopster object. Kinds are never mixed in one question (quirk S11)."""

    MALL = "mall"
    FLOOR = "floor"
    ZONE = "zone"


class SiteCode(msgspec.Struct, frozen=True, order=True):
    """The code under which one vendor knows a site: text, exact, never folded (quirks B22, G13)."""

    vendor: VendorKey
    code: str


class ShopsterObject(msgspec.Struct, frozen=True, order=True):
    """A counted object of Shopster: its number and its kind."""

    id: int
    level: Level


class Site(msgspec.Struct, frozen=True, eq=False):
    """One site of the graph: the crosswalk's entry, enriched by Okube where Okube knows it.

    Compared by identity; `key` is what identifies it. `timezone` is None only for a site that only Okube knows.
    `okube` is the crosswalk's reference (`_id` or key), `okube_id` the resolved `_id`; `told` is all that Okube says.
    """

    key: str
    name: str
    timezone: str | None = None
    kind: SiteKind = SiteKind.PHYSICAL
    tags: tuple[str, ...] = ()
    bespot: tuple[str, ...] = ()
    okube: str | None = None
    shopster: tuple[ShopsterObject, ...] = ()
    guest_wifi: tuple[str, ...] = ()
    claimed: bool = True
    crosswalk_tags: tuple[str, ...] = ()
    told: OkubeSite | None = None

    @property
    def okube_id(self) -> str | None:
        return None if self.told is None else self.told.id

    @property
    def okube_keys(self) -> tuple[str, ...]:
        return () if self.told is None else self.told.every_key

    @property
    def application(self) -> str | None:
        return None if self.told is None else self.told.application

    @property
    def active(self) -> bool | None:
        return None if self.told is None else self.told.active

    @property
    def description(self) -> str | None:
        return None if self.told is None else self.told.description

    @property
    def address(self) -> object:
        return None if self.told is None else self.told.address

    @property
    def coordinates(self) -> Coordinates | None:
        return None if self.told is None else self.told.coordinates

    @property
    def openings(self) -> object:
        return None if self.told is None else self.told.openings

    @property
    def created_at(self) -> str | None:
        return None if self.told is None else self.told.created_at

    @property
    def updated_at(self) -> str | None:
        return None if self.told is None else self.told.updated_at

    @property
    def zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.timezone) if self.timezone else None

    @property
    def codes(self) -> tuple[SiteCode, ...]:
        """Every code, in the order of VendorKey. Okube: the `_id` first, then the keys where known (rules.md 25)."""
        okube = dict.fromkeys(code for code in (self.okube_id or self.okube, *self.okube_keys) if code)
        return (
            *(SiteCode(VendorKey.BESPOT, code) for code in self.bespot),
            *(SiteCode(VendorKey.SHOPSTER, str(thing.id)) for thing in self.shopster),
            *(SiteCode(VendorKey.OKUBE, code) for code in okube),
            *(SiteCode(VendorKey.GUEST_WIFI, code) for code in self.guest_wifi),
        )

    def codes_of(self, vendor: VendorKey) -> tuple[str, ...]:
        """The codes of one vendor, as text."""
        if vendor is VendorKey.BESPOT:
            return self.bespot
        if vendor is VendorKey.GUEST_WIFI:
            return self.guest_wifi
        return tuple(code.code for code in self.codes if code.vendor is vendor)
