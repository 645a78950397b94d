"""One page of an entity set: rows read on from where the last page ended, tested, cut, and the link to go on with.

A page holds at most 10,000 rows and ends early after 8 seconds. `$skip` never reads again what an earlier page has
read: where each page ended is remembered for a while, and otherwise rows are read past, never served wrongly.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import cmp_to_key
from time import monotonic
from typing import Any

import msgspec

from gateway.access.principal import Principal
from gateway.bi.ask import Ask
from gateway.bi.odata.expression import Test, test_of
from gateway.bi.odata.query import Order, Query, natural, whole_buckets
from gateway.bi.odata.refusals import NotSupported
from gateway.bi.reading import Tables
from gateway.bi.tables import Batch, Span
from gateway.domain.errors import CursorError, InputError
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.window import Window
from gateway.federation import buckets
from gateway.federation.buckets import Granularity
from gateway.loaders.request import MOST_MEMBERS

PAGE = 10_000
SECONDS = 8.0
MOST_SORTED = 10_000
"""Rows of a time series that can be asked in another order than theirs."""
_REMEMBERED = 4_096
_COUNT_SECONDS = 60.0


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where reading goes on. `number`: wanted rows before it, of all; `base`: where the request began; `skip`: rows it
    still has to leave out. `start` and `ties`: of a time series, the start of the last row read and how many rows with
    that start were; `at`: of a vendor's list, its position; `passed`: rows, elsewhere. `span` keeps the bounds of the
    first page, which may depend on when it was asked.
    """

    number: int = 0
    base: int = 0
    skip: int = 0
    start: Micros | None = None
    ties: int = 0
    at: int = 0
    passed: int = 0
    span: tuple[Micros, Micros] | None = None


class Pages:
    """Makes pages. Holds where pages ended and counts, for a while, and no row."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._ends: OrderedDict[object, Place] = OrderedDict()
        self._counts: OrderedDict[object, tuple[float, int]] = OrderedDict()

    async def open(self, query: Query, principal: Principal, size: int) -> Page:
        """A page that has not been read yet."""
        binding = self._tables.catalog.cursors.bind("odata", query.ask.table.name, query.bound, principal.reach_key)
        key = (query.ask.table.name, _without(query, "$top", "$select"), principal.rights_key)
        place = Place(query.skip, query.skip, query.skip)
        if query.token is not None:
            try:
                place = msgspec.msgpack.decode(binding.decode(query.token, "$skiptoken"), type=Place)
            except (CursorError, msgspec.DecodeError):
                raise InputError(
                    "The skip token was not made by this feed with these options.", ("$skiptoken",)
                ) from None
        ask = await self._asked(query, principal, place)
        known = self._ends.get((key, query.skip)) if query.token is None and query.skip else None
        if known is not None:
            place = msgspec.structs.replace(known, base=query.skip)
        if place.span is None and ask is not None and ask.window is not None:
            place = msgspec.structs.replace(place, span=(ask.window.start, ask.window.end))

        def ended(at: Place) -> str:
            self._remember((key, at.number), at)
            return binding.encode(msgspec.msgpack.encode(at))

        return Page(self._tables, query, principal, ask, place, size, ended)

    async def count(self, query: Query, principal: Principal) -> int:
        """How many rows there are, whatever $top and $skip say. Told for a minute without asking again."""
        ask = await self._asked(query, principal, Place())
        if ask is None:
            return 0
        key = (query.ask.table.name, _without(query, "$top", "$select", "$orderby"), principal.rights_key)
        known = self._counts.get(key)
        if known is not None and known[0] > monotonic():
            return known[1]
        test, total = _test(query), 0
        rows = await self._tables.rows(ask, principal)
        async for batch in rows.batches:
            total += batch.count if test is None else sum(1 for row in zip(*batch.columns, strict=True) if test(row))
        self._counts[key] = (monotonic() + _COUNT_SECONDS, total)
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return total

    async def _asked(self, query: Query, principal: Principal, place: Place) -> Ask | None:
        """The question to the table; None where the filter names only sites that are not the caller's to see."""
        ask = query.ask
        if place.span is not None and ask.window is not None:
            ask = msgspec.structs.replace(ask, window=Window(*place.span))
        if query.names is not None and "site" in ask.table.parameters and len(query.names) <= MOST_MEMBERS:
            visible = await self._tables.visible(query.names, principal)
            wanted = tuple(key for key in visible if ask.sites is None or key in ask.sites)
            if not wanted:
                self._tables.admit(ask, principal)
                return None
            if ask.table.name != "kpis":  # a figure of a site and the site's share of an application's differ
                ask = msgspec.structs.replace(ask, sites=wanted)
        if ask.table.span is Span.INSTANTS and ask.granularity is not Granularity.MINUTE and place.span is None:
            ask = whole_buckets(ask, self._last_end(ask))
        return ask

    def _last_end(self, ask: Ask) -> Micros:
        assert ask.window is not None
        last = (ask.window.end - 1) // MINUTE
        zones = {site.zone for site in self._tables.catalog.known if site.zone}
        return max((buckets.bucket(zone, ask.granularity, last)[1] * MINUTE for zone in zones), default=0)

    def _remember(self, key: object, place: Place) -> None:
        self._ends[key] = place
        while len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)


