"""One connection of visits or occupancy while it is filled: what was asked, what is there, and what is told of it.

No reading happens here: `footfall` reads, for all connections of a batch at once.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Generic

import msgspec

from gateway.domain.coverage import Coverage, complete, failed, not_covered
from gateway.domain.errors import VendorError
from gateway.domain.footfall import VisitTotals
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation.buckets import Granularity
from gateway.federation.cursor import Binding
from gateway.federation.minutes import VENDOR, Reading
from gateway.federation.paging import PageAsk
from gateway.federation.rollup import minutes_of
from gateway.federation.series import Row

Position = tuple[int, str]  # start of the bucket in minutes, site key
Place = tuple[int, str, Site, tuple[int, int]]  # a position, its site, and its bucket or (index, index)

PACK = struct.Struct(">q")


class FootfallAsk(msgspec.Struct, frozen=True):
    """One connection: which sites, in what window, by which bucket. `bound` is what its cursors are bound to."""

    window: Window
    granularity: Granularity
    sites: tuple[Site, ...]
    bound: tuple[object, ...]


class Group(Generic[Row]):
    """One connection of a batch while it is filled."""

    def __init__(self, ask: FootfallAsk, page: PageAsk, binding: Binding) -> None:
        self.ask = ask
        self.page = page
        self.binding = binding
        self.covered = tuple(site for site in ask.sites if site.bespot)
        self.missing = tuple(site for site in ask.sites if not site.bespot)
        self.low = position(binding, page.after, "after")
        self.high = position(binding, page.before, "before")
        self.rows: Sequence[Row] = []
        self.drained = False
        self.more = False
        self.absent: set[str] = set()  # keys of covered sites of which no code answered
        self.error: VendorError | None = None  # what kept rows or totals from being here
        self.total: int | None = None
        self.totals: VisitTotals | None = None

    @property
    def full(self) -> bool:
        return len(self.rows) >= self.page.need

    @property
    def resumed(self) -> bool:
        """Whether a cursor stands at the end that is read first: rows of its minute are read again."""
        return (self.low if self.page.forward else self.high) is not None

    @property
    def whole(self) -> bool:
        """Whether `rows` is the whole connection, nothing cut off at either end."""
        return self.drained and not self.more and self.low is None and self.high is None

    @property
    def answering(self) -> list[Site]:
        """The covered sites, without those known not to answer."""
        return [site for site in self.covered if site.key not in self.absent]

    def take(self, rows: Sequence[Row]) -> None:
        """More rows of the page. What came in one go stays in columns."""
        self.rows = [*self.rows, *rows] if self.rows else rows

    def indices(self, minutes: list[int], first: int, last: int) -> range:
        """Of a single site: where the rows from `first` to `last` (exclusive) stand that lie between the cursors."""
        key = self.covered[0].key
        start, stop = bisect_left(minutes, first), bisect_left(minutes, last)
        if self.low is not None:
            start = max(start, bisect_left(minutes, self.low[0] + (key <= self.low[1])))
        if self.high is not None:
            stop = min(stop, bisect_left(minutes, self.high[0] + (key < self.high[1])))
        return range(start, max(start, stop))

    def trimmed(self, places: list[Place]) -> list[Place]:
        """Those strictly between the cursors; `places` ascend."""
        low = 0 if self.low is None else bisect_left(places, self.low, key=place_key)
        if self.low is not None and low < len(places) and place_key(places[low]) == self.low:
            low += 1
        high = len(places) if self.high is None else bisect_left(places, self.high, key=place_key)
        return places[low:high]


def coverage_of(group: Group[Any], notes: Reading[Any], as_of: Micros) -> tuple[list[Coverage], list[VendorError]]:
    """What the vendor contributed, and what of it is missing. `notes`: the batch's reads."""
    lines: list[Coverage] = []
    failures: list[VendorError] = []
    refused = {site: notes.refused[site.key] for site in group.covered if site.key in notes.refused}
    known = tuple(site for site in group.covered if site not in refused)
    spoken = known if refused or group.missing else None
    broken = group.error or notes.moved
    if known and broken:
        until = min((span.start for spans in notes.lost.values() for span in spans), default=None)
        lines.append(msgspec.structs.replace(failed(broken, spoken, partly=True), as_of=until))
        failures.append(broken)
    elif known:
        lines.append(complete(VENDOR, as_of, spoken))
    for site, refusal in refused.items():
        partly = any(row.site is site for row in group.rows)
        lines.append(failed(refusal, (site,), partly=partly))
        failures.append(refusal)
    if group.missing:
        lines.append(not_covered(VENDOR, group.missing if group.covered else None))
    return lines, failures


def between(group: Group[Any]) -> Window:
    """The part of the window that the cursors leave."""
    window = group.ask.window
    low = group.low[0] * MINUTE if group.low else window.start
    high = (group.high[0] + 1) * MINUTE if group.high else window.end
    return window.cut(Window(low, high))


def union(spans: Sequence[Window]) -> Window:
    return Window(min(span.start for span in spans), max(span.end for span in spans))


def broken_off(groups: Sequence[Group[Any]], error: VendorError) -> None:
    """The vendor failed midway: groups that have their page are whole all the same."""
    for group in groups:
        if not group.full:
            group.error = error


def sums(group: Group[Any], reading: Reading[Any], window: Window) -> VisitTotals:
    first, last = minutes_of(window)
    entries = exits = net = 0
    for site in group.covered:
        columns = reading.columns.get(site.key)
        if columns is not None:
            low, high = bisect_left(columns.minutes, first), bisect_left(columns.minutes, last)
            entries += sum(columns.entries[low:high])
            exits += sum(columns.exits[low:high])
            net += sum(columns.nets[low:high])
    return VisitTotals(entries, exits, net)


def added(rows: Sequence[Any]) -> VisitTotals:
    return VisitTotals(sum(row.entries for row in rows), sum(row.exits for row in rows), sum(row.net for row in rows))


def place_key(place: Place) -> Position:
    return place[0], place[1]


def position(binding: Binding, cursor: str | None, argument: str) -> Position | None:
    if cursor is None:
        return None
    raw = binding.decode(cursor, argument)
    return PACK.unpack(raw[: PACK.size])[0], raw[PACK.size :].decode()
