"""Minutes of a people counter for whole windows, part after part: what exports are made of.

Stores that no site claims never leave this file (rules.md 19); codes of a site are joined as on a page (rules.md 20).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import partial
from typing import Any, Generic, TypeAlias

import msgspec

from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.domain.ports import course
from gateway.domain.ports.footfall import FootfallKept, FootfallPages, FootfallSeries
from gateway.domain.ports.slices import Slice
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.drain import Reader, by_density, drain, edge_of, together
from gateway.federation.rollup import minutes_of
from gateway.federation.series import Columns, Row, Series

VENDOR = VendorKey.BESPOT
SETTLED = HOUR
"""Rows older than this no longer arrive."""
_CHUNK = 10_000
_STRETCH = 14 * DAY

Parts: TypeAlias = AsyncIterator[tuple[Window, dict[str, Columns]]]


class Flow(Generic[Row, Columns]):
    """One series of the people counter, drained."""

    def __init__(self, series: Series[Row, Columns], port: FootfallSeries, crosswalk: Crosswalk, now: Micros) -> None:
        self._series = series
        self._port = port
        self._crosswalk = crosswalk
        self._closed = (now - SETTLED) // MINUTE * MINUTE

    async def minutes(
        self, sites: Sequence[Site], window: Window, *, ordered: bool = True, need: int | None = None
    ) -> AsyncIterator[tuple[Window, dict[str, Columns]]]:
        """Columns by site key over adjacent windows. Raises UpstreamError where a row may be missing.

        Not `ordered`: in the vendor's own order where it does not sort, which takes fewer calls. `need`: about so many
        rows will be taken, and the rest asked for later.
        """
        covered = [site for site in sites if site.bespot]
        if not covered:
            return
        codes = [code for site in covered for code in site.bespot]
        lookback = self._series.lookback if len(codes) > len(covered) else 0
        span = Window(window.start - lookback, window.end)
        tracks = self._tracks(codes, span)
        kept = await self._kept(tracks, span) if need is None else None
        numbered = not ordered and len(tracks) == 1 and kept is None
        short = span.length // MINUTE * len(codes) <= self._port.page_rows
        readers = [self._reader(code, numbered=numbered, scanned=need is not None, short=short) for code in tracks]
        if need is not None:
            parts = [_scanned(reader, span, need, codes) for reader in readers]
        elif kept is not None:
            parts = [_pieced(reader, span, rows) for reader, rows in zip(readers, kept, strict=True)]
        else:
            parts = [drain(reader, span) for reader in readers]
        one = parts[0] if len(parts) == 1 else together(parts, span, cut, joined)
        sites_of = self._unordered(covered, one, span) if numbered else self._ordered(covered, one, lookback)
        async for part, found in sites_of:
            inside = part.cut(window)
            yield inside, cut(found, inside)

    async def _ordered(
        self, sites: Sequence[Site], parts: Parts[Columns], lookback: Micros
    ) -> AsyncGenerator[tuple[Window, dict[str, Columns]]]:
        tails: dict[str, Columns] = {}
        async for part, body in parts:
            for piece in _pieces(part, rows(body)):
                yield piece, self._of_sites(sites, body, piece, tails, lookback)

    async def _unordered(
        self, sites: Sequence[Site], parts: Parts[Columns], span: Window
    ) -> AsyncGenerator[tuple[Window, dict[str, Columns]]]:
        """Sites of several codes come last: their codes may lie far apart, and are held until all are there."""
        single = [site for site in sites if len(site.bespot) == 1]
        several = [site for site in sites if len(site.bespot) > 1]
        apart = {code for site in several for code in site.bespot}
        held: dict[str, Columns] = {}
        async for part, body in parts:
            late = {code: _packed(body[code]) for code in apart & body.keys()}
            held = joined([held, late])
            for piece in _pieces(part, rows(body)):
                yield piece, self._of_sites(single, body, piece, {}, 0)
        if held:
            held = {code: _sorted(columns) for code, columns in held.items()}
            for start in range(span.start, span.end, _STRETCH):
                piece = Window(start, min(span.end, start + _STRETCH))
                around = cut(held, Window(start - self._series.lookback, piece.end))
                body = {code: _of(type(columns), map(list, _lists(columns))) for code, columns in around.items()}
                yield piece, cut(self._joined(several, body), piece)

    async def _kept(self, tracks: Sequence[str | None], span: Window) -> list[int] | None:
        """How many rows there are of each, where the vendor need not be asked for any."""
        if not isinstance(self._port, FootfallKept):
            return None
        found = []
        for code in tracks:
            rows = await self._port.kept(self._series.name, span, code)
            if rows is None:
                return None
            found.append(rows)
        return found

    def _tracks(self, codes: list[str], span: Window) -> list[str | None]:
        """One unfiltered read where it is not dearer than one per store."""
        if len(codes) == 1:
            return list(codes)
        stores = len(self._crosswalk.claimed(VENDOR)) + len(self._crosswalk.unclaimed(VENDOR))
        minutes, page = span.length // MINUTE + 1, self._port.page_rows
        single = len(codes) * max(1.0, minutes / page)
        return [None] if max(1.0, max(stores, len(codes)) * minutes / page) <= single else list(codes)

    def _reader(self, code: str | None, *, numbered: bool, scanned: bool, short: bool) -> Reader[dict[str, Columns]]:
        read = self._series.read(self._port)
        pages: FootfallSeries = getattr(self._port, "uncached", self._port)
        direct, kept = self._series.read(pages), pages is not self._port and not scanned
        by_number = self._series.page(pages) if numbered and isinstance(pages, FootfallPages) else None

        async def page(window: Window, number: int) -> Slice[dict[str, Columns]]:
            assert by_number is not None
            return await by_number(window, code, number)

        past = False

        async def asked(window: Window, budget: int | None) -> Slice[dict[str, Columns]]:
            nonlocal past
            found = await (direct if past else read)(window, code, budget)
            if kept and not past and not found.complete and rows(found.body) != len(found.sample):
                past = True  # some of it was known: its counts would prove nothing
                found = await direct(window, code, budget)
            self._crosswalk.met(VENDOR, found.body)
            if code is None and len(found.body) == 1:  # in the order of stores, as it looks
                found.sample = []
            return found

        return Reader(
            VENDOR,
            asked,
            cut,
            rows,
            self._port.page_rows,
            page=page if by_number else None,
            closed=self._closed,
            short=short,
        )

    def _of_sites(
        self, sites: Sequence[Site], body: dict[str, Columns], part: Window, tails: dict[str, Columns], lookback: Micros
    ) -> dict[str, Columns]:
        """The codes of each site joined. `tails`: of sites with several, what still counts in the next part."""
        here = cut(body, part)
        several = [site for site in sites if len(site.bespot) > 1]
        found = {site.key: here[site.bespot[0]] for site in sites if len(site.bespot) == 1 and site.bespot[0] in here}
        codes = {code for site in several for code in site.bespot}
        known = joined([{code: each[code] for code in codes & each.keys()} for each in (tails, here)])
        tails.clear()
        tails.update(cut(known, Window(part.end - lookback, part.end)))
        return found | cut(self._joined(several, known), part)

    def _joined(self, sites: Sequence[Site], body: dict[str, Columns]) -> dict[str, Columns]:
        parts = {site: [body[code] for code in site.bespot if code in body] for site in sites}
        return {site.key: self._series.join(known, len(site.bespot)) for site, known in parts.items() if known}


async def _pieced(
    reader: Reader[dict[str, Columns]], span: Window, held: int
) -> AsyncIterator[tuple[Window, dict[str, Columns]]]:
    """What is known, a little at a time: whole, it would stand in memory twice."""
    for piece in _pieces(span, held):
        yield piece, (await reader.steady(piece, None)).body


async def _scanned(
    reader: Reader[dict[str, Columns]], span: Window, need: int, codes: Sequence[str]
) -> AsyncIterator[tuple[Window, dict[str, Columns]]]:
    """From the beginning, as far as it is wanted, through what is known already; what is read is a few pages at once
    where the vendor does not sort, so that the next to ask finds it.
    """
    wanted, rest = frozenset(codes), span

    def picks(body: dict[str, Columns]) -> list[Micros]:
        return [minute * MINUTE for code in wanted & body.keys() for minute in body[code].minutes]

    while not rest.empty:
        with course.towards(rest, need, picks, backward=False):
            found = await reader.steady(rest, need)
            if found.complete:
                yield rest, found.body
                return
            known = found.total is None and bool(found.sample)
            edge = found.sample[-1] if known else edge_of(rest, found)
            if edge is not None:
                part = Window(rest.start, max(edge, rest.start + MINUTE))
                body = (await reader.steady(part, None)).body
        if edge is None:
            part, body = await anext(by_density(reader, rest, found.total))
        yield part, body
        rest = Window(part.end, rest.end)


def cut(body: dict[str, Columns], window: Window) -> dict[str, Columns]:
    """The part of a body inside `window`; a code without a row there is left out."""
    found = {code: _cut(columns, window) for code, columns in body.items()}
    return {code: columns for code, columns in found.items() if columns.minutes}


def joined(bodies: Sequence[dict[str, Columns]]) -> dict[str, Columns]:
    """Bodies that follow each other in time, or are of different codes."""
    found: dict[str, Columns] = {}
    for body in bodies:
        for code, columns in body.items():
            known = found.get(code)
            found[code] = columns if known is None else _of(type(columns), map(_added, _lists(known), _lists(columns)))
    return found


def rows(body: dict[str, Columns]) -> int:
    return sum(len(columns.minutes) for columns in body.values())


def _pieces(part: Window, held: int) -> list[Window]:
    """A part of many rows in several: what is made of it at once must stay small."""
    count = max(1, -(-held // _CHUNK))
    step = max(MINUTE, -(-part.length // count // MINUTE) * MINUTE)
    if count == 1:
        return [part]
    return [Window(start, min(part.end, start + step)) for start in range(part.start, part.end, step)]


def _cut(columns: Columns, window: Window) -> Columns:
    first, last = minutes_of(window)
    low, high = bisect_left(columns.minutes, first), bisect_left(columns.minutes, last)
    if low == 0 and high == len(columns.minutes):
        return columns
    return _of(type(columns), map(partial(_part, low, high), _lists(columns)))


def _packed(columns: Columns) -> Columns:
    """In 8 bytes a figure."""
    return _of(type(columns), (array("q", values) for values in _lists(columns)))


def _sorted(columns: Columns) -> Columns:
    """By minute: pages of one code may come in any order."""
    if all(map(int.__le__, columns.minutes, columns.minutes[1:])):
        return columns
    order = sorted(range(len(columns.minutes)), key=columns.minutes.__getitem__)
    return _of(type(columns), (array("q", [values[at] for at in order]) for values in _lists(columns)))


def _lists(columns: Columns) -> tuple[list[int], ...]:
    return msgspec.structs.astuple(columns)


def _of(kind: type[Columns], lists: Any) -> Columns:
    return kind(*lists)


def _added(one: list[int], other: list[int]) -> list[int]:
    return one + other


def _part(low: int, high: int, values: list[int]) -> list[int]:
    return values[low:high]
