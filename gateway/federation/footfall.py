"""Visits and occupancy as connections: the minutes of several sites in one order, or rolled up to civil buckets.

A year of minutes pages as cheaply as a day (rules.md 16); totals and roll-ups read what they must, when selected.
Connections of many sites with equal arguments (a join) are one batch and share their reads.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Generic

from gateway.cache import freshness
from gateway.domain.breath import Pace, breath
from gateway.domain.clock import Clock
from gateway.domain.coverage import complete
from gateway.domain.errors import GatewayError, NotConfigured, VendorError
from gateway.domain.footfall import VisitTotals
from gateway.domain.instant import HOUR, MINUTE, Micros
from gateway.domain.ports.slices import partly
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation import buckets
from gateway.federation.ageing import aged
from gateway.federation.buckets import Granularity
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.cursor import Cursors
from gateway.federation.group import PACK, Group, Place, added, between, broken_off, coverage_of, place_key, sums, union
from gateway.federation.group import FootfallAsk as FootfallAsk
from gateway.federation.minutes import VENDOR, MinuteReader, Reading, Stores
from gateway.federation.paging import Page, PageAsk, cut
from gateway.federation.rollup import minutes_of
from gateway.federation.series import Columns, Row, Rules, Series, span_of
from gateway.federation.supplies import Supplies

_CHUNK = 48


class Footfall(Generic[Row, Columns]):
    """Pages of one series of the people counter."""

    def __init__(
        self,
        series: Series[Row, Columns],
        supplies: Supplies,
        crosswalk: Crosswalk,
        cursors: Cursors,
        clock: Clock,
        rules: Rules,
    ) -> None:
        self._series = series
        self._supplies = supplies
        self._crosswalk = crosswalk
        self._cursors = cursors
        self._clock = clock
        self._rules = rules
        self._stores = Stores(sum(len(site.bespot) for site in crosswalk.sites))

    def learn(self, other: Footfall[Row, Columns]) -> None:
        """Prices reads by what another has seen of the vendor's stores."""
        self._stores = other._stores

    async def pages(self, asks: Sequence[FootfallAsk], page: PageAsk) -> list[Page[Row] | GatewayError]:
        """One page or error per ask; all asks share window and granularity."""
        found: dict[int, Page[Row] | GatewayError] = {}
        groups: dict[int, Group[Row]] = {}
        for number, ask in enumerate(asks):
            try:
                groups[number] = Group(ask, page, self._cursors.bind(self._series.name, *ask.bound))
            except GatewayError as refusal:
                found[number] = refusal
        notes: Reading[Columns] = Reading({})
        try:
            with freshness.collect() as parts, partly():
                await self._fill([group for group in groups.values() if group.covered], page, notes)
        except VendorError as failure:
            # a site the vendor does not cover is no part of its failure (rules.md 3)
            concerned = {n for n, group in groups.items() if group.covered or isinstance(failure, NotConfigured)}
            found |= dict.fromkeys(concerned, failure)
        as_of = self._as_of() if groups.keys() - found.keys() else 0
        usual = aged([complete(VENDOR, as_of)], parts)
        for number in groups.keys() - found.keys():
            group = groups[number]
            found[number] = made = self._page(group)
            if not group.covered or group.missing or group.error or notes.moved or notes.refused or notes.lost:
                lines, made.failures = coverage_of(group, notes, as_of)
                made.coverage = aged(lines, parts)
            else:
                made.coverage = usual
            if not made.failures:  # a figure with a part missing would not be exact
                made.total = group.total if group.covered else 0
                made.totals = group.totals if group.covered else VisitTotals(0, 0, 0)
        return [found[number] for number in range(len(asks))]

    async def _fill(self, groups: list[Group[Row]], page: PageAsk, notes: Reading[Columns]) -> None:
        """Fills every group and the merged notes of the reads. Raises where nothing could be read."""
        self._supplies.footfall()  # not configured is told even where no site is covered
        if not groups:
            return
        reader = self._reader([site for group in groups for site in group.covered])
        read: Reading[Columns] | None = None
        if groups[0].ask.granularity is Granularity.MINUTE:
            read = await self._minutes(reader, groups, page, notes)
        elif self._series.fills_gaps:
            await self._gapless(reader, groups, page, notes)
        else:
            await self._measured(reader, groups, page, notes)
        counted = [group for group in groups if group.error is None]
        if counted and (page.total or page.totals):
            await self._totals(reader, counted, page, notes, read)

    def _reader(self, sites: Sequence[Site]) -> MinuteReader[Columns]:
        port = self._supplies.footfall()
        return MinuteReader(
            self._series.read(port),
            self._series.join,
            sites=sites,
            crosswalk=self._crosswalk,
            stores=self._stores,
            page_rows=port.page_rows,
            lookback=self._series.lookback,
        )

    async def _minutes(
        self, reader: MinuteReader[Columns], groups: list[Group[Row]], page: PageAsk, notes: Reading[Columns]
    ) -> Reading[Columns] | None:
        """The vendor's own rows, read from the near end until every group has its page.

        What was read, where that is the whole window: figures over it need no second read.
        """
        span = union([between(group) for group in groups])
        need = sum(max(1, page.need) + len(group.covered) * group.resumed for group in groups)
        if page.need == 0 or span.empty:
            return None
        read_any = False
        whole: Reading[Columns] | None = None
        try:
            async for part, reading in reader.near(span, need, backward=not page.forward, eager=_eager(groups, page)):
                read_any = True
                _note(notes, reading)
                whole = reading if part == groups[0].ask.window else None
                final_at = self._clock() - self._rules.settle
                bounds = minutes_of(part.cut(groups[0].ask.window))
                for group in groups:
                    await self._take_minutes(group, bounds, reading, final_at)
                if all(group.full for group in groups):
                    return whole
        except VendorError as error:
            if not read_any:
                raise
            broken_off(groups, error)
            return None
        for group in groups:
            group.drained = True
        return whole

    async def _take_minutes(
        self, group: Group[Row], bounds: tuple[int, int], reading: Reading[Columns], final_at: Micros
    ) -> None:
        """`bounds`: the first minute that was read and belongs to the window, and the first after the last such."""
        first, last = bounds
        wanted = group.page.need - len(group.rows)
        if len(group.covered) == 1:  # a join: its rows stand in order already
            columns = reading.columns.get(group.covered[0].key)
            if columns is not None:
                found = group.indices(columns.minutes, first, last)
                group.more = group.more or len(found) > wanted
                chosen = found[:wanted] if group.page.forward else found[::-1][:wanted]
                group.take(self._series.minutes(group.covered[0], columns, chosen, final_at))
            return
        places: list[Place] = []
        for site in group.covered:
            columns = reading.columns.get(site.key)
            if columns is not None:
                low, high = bisect_left(columns.minutes, first), bisect_left(columns.minutes, last)
                places += [(columns.minutes[i], site.key, site, (i, i)) for i in range(low, high)]
        await breath(len(places))
        places.sort(key=place_key)
        places = group.trimmed(places)
        await breath(len(places))
        group.more = group.more or len(places) > wanted
        taken = places[:wanted] if group.page.forward else places[::-1][:wanted]
        make = self._series.minutes
        group.take([row for _, key, site, at in taken for row in make(site, reading.columns[key], at[:1], final_at)])

    async def _gapless(
        self, reader: MinuteReader[Columns], groups: list[Group[Row]], page: PageAsk, notes: Reading[Columns]
    ) -> None:
        """Every civil bucket up to what the vendor can speak for: which ones is known before anything is read.

        Zeros are only told of sites that answered: where one did not, the page is made of the others.
        """
        as_of, window = self._as_of(), groups[0].ask.window
        pending = groups
        while pending:
            places = {id(group): self._places(group, as_of, page.need) for group in pending}
            shown = [place[3] for group in pending for place in places[id(group)][: page.size]]
            for group in pending:
                group.more = len(places[id(group)]) > page.size
            if not shown:
                return
            reading = await reader.whole(span_of(shown, window))
            _note(notes, reading)
            again = []
            for group in pending:
                missed = reading.absent & {site.key for site in group.covered} - group.absent
                if missed:
                    group.absent |= missed
                    again.append(group)
                group.rows = await self._bucket_rows(places[id(group)][: page.size], reading, window)
            if reading.lost and reading.moved and not any(group.rows for group in groups):
                raise reading.moved
            for group in pending:
                if page.totals and span_of(shown, window) == window:
                    group.totals = sums(group, reading, window)
            pending = again

    async def _measured(
        self, reader: MinuteReader[Columns], groups: list[Group[Row]], page: PageAsk, notes: Reading[Columns]
    ) -> None:
        """Only buckets that hold a measurement: read in growing chunks of buckets until every group has its page."""
        until = self._clock() + HOUR
        walks = {id(group): self._walk(group, until) for group in groups}
        chunk, read_any = max(_CHUNK, page.need), False
        pending = [group for group in groups if page.need]
        while pending:
            places = {id(group): _taken(walks[id(group)], chunk) for group in pending}
            touched = [place[3] for group in pending for place in places[id(group)]]
            if not touched:
                break
            try:
                reading = await reader.whole(span_of(touched, groups[0].ask.window))
            except VendorError as error:
                if not read_any:
                    raise
                broken_off(pending, error)
                return
            read_any = True
            _note(notes, reading)
            for group in pending:
                found = await self._bucket_rows(places[id(group)], reading, group.ask.window)
                wanted = page.need - len(group.rows)
                group.more = group.more or len(found) > wanted
                group.take(found[:wanted])
                group.drained = len(places[id(group)]) < chunk
            pending = [group for group in pending if not group.full and not group.drained]
            chunk *= 4

    async def _bucket_rows(self, places: Sequence[Place], reading: Reading[Columns], window: Window) -> list[Row]:
        final_at = self._clock() - self._rules.settle
        rows, pace = [], Pace()
        for _, key, site, bucket in places:
            await pace.turn()
            if key in reading.absent or _lost(bucket, reading.lost.get(key)):
                continue
            columns = reading.columns.get(key) or self._series.empty()
            row = self._series.bucket(site, columns, bucket, window, final_at)
            if row is not None:
                rows.append(row)
        return rows

    def _places(self, group: Group[Row], until: Micros, count: int) -> list[Place]:
        return _taken(self._walk(group, until), count)

    def _walk(self, group: Group[Row], until: Micros) -> Iterator[Place]:
        """The buckets of the group's sites between its cursors, in reading order."""
        window = group.ask.window.cut(Window(group.ask.window.start, until))
        if window.empty:
            return iter(())
        start, end = window.start // MINUTE, -(-window.end // MINUTE)
        forward = group.page.forward
        low, high = group.low, group.high
        if low is not None:
            start = max(start, low[0])
        if high is not None:  # a bucket that began before the window may still come before the cursor
            end = min(end, max(start, high[0]) + 1)
        each = buckets.buckets if forward else buckets.buckets_back

        def of(site: Site) -> Iterator[Place]:
            zone = site.zone
            assert zone is not None, "the crosswalk gives every site a time zone"
            for bucket in each(zone, group.ask.granularity, start, end):
                position = (bucket[0], site.key)
                if (low is None or position > low) and (high is None or position < high):
                    yield (bucket[0], site.key, site, bucket)

        return heapq.merge(*(of(site) for site in group.answering), key=place_key, reverse=not forward)

    async def _totals(
        self,
        reader: MinuteReader[Columns],
        groups: list[Group[Row]],
        page: PageAsk,
        notes: Reading[Columns],
        reading: Reading[Columns] | None,
    ) -> None:
        """Counts and sums over the whole window, from the cheapest source that is exact. Rows read stay served.

        `reading`: the whole window, where it was read already.
        """
        window, granularity = groups[0].ask.window, groups[0].ask.granularity
        unread = sum(not group.whole for group in groups)
        # one read of all may be no dearer than a count for each
        one_by_one = reading is None and (unread == 1 or unread < reader.price(window))
        for group in groups:
            try:
                if page.total:
                    group.total = await self._count(group, asking=one_by_one)
                if page.totals and group.whole and granularity is Granularity.MINUTE:
                    group.totals = added(group.rows)
                if (page.total and group.total is None) or (page.totals and group.totals is None):
                    reading = reading or await reader.whole(window)
            except VendorError as error:
                group.error = error
                continue
            if reading is None:
                continue
            _note(notes, reading)
            if page.total and group.total is None:
                group.total = await self._counted(group, reading, granularity)
            if page.totals and group.totals is None:
                group.totals = sums(group, reading, window)

    async def _count(self, group: Group[Row], *, asking: bool) -> int | None:
        """Rows without reading them; None where they must be read. `asking`: the vendor's own count may be asked."""
        if group.whole:
            return len(group.rows)
        window = group.ask.window
        if group.ask.granularity is not Granularity.MINUTE:
            if not self._series.fills_gaps:
                return None
            until = min(window.end, self._as_of())
            start, end = window.start // MINUTE, -(-until // MINUTE)
            each = (
                buckets.buckets(site.zone, group.ask.granularity, start, end) for site in group.answering if site.zone
            )
            return sum(sum(1 for _ in found) for found in each) if until > window.start else 0
        if asking and len(group.covered) == 1 and len(group.covered[0].bespot) == 1:
            return await self._series.rows(self._supplies.footfall())(window, group.covered[0].bespot[0])
        return None

    async def _counted(self, group: Group[Row], reading: Reading[Columns], granularity: Granularity) -> int:
        window = group.ask.window
        if granularity is Granularity.MINUTE:
            first, last = minutes_of(window)
            columns = (reading.columns[site.key] for site in group.covered if site.key in reading.columns)
            return sum(bisect_left(c.minutes, last) - bisect_left(c.minutes, first) for c in columns)
        whole: Group[Row] = Group(group.ask, PageAsk(0), group.binding)
        return len(await self._bucket_rows(list(self._walk(whole, self._clock() + HOUR)), reading, window))

    def _as_of(self) -> Micros:
        return self._supplies.footfall().as_of(self._clock())

    def _page(self, group: Group[Row]) -> Page[Row]:
        binding = group.binding
        return cut(
            group.rows,
            group.page,
            lambda rows: binding.encode_all([PACK.pack(row.minute) + row.site.key.encode() for row in rows]),
            more=group.more,
        )


def _eager(groups: Sequence[Group[Any]], page: PageAsk) -> bool:
    """Whether rows beyond the page are of use: to the other pages of a join, or to figures over the whole window."""
    stores = sum(len(site.bespot) for group in groups for site in group.covered)
    return page.totals or (stores > 1 and (page.total or len(groups) > 1))


def _note(notes: Reading[Columns], reading: Reading[Columns]) -> None:
    notes.refused.update(reading.refused)
    notes.moved = notes.moved or reading.moved
    notes.lost.update(reading.lost)


def _lost(bucket: tuple[int, int], spans: Sequence[Window] | None) -> bool:
    """Whether a bucket is cut by a span nothing is told of."""
    return spans is not None and any(s.start < bucket[1] * MINUTE and bucket[0] * MINUTE < s.end for s in spans)


def _taken(places: Iterator[Place], count: int) -> list[Place]:
    return list(islice(places, count))
