"""The scalars of the contract. Refusals name the rule and never repeat the value (rules.md 43)."""

from __future__ import annotations

from datetime import date
from math import isfinite
from typing import Any, NewType, TypeAlias

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.domain import instant
from gateway.domain.errors import InputError
from gateway.domain.files import File

DateTime = NewType("DateTime", str)
Date = NewType("Date", date)
JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)
Upload: TypeAlias = File

_SAFE = 2**53
_DEEPEST = 100


def _parse_instant(value: object) -> int:
    """Text to microseconds UTC: inputs of this scalar are `Micros` inside the gateway."""
    if not isinstance(value, str):
        raise InputError("An instant is written as a text, such as 2026-11-22T10:00:00Z.")
    try:
        return instant.parse(value)
    except ValueError:
        raise InputError("Not an RFC 3339 instant with an offset, such as 2026-11-22T10:00:00Z.") from None


class _ShowInstant:
    """Microseconds as text; what is text already was made by an adapter and stays."""

    unchanged = str

    def __call__(self, value: Any) -> str:
        return value if isinstance(value, str) else instant.text(value)


def _parse_day(value: object) -> date:
    if not isinstance(value, str) or len(value) != 10:
        raise InputError("A calendar day is written YYYY-MM-DD.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InputError("A calendar day is written YYYY-MM-DD.") from None


def _show_day(value: Any) -> str:
    return str(value.isoformat())


def _parse_big(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_SAFE < value < _SAFE:
        raise InputError("Expected a whole number below 2^53.")
    return value


def _parse_file(value: object) -> File:
    """Files only come out of the parts of a multipart request (http/multipart.py): no JSON value is one."""
    if not isinstance(value, File):
        raise InputError("A file is sent as a part of a GraphQL multipart request.")
    return value


def _same(value: Any) -> Any:
    return value


def _parse_json(value: object) -> object:
    """What can be written down again for a vendor: numbers of 64 bits, no infinities, not too deep."""
    level = [value]
    for _ in range(_DEEPEST):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, int) and not -(2**63) <= item < 2**64:
                raise InputError("A whole number in a JSON value has at most 64 bits.")
            elif isinstance(item, float) and not isfinite(item):
                raise InputError("A number in a JSON value is finite.")
        if not below:
            return value
        level = below
    raise InputError(f"A JSON value has at most {_DEEPEST} levels.")


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 instant, such as `2026-11-22T10:00:00Z`. Any offset is accepted and one is required; "
        "answers are UTC, written with Z, up to 6 fraction digits.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_ShowInstant(),
        parse_value=_parse_instant,
    ),
    Date: strawberry.scalar(
        name="Date",
        description="ISO 8601 calendar day, YYYY-MM-DD. It has no time zone of its own: it is a day of the site.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
        serialize=_show_day,
        parse_value=_parse_day,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, as the vendor sent it: its shape is the vendor's and may change.",
        specified_by_url="https://ecma-international.org/publications-and-standards/standards/ecma-404/",
        serialize=_same,
        parse_value=_parse_json,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="Integer that may pass 2^31, written as a JSON number below 2^53 (transferred bytes).",
        serialize=_same,
        parse_value=_parse_big,
    ),
    Upload: strawberry.scalar(
        name="Upload",
        description="A file in a GraphQL multipart request: null in `operations`, named in `map`.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        serialize=_same,
        parse_value=_parse_file,
    ),
}
