"""Rows of `visits` and `occupancy`: minutes as the vendor has them, or civil buckets filled as the minutes pass by.

The same rows as the graph's (rules.md 20 to 22), by start and site key, however long the window. Nothing of a bucket is
kept once it is over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeAlias

import msgspec

from gateway.bi.incremental import Mark, bucket_is_new
from gateway.bi.tables import Batch
from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation import buckets
from gateway.federation.buckets import Granularity
from gateway.federation.series import Columns

Parts: TypeAlias = AsyncIterator[tuple[Window, Mapping[str, Columns]]]
Row: TypeAlias = tuple[Any, ...]


class Frame(msgspec.Struct, frozen=True):
    """What rows depend on besides minutes: buckets are filled up to `as_of`; those ended by `final_at` are final."""

    window: Window
    granularity: Granularity
    sites: tuple[Site, ...]
    final_at: Micros
    as_of: Micros
    carry: Micros
    since: Mark | None = None

    def sends(self, until: int) -> bool:
        """Whether a bucket that ends in minute `until` is asked."""
        return self.since is None or bucket_is_new(self.since, self.window, until * MINUTE)


async def minute_rows(parts: Parts[Columns], frame: Frame) -> AsyncIterator[Batch]:
    """The vendor's own minutes."""
    rank = {site.key: number for number, site in enumerate(sorted(frame.sites, key=lambda site: site.key))}
    keys = sorted(rank)
    many = max(1, len(keys))
    async for _, found in parts:
        rows: list[Row] = []
        for key, columns in found.items():
            number = rank[key]
            places = [minute * many + number for minute in columns.minutes]
            rows += zip(places, *_figures(columns), strict=True)
        if len(found) > 1:
            rows.sort()
        if frame.since is not None:
            rows = [row for row in rows if frame.sends(row[0] // many + 1)]
        yield _batch([divmod(row[0], many) for row in rows], rows, keys, frame.final_at)


def _figures(columns: VisitColumns | OccupancyColumns) -> tuple[Sequence[Any], ...]:
    if isinstance(columns, VisitColumns):
        return columns.entries, columns.exits, columns.nets
    return columns.counts, columns.counts, list(map(float, columns.counts))


def _batch(places: list[tuple[int, int]], rows: list[Row], keys: Sequence[str], final_at: Micros) -> Batch:
    if not rows:
        return Batch([[] for _ in range(7)], 0)
    _, one, other, third = zip(*rows, strict=True)
    starts = [minute * MINUTE for minute, _ in places]
    settled = final_at - MINUTE
    return Batch(
        [
            [keys[number] for _, number in places],
            starts,
            [start + MINUTE for start in starts],
            one,
            other,
            third,
            [start <= settled for start in starts],
        ],
        len(rows),
    )


class Tally(ABC, Generic[Columns]):
    """One bucket of one site while its minutes pass by."""

    def __init__(self, start: int, until: int) -> None:
        self.start = start
        self.until = until

    @abstractmethod
    def add(self, columns: Columns, low: int, high: int) -> None:
        """Rows `low` to `high` of `columns`."""

    @abstractmethod
    def figures(self, end: Micros) -> Row | None:
        """The three figures of its row; None where it is not served. `end`: of bucket or window."""


class VisitTally(Tally[VisitColumns]):
    """Sums, zero where nobody passed."""

    def __init__(self, start: int, until: int) -> None:
        super().__init__(start, until)
        self._entries = self._exits = self._net = 0

    def add(self, columns: VisitColumns, low: int, high: int) -> None:
        self._entries += sum(columns.entries[low:high])
        self._exits += sum(columns.exits[low:high])
        self._net += sum(columns.nets[low:high])

    def figures(self, end: Micros) -> Row:
        return self._entries, self._exits, self._net


class OccupancyTally(Tally[OccupancyColumns]):
    """Last, highest and time-weighted mean: each measurement holds until the next, at most `carry` (rules.md 22)."""

    def __init__(self, start: int, until: int, carry: Micros) -> None:
        super().__init__(start, until)
        self._carry = carry
        self._last: tuple[int, int] | None = None
        self._peak = 0
        self._weighed = self._held = 0

    def add(self, columns: OccupancyColumns, low: int, high: int) -> None:
        for index in range(low, high):
            minute, count = columns.minutes[index], columns.counts[index]
            self._hold(minute * MINUTE)
            self._peak = count if self._last is None else max(self._peak, count)
            self._last = (minute, count)

    def figures(self, end: Micros) -> Row | None:
        if self._last is None:
            return None
        self._hold(end)
        return self._last[1], self._peak, self._weighed / self._held

    def _hold(self, until: Micros) -> None:
        if self._last is not None:
            span = max(1, min(until - self._last[0] * MINUTE, self._carry))
            self._weighed += self._last[1] * span
            self._held += span


class Rolling(Generic[Columns]):
    """The open bucket of each site. `fills`: buckets without rows are served, up to `as_of`."""

    def __init__(self, frame: Frame, *, fills: bool) -> None:
        self._frame = frame
        self._fills = fills
        until = min(frame.window.end, frame.as_of) if fills else frame.window.end
        self._first, self._end = frame.window.start // MINUTE, -(-until // MINUTE) if until > frame.window.start else 0
        self._open: dict[str, Tally[Columns]] = {}
        self._done: list[Row] = []

    def feed(self, part: Window, found: Mapping[str, Columns]) -> list[Row]:
        """Rows that no later part can come before, by start and site key."""
        begun = part.start > self._frame.window.start
        start, end = -(-part.start // MINUTE) if begun else self._first, min(-(-part.end // MINUTE), self._end)
        for site in self._frame.sites:
            columns = found.get(site.key)
            for bucket in self._buckets(site, columns, start, end):
                self._into(site, bucket, columns, end)
            if start >= end and columns is not None:  # rows newer than the vendor speaks for count all the same
                self._late(site, columns)
        floor = min((tally.start for tally in self._open.values()), default=end)
        return self._ready(floor)

    def rest(self) -> list[Row]:
        """What was still open when the window ended."""
        for site in self._frame.sites:
            self._close(site)
        return self._ready(None)

    def _buckets(self, site: Site, columns: Columns | None, start: int, end: int) -> Iterator[tuple[int, int]]:
        zone = site.zone
        assert zone is not None, "the crosswalk gives every site a time zone"
        if self._fills or columns is not None:
            return buckets.buckets(zone, self._frame.granularity, start, end)
        return iter(())

    def _into(self, site: Site, bucket: tuple[int, int], columns: Columns | None, end: int) -> None:
        tally = self._open.get(site.key)
        if tally is None or tally.start != bucket[0]:
            self._close(site)
            tally = self._open[site.key] = self._tally(bucket)
        if columns is not None:
            low, high = bisect_left(columns.minutes, bucket[0]), bisect_left(columns.minutes, bucket[1])
            tally.add(columns, low, high)
        if bucket[1] <= end:
            self._close(site)

    def _late(self, site: Site, columns: Columns) -> None:
        tally = self._open.get(site.key)
        if tally is not None:
            tally.add(columns, bisect_left(columns.minutes, tally.start), bisect_left(columns.minutes, tally.until))

    def _tally(self, bucket: tuple[int, int]) -> Tally[Any]:
        return VisitTally(*bucket) if self._fills else OccupancyTally(*bucket, self._frame.carry)

    def _close(self, site: Site) -> None:
        tally = self._open.pop(site.key, None)
        if tally is None or not self._frame.sends(tally.until):
            return
        figures = tally.figures(min(tally.until * MINUTE, self._frame.window.end))
        if figures is not None:
            self._done.append((tally.start, site.key, tally.until, *figures))

    def _ready(self, floor: int | None) -> list[Row]:
        self._done.sort(key=lambda row: row[:2])
        ready = [row for row in self._done if floor is None or row[0] < floor]
        self._done = self._done[len(ready) :]
        return ready


async def bucket_rows(parts: Parts[Columns], frame: Frame, *, fills: bool) -> AsyncIterator[Batch]:
    """Civil buckets of each site."""
    rolling: Rolling[Columns] = Rolling(frame, fills=fills)
    async for part, found in parts:
        yield _bucket_batch(rolling.feed(part, found), frame.final_at)
    yield _bucket_batch(rolling.rest(), frame.final_at)


def _bucket_batch(rows: list[Row], final_at: Micros) -> Batch:
    if not rows:
        return Batch([[] for _ in range(7)], 0)
    starts, keys, untils, one, other, third = zip(*rows, strict=True)
    ends = [until * MINUTE for until in untils]
    return Batch(
        [keys, [start * MINUTE for start in starts], ends, one, other, third, [end <= final_at for end in ends]],
        len(rows),
    )
