"""From Shopster's rows to points, and from a question to its arguments. Pure: no I/O, no clock, no logging."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain import instant
from gateway.domain.engagement import EngagementInterval, EngagementPoint, EngagementTerms
from gateway.domain.instant import Micros
from gateway.domain.window import Days
from gateway.vendors.shopster.wire import AUDIENCES, COMEBACKS, INTERVALS, THRESHOLDS, Row

# Where the vendor defines a sum of session time; elsewhere its 0 means "none" (quirk S5).
_SUMMED = frozenset({EngagementInterval.DAILY, EngagementInterval.WEEKLY, EngagementInterval.MONTHLY})
# Buckets no longer than a day, which a vendor that answers more than was asked can be trimmed by. Weeks and months are
# clipped by the vendor and may start before the first day (quirk S9).
_TRIMMED = frozenset({EngagementInterval.HOURLY, EngagementInterval.DAILY})
_SECONDS_PER_MINUTE = 60


def query(ids: list[int], days: Days, terms: EngagementTerms) -> tuple[tuple[str, str], ...]:
    """All seven arguments, always: which of them are required is not documented (quirk S18). Days are inclusive."""
    return (
        ("objects", ",".join(map(str, ids))),
        ("from", days.first.isoformat()),
        ("to", days.last.isoformat()),
        ("interval", INTERVALS[terms.interval]),
        ("comeback", COMEBACKS[terms.comeback]),
        ("bounce_threshold", THRESHOLDS[terms.bounce_threshold]),
        ("engagement_threshold", THRESHOLDS[terms.engagement_threshold]),
    )


def rows_at_most(days: Days, interval: EngagementInterval) -> int:
    """Upper bound of the rows one object can bring: every audience, every bucket (an autumn day has 25 hours)."""
    buckets = days.count * 24 + days.count // 100 + 1 if interval is EngagementInterval.HOURLY else days.count + 1
    return len(AUDIENCES) * buckets


def points(
    rows: list[Row], days: Days, interval: EngagementInterval, zone: ZoneInfo, *, local_times: bool
) -> list[EngagementPoint]:
    """Ascending. Raises ValueError where a `datetime` is not one."""
    found = [
        _point(row, start, interval)
        for row, start in zip(rows, _starts(rows, interval, zone, local_times=local_times), strict=True)
        if start is not None and (interval not in _TRIMMED or _within(start, days, zone))
    ]
    return sorted(found, key=lambda point: point.start)


def _starts(rows: list[Row], interval: EngagementInterval, zone: ZoneInfo, *, local_times: bool) -> list[Micros | None]:
    """UTC instant of each row; None for an hour the zone never had (the spring gap).

    The vendor's `Z` stands on the object's own wall clock (quirk S8). An autumn hour comes twice under one label:
    the first is the one before the clocks go back. A real offset is believed.
    """
    seen: set[Micros] = set()
    starts: list[Micros | None] = []
    for row in rows:
        label = instant.parse(row.datetime)
        if not local_times or row.datetime[-1] not in "Zz":
            starts.append(label)
            continue
        wall = instant.to_datetime(label).replace(tzinfo=zone, fold=1 if label in seen else 0)
        seen.add(label)
        start = instant.from_datetime(wall)
        # A day may begin inside a gap (clocks that go forward at midnight); an hour cannot.
        never = interval is EngagementInterval.HOURLY and _wall(start, zone) != wall.replace(tzinfo=None, fold=0)
        starts.append(None if never else start)
    return starts


def _point(row: Row, start: Micros, interval: EngagementInterval) -> EngagementPoint:
    average = row.avg_session_duration
    return EngagementPoint(
        start=start,
        starts_at=instant.text(start),
        session_count=row.count_session,
        unique_devices=row.count_client,
        returning_devices=row.count_comeback_client,
        average_session_seconds=None if average is None else round(average * _SECONDS_PER_MINUTE),
        gross_shopping_time=row.sum_session_duration if interval in _SUMMED else None,
    )


def _within(start: Micros, days: Days, zone: ZoneInfo) -> bool:
    return days.first <= _wall(start, zone).date() <= days.last


def _wall(start: Micros, zone: ZoneInfo) -> datetime:
    """Naive: what a clock on the object's wall shows."""
    return instant.to_datetime(start).astimezone(zone).replace(tzinfo=None, fold=0)
