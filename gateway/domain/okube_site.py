"""A site as Okube alone knows it. Federation merges it into `domain.site.Site`; nothing else may serve it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from gateway.domain.files import CsvEncoding, File
from gateway.domain.place import Coordinates, SiteKind


class OkubeSite(msgspec.Struct, frozen=True):
    """`created_at` and `updated_at` are UTC texts. `timezone`: written, not documented to come back (quirk O24).

    `kind` is None unless the answer or the question told it: the documents do not carry it (rules.md 24).
    """

    id: str
    key: str | None = None
    keys: tuple[str, ...] = ()
    application: str | None = None
    name: str | None = None
    description: str | None = None
    active: bool | None = None
    kind: SiteKind | None = None
    tags: tuple[str, ...] = ()
    timezone: str | None = None
    address: object = None
    coordinates: Coordinates | None = None
    openings: object = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def every_key(self) -> tuple[str, ...]:
        """The main key, then the alternative ones, each once."""
        if not self.keys:
            return (self.key,) if self.key else ()
        return tuple(dict.fromkeys((self.key, *self.keys) if self.key else self.keys))


class SiteQuery(msgspec.Struct, frozen=True):
    """Which sites. None: not asked. An empty tuple matches nothing."""

    search: str | None = None
    named: bool | None = None
    active: bool | None = None
    kind: SiteKind | None = None
    in_production: bool | None = None
    has_draft: bool | None = None
    keys: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


class SiteDraft(msgspec.Struct, frozen=True):
    """A site to create or to change. `phone_number` and `delivery_contact` are people's data: never logged."""

    key: str | UnsetType | None = UNSET
    keys: tuple[str, ...] | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    kind: SiteKind | UnsetType | None = UNSET
    active: bool | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    floors: int | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType | None = UNSET
    timezone: str | UnsetType | None = UNSET
    phone_number: str | UnsetType | None = UNSET
    delivery_contact: object = UNSET
    modules: object = UNSET
    address: object = UNSET
    coordinates: Coordinates | UnsetType | None = UNSET
    thumbnail: File | UnsetType | None = UNSET


class SiteColumns(msgspec.Struct, frozen=True):
    """Column of an imported file that holds each property. What `id` switches is not documented."""

    id: bool | None = None
    key: str | None = None
    additional_keys: str | None = None
    name: str | None = None
    street_number: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    timezone: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    presence: str | None = None
    tracking: str | None = None
    conversion: str | None = None


class SiteImport(msgspec.Struct, frozen=True):
    """A CSV file of sites and how to read it."""

    file: File
    columns: SiteColumns
    encoding: CsvEncoding = CsvEncoding.UTF8
    delimiter: str = ","
