"""Reading by window through tiles: only what is missing is asked, and what is asked is kept.

A read that fits no budget is passed on as the vendor's own honest sample. How a scan is read ahead stands in `walk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from gateway.cache import freshness, spans
from gateway.cache.entries import PATIENCE
from gateway.cache.envelope import Codec
from gateway.cache.shelf import Shelf
from gateway.cache.spans import Rows, Span, Tile, bearable, fresh
from gateway.cache.view import Tiles, Track, View, note
from gateway.domain.errors import Rejected, UpstreamError
from gateway.domain.instant import Micros
from gateway.domain.ports import course as heading
from gateway.domain.ports.slices import Short, Slice, may_be_short
from gateway.domain.window import Window
from gateway.telemetry import course
from gateway.upstream import deadline

Column = TypeVar("Column")
Value = TypeVar("Value")

_MOST_GAPS = 4
_SHARED_SECONDS = 3.0

Ask = Callable[[Window, str | None, int | None], Awaitable[Slice[dict[str, Column]]]]


class Rule(Protocol):
    """How long reads of a vendor's series are good. `late`: how long past its time a span may stand in for a slow
    refresh. `grain`: windows are asked in multiples of it. All in microseconds.
    """

    late: Micros
    grain: Micros

    def spans(self, window: Window, read: Micros, body: dict[str, Any]) -> list[Span]:
        """The spans of a complete read of `window` that began at `read`: ascending, and covering it."""
        ...

    def reach(self, end: Micros, now: Micros) -> Micros:
        """How far a read up to `end` goes, so that what comes next is not asked again a moment later."""
        ...


class Fetched(msgspec.Struct, Generic[Column], array_like=True):
    """What one read brought. `tile` is set where it was complete, for good."""

    window: Window
    read: Micros
    slice: Slice[dict[str, Column]]
    tile: Tile[Column] | None = None


class SeriesCache(Generic[Column]):
    """One resource of one vendor, by window."""

    def __init__(self, shelf: Shelf, resource: str, rows: Rows[Column], rule: Rule, sealer: Any = None) -> None:
        self.shelf = shelf
        self.rows = rows
        self.rule = rule
        self._resource = resource
        column: Any = rows.shape
        whole: Codec[Tile[Column]] = Codec(Tile[column], sealer)
        self._tiles: Tiles[Column] = Tiles(shelf, resource, rows, whole)
        self._partial: Codec[Fetched[Column]] = Codec(Fetched[column], sealer)
        self._under_way: dict[asyncio.Event, tuple[Track, Window]] = {}

    def passes(self, window: Window) -> bool:
        """Whether a window is read past the tiles."""
        return not self.shelf.keeps or self._tiles.too_wide(window)

    async def passed(
        self, track: Track, window: Window, budget: int | None, ask: Ask[Column]
    ) -> Slice[dict[str, Column]]:
        """As the vendor has it now; equal questions at one moment are one."""
        now = self.shelf.clock()
        self.shelf.counters.miss += 1
        course.asked("bypass" if freshness.bypassed() else "miss")
        freshness.note(self.shelf.vendor, now, now, kept=False)
        key = f"{self._resource}:{self.shelf.hashed((track, window, budget))}"

        async def fly() -> Slice[dict[str, Column]]:
            freshness.missed(self.shelf.vendor)
            return await ask(window, track.code, budget)

        return await self.shelf.flights.join(key, fly)

    async def keep(self, track: Track, tile: Tile[Column]) -> None:
        """Takes in a read that has turned out to be complete."""
        await self._tiles.keep(track, tile)

    async def view(self, track: Track, window: Window) -> View[Column]:
        if freshness.bypassed():
            return View(self.rows, window, [(window, Tile([], {}))])
        view = await self._tiles.view(track, window)
        report = self.shelf.report
        if report is not None:
            report.looked(self.shelf.vendor, self._resource, track.code, track.query, window, view.spans(window))
        return view

    async def slice(
        self, track: Track, window: Window, budget: int | None, ask: Ask[Column]
    ) -> Slice[dict[str, Column]]:
        """Everything in `window`, or with a budget what the vendor answered within it."""
        view = await self.view(track, window)
        good = fresh(self.shelf.clock())
        gaps = view.gaps(window, good)
        if gaps and await self._joined(track, gaps):
            view = await self.view(track, window)
            gaps = view.gaps(window, good)
        if gaps:
            # a scan needs one honest sample; many small calls are dearer than reading a little twice
            if len(gaps) > _MOST_GAPS or (budget is not None and heading.current() is not None):
                gaps = [Window(gaps[0].start, gaps[-1].end)]
            lacking = await self._filled(track, view, gaps, budget, ask)
            if lacking is not None:
                return lacking
        return self.complete(view, window)

    def complete(self, view: View[Column], window: Window) -> Slice[dict[str, Column]]:
        """All rows of a window that is known."""
        body = view.body(window)
        note(self.shelf, view.spans(window), view.painted)
        return Slice(body, True, spans.total(self.rows, body))

    async def fetch(self, track: Track, window: Window, budget: int | None, ask: Ask[Column]) -> Fetched[Column]:
        """One read of the vendor over all replicas, kept where it is complete."""
        shelf, grain = self.shelf, self.rule.grain
        end = self.rule.reach(window.end, shelf.clock())
        asked = (
            Window(window.start // grain * grain, -(-end // grain) * grain) if grain > 1 else Window(window.start, end)
        )
        key = f"{self._resource}:{shelf.hashed((track, asked, budget))}"
        partial = shelf.key("part", shelf.hashed(key))

        async def fly() -> Fetched[Column]:
            began = shelf.clock()
            shelf.counters.miss += 1
            freshness.missed(shelf.vendor)
            course.asked("bypass" if freshness.bypassed() else "miss")
            found = await ask(asked, track.code, budget)
            fetched = Fetched(asked, began, found)
            if found.complete and not found.moved:
                fetched.tile = Tile(self.rule.spans(asked, began, found.body), found.body)
                await self.keep(track, fetched.tile)
            else:
                await shelf.save(partial, fetched, self._partial, _SHARED_SECONDS)
            return fetched

        async def look() -> Fetched[Column] | None:
            view = await self._tiles.view(track, asked)
            if not view.gaps(asked, fresh(shelf.clock())):
                body = view.body(asked)
                found = Slice(body, True, spans.total(self.rows, body))
                return Fetched(asked, shelf.clock(), found, Tile(view.spans(asked), body))
            return (await shelf.load([partial], self._partial))[0]

        if freshness.bypassed():
            return await fly()
        return await shelf.once(key, look, fly)

    async def _joined(self, track: Track, gaps: list[Window]) -> bool:
        """Waits for reads under way that bring some of `gaps`; whether there were any."""
        if freshness.bypassed():
            return False
        tracks = (track, msgspec.structs.replace(track, code=None))
        events = [
            event
            for event, (of, window) in self._under_way.items()
            if of in tracks and any(not gap.cut(window).empty for gap in gaps)
        ]
        for event in events:
            with suppress(TimeoutError):
                async with asyncio.timeout(deadline.remaining()):
                    await event.wait()
        if events:
            freshness.joined(self.shelf.vendor)
        return bool(events)

    def _announced(self, track: Track, gap: Window, read: Coroutine[Any, Any, Value]) -> asyncio.Task[Value]:
        """A read that others can wait for from now on."""
        event = asyncio.Event()
        self._under_way[event] = (track, gap)
        task = asyncio.create_task(read)

        def ended(_: object) -> None:
            del self._under_way[event]
            event.set()

        task.add_done_callback(ended)
        return task

    async def _filled(
        self, track: Track, view: View[Column], gaps: list[Window], budget: int | None, ask: Ask[Column]
    ) -> Slice[dict[str, Column]] | None:
        """Takes what is missing into `view`; the vendor's own partial answer where it is that."""
        window, now = view.window, self.shelf.clock()
        reads = asyncio.ensure_future(
            asyncio.gather(*(self._announced(track, gap, self.fetch(track, gap, budget, ask)) for gap in gaps))
        )
        try:
            late = not view.gaps(window, fresh(now, self.rule.late))
            if late and not await self.shelf.flights.patiently(reads, PATIENCE):
                return None
            found = await reads
        except UpstreamError as error:
            return self.without(view, window, error)
        for fetched in found:
            if fetched.tile is not None:
                view.paint(fetched.tile)
        loose = [fetched for fetched in found if fetched.tile is None]
        return self._loose(view, loose) if loose else None

    def without(self, view: View[Column], part: Window, error: UpstreamError) -> Slice[dict[str, Column]] | None:
        """What can be told of `part` with the vendor down: None for all of it. Raises `error` where that is nothing.

        Refused credentials are never covered up.
        """
        good = bearable(self.shelf.clock())
        lost = view.gaps(part, good)
        if isinstance(error, Rejected) or lost == [part] or (lost and not may_be_short()):
            raise error
        if not lost:
            return None
        known = spans.missing([Span(gap.start, gap.end, 0, 0, 0) for gap in lost], part, spans.known)
        note(self.shelf, [span for window in known for span in view.spans(window)], view.painted)
        body = spans.joined(self.rows, (view.body(window) for window in known))
        return Short(body, True, None, lost=lost, error=error)

    def _loose(self, view: View[Column], loose: list[Fetched[Column]]) -> Slice[dict[str, Column]]:
        """An answer of which some part is a sample, or moved while it was read."""
        note(self.shelf, view.spans(view.window), view.painted)
        for fetched in loose:
            freshness.note(self.shelf.vendor, fetched.read, fetched.read, kept=False)
        part, body = loose[0].slice, view.body(view.window)
        for fetched in loose:
            before, after = (spans.cut(self.rows, body, part) for part in _around(fetched.window))
            body = spans.joined(self.rows, (before, spans.cut(self.rows, fetched.slice.body, view.window), after))
        if all(fetched.slice.complete for fetched in loose):
            return Slice(body, True, None, moved=True)
        sample = [moment for moment in part.sample if moment in view.window]
        return Slice(body, False, part.total, sample, part.moved)


def _around(window: Window) -> tuple[Window, Window]:
    return Window(-spans.NEVER, window.start), Window(window.end, spans.NEVER)
