"""Geo-marketing studies: which sites and points of interest are looked at together, and over which days."""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec import UNSET, UnsetType

from gateway.domain.instant import Micros
from gateway.domain.window import Days


class Study(msgspec.Struct, frozen=True):
    """`sites` and `points_of_interest` are the vendor's references, `_id`s or keys; None where it tells none."""

    id: str
    key: str
    application: str | None = None
    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    sites: tuple[str, ...] | None = None
    points_of_interest: tuple[str, ...] | None = None


class StudyQuery(msgspec.Struct, frozen=True):
    """Which studies. None: not asked. An empty tuple matches nothing. Time as in `CampaignQuery`."""

    keys: tuple[str, ...] | None = None
    search: str | None = None
    sites: tuple[str, ...] | None = None
    points_of_interest: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    global_only: bool | None = None
    days: Days | None = None
    timezone: str | None = None
    starts_before: Micros | None = None
    starts_after: Micros | None = None
    ends_before: Micros | None = None
    ends_after: Micros | None = None


class StudyDraft(msgspec.Struct, frozen=True):
    """A study to create or to change. `extra` only on creation, `tags` only on change, as the document has it."""

    key: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    starts_on: date | UnsetType | None = UNSET
    ends_on: date | UnsetType | None = UNSET
    extra: object = UNSET
    tags: tuple[str, ...] | UnsetType | None = UNSET
    sites: tuple[str, ...] | UnsetType | None = UNSET
    points_of_interest: tuple[str, ...] | UnsetType | None = UNSET
