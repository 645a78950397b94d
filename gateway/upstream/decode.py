"""JSON bodies into typed values, strictly. A value is never echoed: an error says where, not what."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from gateway.domain.errors import Malformed
from gateway.domain.vendor import VendorKey
from gateway.upstream.exchange import Answer

T = TypeVar("T")

_PLACE = re.compile(r"at `(?:key in )?(\$[^`]*)`$")
_MISSING = re.compile(r"missing required field `([A-Za-z0-9_$.-]{1,60})`")


def decode(vendor: VendorKey, answer: Answer, type: type[T]) -> T:  # noqa: A002  # msgspec's own word for it
    """The body as `type`. Raises Malformed with `member` such as `$.results[3].minute`."""
    try:
        value: T = _decoder(cast("Hashable", type)).decode(answer.body)
    except msgspec.ValidationError as error:
        member = _member(str(error))
        raise Malformed(
            vendor,
            f"The vendor's answer is not of the documented shape at `{member}`.",
            member=member,
            status=answer.status,
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed(vendor, "The vendor's answer is not JSON.", status=answer.status) from None
    return value


@cache
def _decoder(type: Hashable) -> msgspec.json.Decoder[Any]:  # noqa: A002
    return msgspec.json.Decoder(type)


def _member(message: str) -> str:
    place = _PLACE.search(message)
    missing = _MISSING.search(message)
    path = place.group(1) if place else "$"
    return f"{path}.{missing.group(1)}" if missing else path
