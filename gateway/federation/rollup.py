"""From minute columns to the rows the graph serves: codes of one site joined, minutes put into civil buckets.

Pure. Visits add up; occupancy never does over time and is never derived from visits (quirk B19).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from gateway.domain.footfall import Occupancy, OccupancyColumns, Visit, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.site import Site
from gateway.domain.window import Window


def minutes_of(window: Window) -> tuple[int, int]:
    """First and past-the-last minute whose start lies in `window`."""
    return -(-window.start // MINUTE), -(-window.end // MINUTE)


def joined_visits(columns: Sequence[VisitColumns]) -> VisitColumns:
    """The codes of one site summed per minute (rules.md 20)."""
    if len(columns) == 1:
        return columns[0]
    sums: dict[int, list[int]] = {}
    for part in columns:
        for minute, entries, exits, net in zip(part.minutes, part.entries, part.exits, part.nets, strict=True):
            held = sums.setdefault(minute, [0, 0, 0])
            held[0] += entries
            held[1] += exits
            held[2] += net
    minutes = sorted(sums)
    return VisitColumns(
        minutes, [sums[m][0] for m in minutes], [sums[m][1] for m in minutes], [sums[m][2] for m in minutes]
    )


def joined_occupancy(columns: Sequence[OccupancyColumns], codes: int, carry: int) -> OccupancyColumns:
    """At each measured minute, the sum over codes of each one's latest value no older than `carry` minutes.

    A minute is left out where one of the `codes` has no such value (rules.md 20).
    """
    if codes == 1:
        return columns[0] if columns else OccupancyColumns([], [])
    if len(columns) < codes:
        return OccupancyColumns([], [])
    minutes: list[int] = []
    counts: list[int] = []
    for minute in sorted({m for part in columns for m in part.minutes}):
        total = 0
        for part in columns:
            at = bisect_left(part.minutes, minute + 1) - 1
            if at < 0 or minute - part.minutes[at] > carry:
                break
            total += part.counts[at]
        else:
            minutes.append(minute)
            counts.append(total)
    return OccupancyColumns(minutes, counts)


def visit_bucket(site: Site, columns: VisitColumns, bucket: tuple[int, int], window: Window, final_at: Micros) -> Visit:
    """One bucket summed over the minutes inside the window. `final_at`: buckets ended by then are final."""
    low, high = _cut(columns.minutes, bucket, window)
    return Visit(
        site,
        bucket[0],
        bucket[1],
        sum(columns.entries[low:high]),
        sum(columns.exits[low:high]),
        sum(columns.nets[low:high]),
        bucket[1] * MINUTE <= final_at,
    )


def occupancy_bucket(
    site: Site,
    columns: OccupancyColumns,
    bucket: tuple[int, int],
    window: Window,
    final_at: Micros,
    carry: Micros,
) -> Occupancy | None:
    """Last, highest and time-weighted mean of the measured minutes; None where nothing was measured (rules.md 22)."""
    low, high = _cut(columns.minutes, bucket, window)
    if low == high:
        return None
    counts, minutes = columns.counts[low:high], columns.minutes[low:high]
    until = min(bucket[1] * MINUTE, window.end)
    weighed = held = 0
    for index, count in enumerate(counts):
        following = minutes[index + 1] * MINUTE if index + 1 < len(minutes) else until
        span = max(1, min(following - minutes[index] * MINUTE, carry))
        weighed += count * span
        held += span
    return Occupancy(
        site,
        bucket[0],
        bucket[1],
        counts[-1],
        max(counts),
        weighed / held,
        bucket[1] * MINUTE <= final_at,
    )


def _cut(minutes: list[int], bucket: tuple[int, int], window: Window) -> tuple[int, int]:
    inside = minutes_of(window)
    low = bisect_left(minutes, max(bucket[0], inside[0]))
    return low, max(low, bisect_left(minutes, min(bucket[1], inside[1])))
