"""Reading a series from its near end, page after page, in few calls: what is known is told, what comes is read ahead.

The first page costs what it costs without a cache. Whoever comes back where an earlier read ended is walking: from then
on every call brings a full page of the vendor's. A vendor promises no order, so a page of a longer window counts only
once the vendor's own counts have proved that it holds everything up to its last row; else windows go by density.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise
from typing import Generic, TypeVar

import msgspec

from gateway.cache import freshness, spans
from gateway.cache.series import Ask, Fetched, SeriesCache
from gateway.cache.spans import Tile, fresh
from gateway.cache.view import Track, View, note
from gateway.domain.errors import UpstreamError
from gateway.domain.instant import DAY, SECOND, Micros
from gateway.domain.ports.course import Course
from gateway.domain.ports.slices import Short, Slice
from gateway.domain.window import Window

Column = TypeVar("Column")

REMEMBERED = 2000
FRESH = 120 * SECOND
"""How long an unproved page may wait to be proved."""

_STEPS = 12
_MOST_PAGES = 8
"""Pages one step reads at most. Each step may waste most of one, so few long steps cost a walk less than many."""
_SPARE = 0.2
"""Of a page, left free by a step: a page too many would be almost empty."""


class Edge(msgspec.Struct, Generic[Column]):
    """Where a read ended. `density`: rows a microsecond before it. `ahead`: a page that begins here, not yet proved."""

    density: float
    step: int = 0
    sorted: bool = True
    ahead: Fetched[Column] | None = None


class Walks(Generic[Column]):
    """Scans over one resource. `page_rows`: rows one call can bring. `told`: a body as the port returns it."""

    def __init__(self, cache: SeriesCache[Column], page_rows: int, told: Callable[[dict[str, Column]], object]) -> None:
        self.cache = cache
        self._told = told
        self._page_rows = page_rows
        self._unordered: set[Track] = set()
        self._thin: dict[Track, float] = {}  # rows a microsecond of a long window, by the vendor's own count
        self._edges: OrderedDict[tuple[Track, Micros, bool], Edge[Column]] = OrderedDict()

    async def slice(
        self, track: Track, window: Window, budget: int | None, ask: Ask[Column], course: Course
    ) -> Slice[dict[str, Column]]:
        """The window, or with a budget as much of its near end as holds the wanted rows."""
        cache, back = self.cache, course.backward
        view = await cache.view(track, window)
        good = fresh(cache.shelf.clock())
        for _ in range(_STEPS):
            run = view.run(window, good, backward=back)
            if run == window and (budget is None or view.count(window) <= budget):
                return cache.complete(view, window)
            near = None if budget is None or run.empty else self._near(view, run, course)
            if near is not None:
                return near
            if run == window:
                return cache.complete(view, window)
            at = (run.start if back else run.end) if not run.empty else (window.end if back else window.start)
            edge = self._edges.get((track, at, back))
            try:
                if edge is None:
                    return await self._first(view, track, budget, ask, course)
                view = await self._onward(track, at, edge, ask, course, view)
            except UpstreamError as error:
                return cache.without(view, window, error) or cache.complete(view, window)
        return await cache.slice(track, window, None, ask)

    async def counted(self, track: Track, window: Window) -> int | None:
        """How many rows `window` holds, where all of them are known."""
        if self.cache.passes(window):
            return None
        view = await self.cache.view(track, window)
        if view.gaps(window, fresh(self.cache.shelf.clock())):
            return None
        note(self.cache.shelf, view.spans(window), view.painted)
        return view.count(window)

    def _near(self, view: View[Column], run: Window, course: Course) -> Slice[dict[str, Column]] | None:
        """An honest part of what is known: as much of the near end as holds the wanted rows; None where it does not.

        The next question is then for just these, and is answered whole.
        """
        count, known = course.need, view.count(run)
        while True:
            sample = view.nearest(run, count, backward=course.backward)
            if not sample:
                return None
            far = sample[-1]
            part = Window(max(run.start, far), run.end) if course.backward else Window(run.start, min(run.end, far + 1))
            body = view.body(part)
            if len(course.picks(self._told(body))) >= course.need:
                note(self.cache.shelf, view.spans(part), view.painted)
                return Slice(body, False, None, sample)
            if count >= known:
                return None
            count *= 4

    async def _first(
        self, view: View[Column], track: Track, budget: int | None, ask: Ask[Column], course: Course
    ) -> Slice[dict[str, Column]]:
        """As without a cache, but for what is known; remembers where it ended."""
        cache, window = self.cache, view.window
        if budget is not None and course.need >= self._page_rows and cache.rule.grain == 1 and not course.backward:
            page = await self._page(view, track, budget, ask)
            if page is not None:
                return page
        found = await cache.slice(track, window, budget, ask)
        if isinstance(found, Short):
            return found
        if found.complete:
            ordered = track not in self._unordered
            self._remember(track, window, spans.total(cache.rows, found.body), course, ordered=ordered)
        else:
            if not _ascend(found.sample):
                self._unordered.add(track)
            if found.total and window.length >= DAY:
                self._thin[track] = found.total / window.length
        return found

    async def _page(
        self, view: View[Column], track: Track, budget: int, ask: Ask[Column]
    ) -> Slice[dict[str, Column]] | None:
        """A full page at the beginning of what is not known at all, as part of a walk: who asks for so many goes on,
        and the page behind it proves this one. None where that cannot be.
        """
        cache, window = self.cache, view.window
        if view.spans(window) or track in self._unordered:
            return None
        fetched = await cache.fetch(track, window, budget, ask)
        if fetched.tile is not None:
            view.paint(fetched.tile)
            return cache.complete(view, window)
        if _proved_to(cache, fetched, window.start) is not None:
            self._put(track, window.start, False, Edge(0.0, ahead=fetched))
        elif not _ascend(fetched.slice.sample):
            self._unordered.add(track)
        freshness.note(cache.shelf.vendor, fetched.read, fetched.read)
        found = fetched.slice
        body, sample = spans.cut(cache.rows, found.body, window), [at for at in found.sample if at in window]
        return Slice(body, found.complete, found.total, sample, found.moved)

    async def _onward(
        self, track: Track, at: Micros, edge: Edge[Column], ask: Ask[Column], course: Course, view: View[Column]
    ) -> View[Column]:
        """Reads on from `at`: `view` with what came, or one of the whole rest."""
        cache, back = self.cache, course.backward
        del self._edges[(track, at, back)]
        window = view.window
        start, end = min(course.span.start, window.start), max(course.span.end, window.end)
        rest = Window(start, at) if back else Window(at, end)
        tiles: list[Tile[Column]] = []
        if edge.sorted and not back and cache.rule.grain == 1:
            tiles = await self._paged(track, rest, edge, ask, course)
        if not tiles:
            tiles = await self._dense(track, rest, edge, ask, course)
        if not tiles:
            return view
        for tile in tiles:
            view.paint(tile)
        return view

    async def _paged(
        self, track: Track, rest: Window, edge: Edge[Column], ask: Ask[Column], course: Course
    ) -> list[Tile[Column]]:
        """Pages of `rest` one after the other, each proved by the next: nothing is read twice but ties."""
        cache, clock = self.cache, self.cache.shelf.clock
        first = edge.ahead
        if first is None or first.read + FRESH < clock() or first.window.end < rest.end:
            first = await cache.fetch(track, rest, self._page_rows, ask)
        if first.tile is not None:
            return [first.tile]
        last = _proved_to(cache, first, rest.start)
        if last is None:
            return []
        after = await cache.fetch(track, Window(last, first.window.end), self._page_rows, ask)
        held = spans.cut(cache.rows, first.slice.body, Window(rest.start, last))
        rows = spans.total(cache.rows, held)
        if after.slice.moved or after.slice.total is None or rows + after.slice.total != first.slice.total:
            return [] if after.tile is None else [after.tile]
        proved = Tile(cache.rule.spans(Window(rest.start, last), first.read, held), held)
        await cache.keep(track, proved)
        if after.tile is not None:
            return [proved, after.tile]
        density = rows / max(1, last - rest.start)
        self._put(track, last, course.backward, Edge(density, edge.step + 1, ahead=after))
        return [proved]

    async def _dense(
        self, track: Track, rest: Window, edge: Edge[Column], ask: Ask[Column], course: Course
    ) -> list[Tile[Column]]:
        """A window that should hold about as much as two calls bring, or a little more each time by whole days."""
        cache, grain = self.cache, self.cache.rule.grain
        density = edge.density
        pages = min(_MOST_PAGES, 4 ** (1 + edge.step))
        rows = (pages - _SPARE) * self._page_rows
        if grain > 1:  # the vendor reads around each window, so short ones are dear
            rows = min(2000.0, 1000.0 * 2**edge.step)
        for _ in range(_STEPS):
            length = rest.length if density * rest.length <= 1.3 * rows else int(rows / density)
            length = max(grain, min(rest.length, -(-length // grain) * grain))
            if length < rest.length and density * DAY < self._page_rows / 2:
                length -= length % DAY  # days are alike, parts of them are not
            part = Window(rest.end - length, rest.end) if course.backward else Window(rest.start, rest.start + length)
            budget = int((1.5 if grain == 1 else 4) * rows)
            fetched = await cache.fetch(track, part, budget if length > grain else None, ask)
            if fetched.tile is not None:
                kept = spans.cut(cache.rows, fetched.slice.body, part)
                self._remember(track, part, spans.total(cache.rows, kept), course, edge.step + 1, ordered=False)
                return [fetched.tile]
            if fetched.slice.complete or length <= grain:
                return []
            density = max(2 * density, (fetched.slice.total or len(fetched.slice.sample)) / length)
        return []

    def _remember(
        self, track: Track, window: Window, rows: int, course: Course, step: int = 0, *, ordered: bool = True
    ) -> None:
        at = window.start if course.backward else window.end
        if at != (course.span.start if course.backward else course.span.end):
            density = rows / max(1, window.length)
            if window.length < DAY:  # an hour of the day says little of the next days
                density = self._thin.get(track, density)
            self._put(track, at, course.backward, Edge(density, step, ordered))

    def _put(self, track: Track, at: Micros, backward: bool, edge: Edge[Column]) -> None:
        self._edges[(track, at, backward)] = edge
        while len(self._edges) > REMEMBERED:
            self._edges.popitem(last=False)


def _proved_to(cache: SeriesCache[Column], page: Fetched[Column], start: Micros) -> Micros | None:
    """The last instant of a page that may hold everything before it; None where that cannot be."""
    sample = page.slice.sample
    if page.slice.total is None or page.slice.moved or not sample:
        return None
    last = sample[-1]
    return last if last > start and _ascend(sample) else None


def _ascend(instants: list[Micros]) -> bool:
    return all(earlier <= later for earlier, later in pairwise(instants))