class Page:
    """Rows of one page, once. After them `link` is the token of the next one, or None."""

    def __init__(
        self,
        tables: Tables,
        query: Query,
        principal: Principal,
        ask: Ask | None,
        place: Place,
        size: int,
        ended: Any,
    ) -> None:
        self.link: str | None = None
        self._tables = tables
        self._query = query
        self._principal = principal
        self._ask = ask
        self._place = place
        self._size = size
        self._ended = ended
        self._time = _time_of(query)

    async def rows(self) -> AsyncGenerator[Batch]:
        """Batches of wanted rows. The first one is an answer of the vendor's, even where it is empty."""
        query = self._query
        left = min(self._size, self._wanted)
        if self._ask is None or left <= 0:
            return
        if not natural(query):
            async for batch in self._sorted(self._ask, left):
                yield batch
            return
        until, test, skip = monotonic() + SECONDS, _test(query), self._place.skip
        async for batch in self._onward(self._ask):
            rows = list(zip(*batch.columns, strict=True))
            keep = [at for at, row in enumerate(rows) if test is None or test(row)]
            dropped = min(skip, len(keep))
            skip -= dropped
            keep = keep[dropped : dropped + left]
            left -= len(keep)
            full = left == 0
            last = keep[-1] if full else len(rows) - 1
            self._advance(batch, last, len(keep), skip)
            yield _taken(batch, keep)
            if full or monotonic() > until:
                self._end()
                return

    @property
    def _wanted(self) -> int:
        """Rows the request still wants."""
        top = self._query.top
        return PAGE if top is None else top - (self._place.number - self._place.base)

    def _end(self) -> None:
        token = self._ended(self._place)
        self.link = token if self._wanted > 0 else None

    async def _onward(self, ask: Ask) -> AsyncIterator[Batch]:
        """Batches from the place on, without the rows before it."""
        place, time = self._place, self._time
        if time is not None and place.start is not None:
            assert ask.window is not None
            ask = msgspec.structs.replace(ask, window=Window(min(place.start, ask.window.end - 1), ask.window.end))
        found = await self._tables.rows(ask, self._principal, place.at, need=min(self._size, PAGE) + place.ties)
        ties, passed = place.ties, place.passed
        async for batch in found.batches:
            first = 0
            if time is not None and place.start is not None:
                starts = batch.columns[time]
                while first < batch.count and (starts[first] < place.start or (starts[first] == place.start and ties)):
                    ties -= starts[first] == place.start
                    first += 1
            elif time is None and batch.marks is None:
                first = min(passed, batch.count)
                passed -= first
            yield _taken(batch, range(first, batch.count)) if first else batch

    def _advance(self, batch: Batch, last: int, sent: int, skip: int) -> None:
        """Remembers that rows up to `last` of a batch are done."""
        place = msgspec.structs.replace(self._place, number=self._place.number + sent, skip=skip)
        if last < 0:
            return
        if self._time is not None:
            starts = batch.columns[self._time]
            start = starts[last]
            ties = sum(1 for at in range(last + 1) if starts[at] == start) if batch.count else 0
            if start == place.start:
                ties += place.ties
            self._place = msgspec.structs.replace(place, start=start, ties=ties)
        elif batch.marks is not None:
            self._place = msgspec.structs.replace(place, at=batch.marks[last])
        else:
            self._place = msgspec.structs.replace(place, passed=place.passed + last + 1)

    async def _sorted(self, ask: Ask, left: int) -> AsyncIterator[Batch]:
        """Rows in another order than their own: all of a small table, the first few of a long one."""
        query, test = self._query, _test(self._query)
        before, bounded = self._place.number, ask.table.span is not Span.INSTANTS
        most = MOST_SORTED if query.top is None else self._place.base + query.top
        if not bounded and most > MOST_SORTED:
            raise _unsorted()
        found = await self._tables.rows(ask, self._principal)
        key = cmp_to_key(_comparing(query.order))
        best: list[Any] = []
        async for batch in found.batches:
            rows = [row for row in zip(*batch.columns, strict=True) if test is None or test(row)]
            best = [*best, *rows] if bounded or query.top is None else heapq.nsmallest(most, [*best, *rows], key=key)
            if not bounded and len(best) > MOST_SORTED:
                raise _unsorted()
        best.sort(key=key)
        chosen = best[before : before + left]
        self._place = msgspec.structs.replace(self._place, number=before + len(chosen), skip=0)
        if before + left < len(best):
            self._end()
        width = len(ask.batch_columns)
        yield Batch([[row[at] for row in chosen] for at in range(width)], len(chosen))


def _unsorted() -> NotSupported:
    return NotSupported(
        f"A time series of more than {MOST_SORTED} rows comes in the order of its time: in another one with $top."
    )


def _without(query: Query, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in query.bound if pair[0] not in names)


def _test(query: Query) -> Test | None:
    if query.node is None:
        return None
    return test_of(query.node, {column.name: at for at, column in enumerate(query.ask.batch_columns)})


def _time_of(query: Query) -> int | None:
    """Place of the column rows are ordered by, where they are."""
    table = query.ask.table
    if table.span is not Span.INSTANTS:
        return None
    return [column.name for column in table.columns].index(table.time or "")


def _taken(batch: Batch, keep: Sequence[int]) -> Batch:
    if len(keep) == batch.count:
        return batch
    marks = None if batch.marks is None else [batch.marks[at] for at in keep]
    return Batch([[column[at] for at in keep] for column in batch.columns], len(keep), marks)


def _comparing(order: Sequence[Order]) -> Any:
    """Nulls come before everything else (OData 4.0, 11.2.5.2)."""

    def compared(one: Sequence[Any], other: Sequence[Any]) -> int:
        for member in order:
            a, b = one[member.place], other[member.place]
            if a == b:
                continue
            before = a is None or (b is not None and a < b)
            return -1 if before is not member.descending else 1
        return 0

    return compared
