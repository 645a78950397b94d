"""Bespot's instants, read fast: thousands of texts an answer, and the same ones again in the next answer.

A text read before costs one look-up; a new one shares its minute (or its hour) with its neighbours, so that only what
differs is read. The result is always that of `gateway.domain.instant`, which also reads whatever looks unusual. The
memories are bounded, hold times only, and nothing here ever guesses an offset (quirk B6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.domain import instant
from gateway.domain.instant import MINUTE, Micros

Value = TypeVar("Value")

REMEMBERED = 32_768
_SECONDS = ":00"

_read: dict[str, tuple[Micros, str]] = {}
_minutes_begun: dict[str, tuple[Micros, str]] = {}
_hours_begun: dict[str, int] = {}


known: Callable[[str], tuple[Micros, str] | None] = _read.get
"""What `read` says of an instant read before; None for a new one. For loops over thousands of rows."""


def read(text: str) -> tuple[Micros, str]:
    """Microseconds and the gateway's own text of an instant. Raises ValueError without repeating the text."""
    found = _read.get(text)
    if found is None:
        found = _with_fraction(text) or _anyhow(text)
        _keep(_read, text, found)
    return found


class _Minutes(dict[str, int]):
    """Whole minutes by text; `[]` reads what is not known yet."""

    def __missing__(self, text: str) -> int:
        known = _minute_of_hour(text)
        _keep(self, text, known)
        return known


_minutes = _Minutes()

minute: Callable[[str], int] = _minutes.__getitem__
"""The whole minute since the epoch (UTC) that holds an instant. Raises ValueError without repeating the text."""


def _with_fraction(text: str) -> tuple[Micros, str] | None:
    """`2021-05-12T12:40:53.570366+03:00` from what is known of its minute; None for any other form."""
    digits = text[17:19] + text[20:26]
    if text[16:17] != ":" or text[19:20] != "." or len(digits) != 8 or not (digits.isdigit() and digits.isascii()):
        return None
    offset = text[26:]
    if digits >= "60" or offset[:1].isdigit():
        return None
    begun = _minutes_begun.get(text[:16] + offset)
    if begun is None:
        begun = _anyhow(text[:16] + _SECONDS + offset)
        _keep(_minutes_begun, text[:16] + offset, begun)
    start, shown = begun
    fraction = text[19:26].rstrip("0").rstrip(".")
    return start + int(digits), f"{shown[:17]}{digits[:2]}{fraction}Z"


def _minute_of_hour(text: str) -> int:
    """`2023-10-26T15:06:00+03:00` from what is known of its hour."""
    within = text[14:16]
    if text[13:14] != ":" or len(within) != 2 or not (within.isdigit() and within.isascii()) or within >= "60":
        return instant.parse(text) // MINUTE
    hour = text[:13] + text[16:]
    begun = _hours_begun.get(hour)
    if begun is None:
        begun = instant.parse(f"{text[:13]}:00{text[16:]}") // MINUTE
        _keep(_hours_begun, hour, begun)
    return begun + int(within)


def _anyhow(text: str) -> tuple[Micros, str]:
    moment = instant.parse(text)
    try:
        return moment, instant.text(moment)
    except OverflowError:
        raise ValueError("not an instant of the calendar once in UTC") from None


def _keep(memory: dict[str, Value], text: str, value: Value) -> None:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[text] = value
