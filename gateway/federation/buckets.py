"""Civil buckets of a site: quarter hours to months in its own time zone, right on days of 23 and 25 hours.

Pure. All instants are whole minutes since the epoch, UTC: no zone has an offset finer than a minute today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Granularity(StrEnum):
    """Width of a bucket."""

    MINUTE = "MINUTE"
    QUARTER_HOUR = "QUARTER_HOUR"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


_SHORT = {Granularity.MINUTE: 1, Granularity.QUARTER_HOUR: 15, Granularity.HOUR: 60}


@lru_cache(maxsize=65_536)
def bucket(zone: ZoneInfo, granularity: Granularity, minute: int) -> tuple[int, int]:
    """Start and end (exclusive) of the bucket that holds `minute`, as minutes since the epoch."""
    if granularity is Granularity.MINUTE:
        return minute, minute + 1
    if width := _SHORT.get(granularity):
        return _clock_bucket(zone, width, minute)
    first = _first_day(granularity, _local(zone, minute).date())
    start, end = midnight(zone, first), midnight(zone, _next_first_day(granularity, first))
    return start, end


def buckets(zone: ZoneInfo, granularity: Granularity, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Every bucket that touches start <= minute < end, ascending."""
    minute = start
    while minute < end:
        found = bucket(zone, granularity, minute)
        yield found
        minute = found[1]


def buckets_back(zone: ZoneInfo, granularity: Granularity, start: int, end: int) -> Iterator[tuple[int, int]]:
    """As `buckets`, descending."""
    minute = end
    while minute > start:
        found = bucket(zone, granularity, minute - 1)
        yield found
        minute = found[0]


@lru_cache(maxsize=8_192)
def midnight(zone: ZoneInfo, day: date) -> int:
    """First minute of a civil day; where midnight is skipped by the clock, the minute after the gap."""
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    # a midnight that happens twice: the day begins at the first (fold 0), which is what astimezone takes
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(minutes=1)


def _local(zone: ZoneInfo, minute: int) -> datetime:
    return (_EPOCH + timedelta(minutes=minute)).astimezone(zone)


def _offset(zone: ZoneInfo, minute: int) -> int:
    shift = _local(zone, minute).utcoffset()
    return int(shift.total_seconds() // 60) if shift else 0


def _clock_bucket(zone: ZoneInfo, width: int, minute: int) -> tuple[int, int]:
    """A bucket of the wall clock. A change of offset inside it (zones that shift by half an hour) cuts it there."""
    offset = _offset(zone, minute)
    start = (minute + offset) // width * width - offset
    end = start + width
    while start < minute and _offset(zone, start) != offset:
        start += 1
    while end > minute + 1 and _offset(zone, end - 1) != offset:
        end -= 1
    return start, end


def _first_day(granularity: Granularity, day: date) -> date:
    if granularity is Granularity.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity is Granularity.MONTH else day


def _next_first_day(granularity: Granularity, first: date) -> date:
    if granularity is Granularity.WEEK:
        return first + timedelta(days=7)
    if granularity is Granularity.MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=1)
