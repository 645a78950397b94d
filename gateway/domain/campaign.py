"""Marketing campaigns: when they were planned, when they ran, what they cost, and the sites they name."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

from gateway.domain.instant import Micros
from gateway.domain.window import Days


class CampaignPeriod(StrEnum):
    """Which dates a filter looks at: those that really ran, or those planned."""

    COMPUTED = "COMPUTED"
    DIRECT = "DIRECT"


class ExtraMode(StrEnum):
    """Whether every extra field asked must match, or any."""

    AND = "AND"
    OR = "OR"


class Lever(msgspec.Struct, frozen=True):
    """The marketing channel. `name` and `trigger` are the vendor's copies and may lag (quirk O23)."""

    id: str | None = None
    name: str | None = None
    trigger: bool | None = None


class KeyValue(msgspec.Struct, frozen=True):
    """One extra field of a campaign."""

    key: str
    value: object = None


class Campaign(msgspec.Struct, frozen=True):
    """`sites` are the vendor's references, each an `_id` or a key; None where the vendor tells none.

    Days are inclusive; open ends are None. Costs have no documented currency.
    """

    id: str
    key: str
    application: str | None = None
    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    computed_starts_on: date | None = None
    computed_ends_on: date | None = None
    lever: Lever | None = None
    provider: str | None = None
    agency: str | None = None
    format: str | None = None
    extra: tuple[KeyValue, ...] = ()
    costs: tuple[object, ...] = ()
    sites: tuple[str, ...] | None = None


class CampaignQuery(msgspec.Struct, frozen=True):
    """Which campaigns. None: not asked. An empty tuple matches nothing.

    `sites` are `_id`s or keys of the vendor. `days` and the four instants are read in `timezone`, UTC where None;
    before and after are strict (quirk O19).
    """

    keys: tuple[str, ...] | None = None
    search: str | None = None
    sites: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    levers: tuple[str, ...] | None = None
    provider: str | None = None
    agency: str | None = None
    format: str | None = None
    global_only: bool | None = None
    trigger: bool | None = None
    extra: tuple[KeyValue, ...] | None = None
    extra_mode: ExtraMode = ExtraMode.OR
    period: CampaignPeriod | None = None
    days: Days | None = None
    timezone: str | None = None
    starts_before: Micros | None = None
    starts_after: Micros | None = None
    ends_before: Micros | None = None
    ends_after: Micros | None = None


class CampaignDraft(msgspec.Struct, frozen=True):
    """A campaign to create or to change. `sites` are `_id`s or keys. `tags` can only be changed (quirk O23)."""

    key: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    provider: str | UnsetType | None = UNSET
    agency: str | UnsetType | None = UNSET
    format: str | UnsetType | None = UNSET
    starts_on: date | UnsetType | None = UNSET
    ends_on: date | UnsetType | None = UNSET
    extra: object = UNSET
    tags: tuple[str, ...] | UnsetType | None = UNSET
    sites: tuple[str, ...] | UnsetType | None = UNSET
    costs: tuple[object, ...] | UnsetType | None = UNSET
