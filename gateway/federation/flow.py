"""Minutes of a people counter for whole windows, part after part: what exports are made of.

Stores that no site claims never leave this file (rules.md 19); codes of a site are joined as on a page (rules.md 20).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Generic

import msgspec

from gateway.domain.instant import MINUTE, Micros
from gateway.domain.ports.footfall import FootfallSeries
from gateway.domain.ports.slices import Slice
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.drain import Reader, drain, together
from gateway.federation.rollup import minutes_of
from gateway.federation.series import Columns, Row, Series

VENDOR = VendorKey.BESPOT
_CHUNK = 40_000


class Flow(Generic[Row, Columns]):
    """One series of the people counter, drained."""

    def __init__(self, series: Series[Row, Columns], port: FootfallSeries, crosswalk: Crosswalk) -> None:
        self._series = series
        self._port = port
        self._crosswalk = crosswalk

    async def minutes(self, sites: Sequence[Site], window: Window) -> AsyncIterator[tuple[Window, dict[str, Columns]]]:
        """Columns by site key over adjacent windows. Raises UpstreamError where a row may be missing."""
        covered = [site for site in sites if site.bespot]
        if not covered:
            return
        codes = [code for site in covered for code in site.bespot]
        lookback = self._series.lookback if len(codes) > len(covered) else 0
        span = Window(window.start - lookback, window.end)
        parts = [drain(self._reader(code), span) for code in self._tracks(codes, span)]
        tails: dict[str, Columns] = {}
        async for part, body in together(parts, span, cut, joined):
            for piece in _pieces(part, rows(body)):
                inside = piece.cut(window)
                yield inside, cut(self._of_sites(covered, body, piece, tails, lookback), inside)

    def _tracks(self, codes: list[str], span: Window) -> list[str | None]:
        """One unfiltered read where it is not dearer than one per store."""
        if len(codes) == 1:
            return list(codes)
        stores = len(self._crosswalk.claimed(VENDOR)) + len(self._crosswalk.unclaimed(VENDOR))
        minutes, page = span.length // MINUTE + 1, self._port.page_rows
        single = len(codes) * max(1.0, minutes / page)
        return [None] if max(1.0, max(stores, len(codes)) * minutes / page) <= single else list(codes)

    def _reader(self, code: str | None) -> Reader[dict[str, Columns]]:
        read = self._series.read(self._port)

        async def asked(window: Window, budget: int | None) -> Slice[dict[str, Columns]]:
            found = await read(window, code, budget)
            self._crosswalk.met(VENDOR, found.body)
            if code is None and len(found.body) == 1:  # in the order of stores, as it looks: a page tells of no time
                found.sample = []
            return found

        return Reader(VENDOR, asked, cut, rows, self._port.page_rows)

    def _of_sites(
        self, sites: Sequence[Site], body: dict[str, Columns], part: Window, tails: dict[str, Columns], lookback: Micros
    ) -> dict[str, Columns]:
        """The codes of each site joined. `tails`: of sites with several, what still counts in the next part."""
        found: dict[str, Columns] = {}
        here = cut(body, part)
        for site in sites:
            if len(site.bespot) == 1:
                columns = here.get(site.bespot[0])
                if columns is not None:
                    found[site.key] = columns
                continue
            known = joined([{code: each[code] for code in site.bespot if code in each} for each in (tails, here)])
            tails.update(cut(known, Window(part.end - lookback, part.end)))
            if known:
                found[site.key] = _cut(self._series.join(list(known.values()), len(site.bespot)), part)
        return found


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


def _lists(columns: Columns) -> tuple[list[int], ...]:
    return msgspec.structs.astuple(columns)


def _of(kind: type[Columns], lists: Any) -> Columns:
    return kind(*lists)


def _added(one: list[int], other: list[int]) -> list[int]:
    return one + other


def _part(low: int, high: int, values: list[int]) -> list[int]:
    return values[low:high]
