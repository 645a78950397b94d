"""What may stand in the bodies of writes: members, types, bounds, and which ones null may clear.

Unknown members are refused, so that a misspelt one does not pass for a success. Nothing is stored here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from gateway.vendors.okube.sandbox.refusal import Refusal
from gateway.vendors.okube.sandbox.tenant import Resource

Check: TypeAlias = Callable[[Any], str | None]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Body:
    """Members of one request body. `nullable` ones may be null."""

    checks: Mapping[str, Check]
    required: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()

    def verify(self, members: object, prefix: str = "") -> dict[str, Any]:
        """The members, or 400 with every complaint. `prefix` goes before each path."""
        if not isinstance(members, dict):
            raise Refusal(400, "Bad request", [(prefix.rstrip("."), "must be an object")])
        complaints = [(prefix + name, "is required") for name in sorted(self.required) if members.get(name) is None] + [
            (prefix + str(name), complaint)
            for name, value in members.items()
            if (complaint := self._complaint(name, value)) and not (name in self.required and value is None)
        ]
        if complaints:
            raise Refusal(400, "Bad request", complaints)
        return members

    def _complaint(self, name: str, value: object) -> str | None:
        if name not in self.checks:
            return "is not a member"
        if value is None:
            return None if name in self.nullable else "must not be null"
        return self.checks[name](value)


def text(value: object) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def filled(value: object) -> str | None:
    return None if isinstance(value, str) and value else "must be a non-empty string"


def key(value: object) -> str | None:
    """Any characters but control ones, spaces and slashes included (quirk O6)."""
    if not isinstance(value, str) or not 1 <= len(value) <= 250:
        return "must have 1 to 250 characters"
    return "must not hold control characters" if _CONTROL.search(value) else None


def keys(value: object) -> str | None:
    if not isinstance(value, list) or not 1 <= len(value) <= 10:
        return "must hold 1 to 10 keys"
    if any(key(each) for each in value):
        return "must hold keys of 1 to 250 characters"
    return None if len(set(value)) == len(value) else "must be unique"


def boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be a boolean"


def integer(value: object) -> str | None:
    return None if isinstance(value, int) and not isinstance(value, bool) else "must be an integer"


def thing(value: object) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def things(value: object) -> str | None:
    good = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return None if good else "must be an array of objects"


def texts(value: object) -> str | None:
    good = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    return None if good else "must be an array of non-empty strings"


def some_texts(value: object) -> str | None:
    return texts(value) if value else "must be a non-empty array"


def pair(value: object) -> str | None:
    good = isinstance(value, list) and len(value) == 2 and all(_number(each) for each in value)
    return None if good else "must be two numbers"


def radius(value: object) -> str | None:
    good = _number(value) and 1 <= value <= 300  # type: ignore[operator]  # a number by then
    return None if good else "must be between 1 and 300"


def day(value: object) -> str | None:
    try:
        good = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        good = False
    return None if good else "must be a date, YYYY-MM-DD"


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PLACED = {"address": thing, "coordinates": pair}
_SITE = {
    "key": key,
    "keys": keys,
    "active": boolean,
    "description": filled,
    "level": integer,
    "name": text,
    "timezone": filled,
    "phoneNumber": text,
    "deliveryContact": thing,
    "modules": thing,
    "online": boolean,
    **_PLACED,
    "openings": thing,
}
_POI = {
    "key": key,
    "active": boolean,
    "description": filled,
    "name": text,
    "timezone": filled,
    "radius": radius,
    **_PLACED,
    "indoorIndexes": thing,
    "outdoorIndexes": thing,
}
_CAMPAIGN = {
    "key": key,
    "name": text,
    "description": text,
    "provider": text,
    "agency": text,
    "format": text,
    "from": day,
    "to": day,
    "extra": thing,
    "sites": texts,
    "costs": things,
}
_STUDY = {"key": key, "name": text, "description": text, "from": day, "to": day, "sites": texts, "pois": texts}

CREATE: Mapping[Resource, Body] = {
    Resource.SITES: Body({"app": text, "tags": some_texts, **_SITE}, frozenset({"name"})),
    Resource.POIS: Body({"app": text, "tags": some_texts, **_POI}, frozenset({"name", "coordinates"})),
    Resource.CAMPAIGNS: Body({"app": text, "lever": text, **_CAMPAIGN}, frozenset({"key"})),
    Resource.STUDIES: Body({"app": text, "extra": thing, **_STUDY}, frozenset({"key"})),
}
UPDATE: Mapping[Resource, Body] = {
    Resource.SITES: Body(
        {"tags": texts, **_SITE},
        nullable=frozenset({"active", "description", "tags", "phoneNumber", "address", "coordinates", "openings"}),
    ),
    Resource.POIS: Body(
        {"tags": texts, **_POI},
        nullable=frozenset({"description", "name", "tags", "radius", *_PLACED, "indoorIndexes", "outdoorIndexes"}),
    ),
    Resource.CAMPAIGNS: Body({"tags": texts, **_CAMPAIGN}, nullable=frozenset({"tags", *_CAMPAIGN} - {"key"})),
    Resource.STUDIES: Body({"tags": texts, **_STUDY}, nullable=frozenset({"tags", *_STUDY} - {"key"})),
}
