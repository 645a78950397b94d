"""Instants as whole microseconds since 1970-01-01 UTC (`Micros`), and the one text form answers use.

An integer compares, subtracts and packs at no cost; text is made once, where a value leaves the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

Micros: TypeAlias = int

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # its text carries no offset to cut off
_WHOLE = len("1970-01-01T00:00:00")
_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def from_datetime(moment: datetime) -> Micros:
    """`moment` must be aware."""
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(instant: Micros) -> datetime:
    """Aware, in UTC."""
    return _EPOCH + timedelta(microseconds=instant)


@lru_cache(maxsize=4096)  # a window is read when it is priced, when it is coerced and when it is asked of a vendor
def parse(text: str) -> Micros:
    """RFC 3339 with any offset; digits past the sixth are cut. Raises ValueError without repeating the text."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 instant with an offset")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if second == "60":  # a leap second is the second after it everywhere else
        raise ValueError("not an RFC 3339 instant: leap seconds are not understood")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        raise ValueError("not a day or time of the calendar") from None
    micros = from_datetime(moment) + (int(fraction[:6].ljust(6, "0")) if fraction else 0)
    if offset in "Zz":
        return micros
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("not an offset from UTC")
    shift = (hours * 60 + minutes) * MINUTE
    return micros - shift if offset[0] == "+" else micros + shift


def text(instant: Micros) -> str:
    """`2026-11-22T10:00:00Z`; a fraction only where there is one, without trailing zeros."""
    told = (_NAIVE_EPOCH + timedelta(microseconds=instant)).isoformat()
    return told.rstrip("0") + "Z" if len(told) > _WHOLE else told + "Z"


class _MinuteTexts(dict[int, str]):
    """Texts of whole minutes since the epoch: thousands a page, and the same ones for every site of it."""

    def __missing__(self, minute: int) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        made = self[minute] = text(minute * MINUTE)
        return made


_REMEMBERED = 65_536
_minute_texts = _MinuteTexts()


minute_text: Callable[[int], str] = _minute_texts.__getitem__
"""The text of the instant a whole minute since the epoch starts."""


def day_of(instant: Micros) -> date:
    """The UTC calendar day that holds `instant`."""
    return to_datetime(instant).date()


def start_of(day: date) -> Micros:
    """Midnight UTC of `day`."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
