"""What the two levels know of one series over one window, put together for one reader. Asks no vendor.

One code is also served by what was read of all codes at once: whichever of the two is newer, span by span.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from gateway.cache import freshness, spans
from gateway.cache.envelope import Codec
from gateway.cache.shelf import Shelf, seconds_until
from gateway.cache.spans import NEVER, Rows, Span, Tile, fresh
from gateway.domain.instant import DAY, HOUR, Micros
from gateway.domain.window import Window

Column = TypeVar("Column")

MOST_TILES = 1500
"""A window of more days than this is read past the cache."""

ALL = "all"
_KEPT = 30 * DAY


class Track(msgspec.Struct, frozen=True):
    """One series: of one code, or of all (None), under filters that `query` stands for ("" for none)."""

    code: str | None
    query: str = ""


class View(Generic[Column]):
    """Ascending tiles over a window. `painted`: what of it has just been read."""

    def __init__(self, rows: Rows[Column], window: Window, tiles: list[tuple[Window, Tile[Column]]]) -> None:
        self._rows = rows
        self.window = window
        self._tiles = tiles
        self.painted: list[Window] = []

    def paint(self, tile: Tile[Column]) -> None:
        """Takes in what has just been read."""
        self.painted += spans.hulls(tile.spans)
        for index, (slot, known) in enumerate(self._tiles):
            inside = spans.cut_spans(tile.spans, slot)
            if inside:
                fresh = Tile(inside, spans.cut(self._rows, tile.body, slot))
                self._tiles[index] = (slot, spans.merged(self._rows, known, fresh))

    def spans(self, window: Window) -> list[Span]:
        return [span for _, tile in self._tiles for span in spans.cut_spans(tile.spans, window)]

    def gaps(self, window: Window, good: Callable[[Span], bool]) -> list[Window]:
        return spans.missing(self.spans(window), window, good)

    def run(self, window: Window, good: Callable[[Span], bool], *, backward: bool) -> Window:
        """The stretch at the near end that is known; empty where nothing is."""
        gaps = self.gaps(window, good)
        if not gaps:
            return window
        return Window(gaps[-1].end, window.end) if backward else Window(window.start, gaps[0].start)

    def body(self, window: Window) -> dict[str, Column]:
        return spans.joined(self._rows, (spans.cut(self._rows, tile.body, window) for _, tile in self._tiles))

    def count(self, window: Window) -> int:
        return sum(spans.total(self._rows, spans.cut(self._rows, tile.body, window)) for _, tile in self._tiles)

    def nearest(self, window: Window, count: int, *, backward: bool) -> list[Micros]:
        """Instants of the `count` rows nearest to the near end, nearest first; a few more may come along."""
        found: list[Micros] = []
        for _, tile in reversed(self._tiles) if backward else self._tiles:
            inside = spans.cut(self._rows, tile.body, window)
            found += sorted((t for column in inside.values() for t in self._rows.instants(column)), reverse=backward)
            if len(found) >= count:
                break
        return found[:count]


class Tiles(Generic[Column]):
    """Tiles of one resource on a shelf."""

    def __init__(self, shelf: Shelf, resource: str, rows: Rows[Column], codec: Codec[Tile[Column]]) -> None:
        self._shelf = shelf
        self._resource = resource
        self._rows = rows
        self._codec = codec
        self._known = shelf.answered[resource]

    def too_wide(self, window: Window) -> bool:
        return len(self._slots(window)) > MOST_TILES

    async def view(self, track: Track, window: Window) -> View[Column]:
        """What is known, the shared level looked at where this process does not know enough."""
        await self._shelf.heed()
        slots = self._slots(window)
        good = fresh(self._shelf.clock())
        found = self._effective(track, slots)
        lacking = [
            slots[i] for i, (slot, tile) in enumerate(found) if spans.missing(tile.spans, slot.cut(window), good)
        ]
        if lacking and self._shelf.shared:
            for of in {track, msgspec.structs.replace(track, code=None)}:
                await self._fetched(of, lacking)
            found = self._effective(track, slots)
        return View(self._rows, window, found)

    async def keep(self, track: Track, tile: Tile[Column]) -> None:
        """Takes in a read, day by day, on both levels."""
        self._known.update(tile.body)
        if track.code is not None:
            self._known.add(track.code)  # the vendor answered for it
        now = self._shelf.clock()
        whole = Window(tile.spans[0].start, tile.spans[-1].end)
        for name, slot in self._slots(whole):
            key = self._key(track, name)
            inside = Tile(spans.cut_spans(tile.spans, slot), spans.cut(self._rows, tile.body, slot))
            held: Tile[Column] | None = self._shelf.local.get(key)
            kept = inside if held is None else spans.merged(self._rows, held, inside)
            self._put(key, kept)
            await self._shelf.save(key, kept, self._codec, seconds_until(_end(kept), now))

    def _effective(self, track: Track, slots: list[tuple[str, Window]]) -> list[tuple[Window, Tile[Column]]]:
        every = [self._local(msgspec.structs.replace(track, code=None), name) for name, _ in slots]
        if track.code is None:
            return [(slot, tile) for (_, slot), tile in zip(slots, every, strict=True)]
        code = track.code
        own = [self._local(track, name) for name, _ in slots]
        if code not in self._known and any(code in tile.body for tile in every):
            self._known.add(code)
        if code not in self._known:  # the vendor may not know it at all, which only asking for it tells
            return [(slot, tile) for (_, slot), tile in zip(slots, own, strict=True)]
        ours = [Tile(tile.spans, {code: tile.body[code]} if code in tile.body else {}) for tile in every]
        return [
            (slot, spans.merged(self._rows, mine, all_codes))
            for (_, slot), mine, all_codes in zip(slots, own, ours, strict=True)
        ]

    def _local(self, track: Track, name: str) -> Tile[Column]:
        held: Tile[Column] | None = self._shelf.local.get(self._key(track, name))
        return Tile([], {}) if held is None else held

    async def _fetched(self, track: Track, slots: list[tuple[str, Window]]) -> None:
        keys = [self._key(track, name) for name, _ in slots]
        there = await self._shelf.load(keys, self._codec)
        for key, tile in zip(keys, there, strict=True):
            if tile is not None:
                held: Tile[Column] | None = self._shelf.local.get(key)
                self._put(key, tile if held is None else spans.merged(self._rows, held, tile))

    def _put(self, key: str, tile: Tile[Column]) -> None:
        size = 300 + 150 * len(tile.spans) + self._rows.bytes_a_row * spans.total(self._rows, tile.body)
        self._shelf.local.put(key, tile, size + 200 * len(tile.body))

    def _key(self, track: Track, name: str) -> str:
        code = ALL if track.code is None else self._shelf.hashed(track.code)
        parts = (self._resource, code, name) if not track.query else (self._resource, code, name, track.query)
        return self._shelf.key(*parts)

    def _slots(self, window: Window) -> list[tuple[str, Window]]:
        """Name and bounds of each day; all that lies behind tomorrow is one slot, made anew each day."""
        horizon = self._shelf.clock() // DAY + 2
        first, last = window.start // DAY, (window.end - 1) // DAY
        if min(last, horizon) - first > 2 * MOST_TILES:
            last = first + 2 * MOST_TILES
        slots = [(str(day), Window(day * DAY, (day + 1) * DAY)) for day in range(first, min(last + 1, horizon))]
        if last >= horizon:
            slots.append((f"from{horizon}", Window(horizon * DAY, NEVER)))
        return slots


def note(shelf: Shelf, found: list[Span], painted: list[Window]) -> None:
    """Tells the collector and the counters what an answer is made of. `painted`: what was read for it just now."""
    now, counters = shelf.clock(), shelf.counters
    good = fresh(now)
    for span in found:
        stale = not good(span)
        kept = not painted or not _inside(span, painted)
        if span.closed:
            counters.closed += 1
            freshness.note(shelf.vendor, None, None, kept=kept)
        else:
            counters.stale += stale
            counters.open += not stale
            freshness.note(shelf.vendor, span.read, span.until, stale=stale, kept=kept)


def _inside(span: Span, windows: list[Window]) -> bool:
    """Whether all of it lies in some of `windows`."""
    at = span.start
    for window in sorted(windows, key=lambda each: each.start):
        if window.start <= at < window.end:
            at = window.end
    return at >= span.end


def _end(tile: Tile[Column]) -> Micros:
    """Until when anybody may want a tile."""
    last = max(span.until + span.grace for span in tile.spans)
    return max(span.read for span in tile.spans) + _KEPT if last >= NEVER else last + HOUR
