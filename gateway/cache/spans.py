"""Tiles: what is known of one series over one UTC day, and since when. Pure; nothing here reads or keeps anything.

A tile's spans are disjoint and ascending; its body holds exactly the rows of its spans. Tiles and bodies are shared, so
they are never changed: painting makes new ones.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from gateway.domain.instant import SECOND, Micros
from gateway.domain.window import Window

Column = TypeVar("Column")

NEVER: Micros = 2**62
"""Of spans that are closed: the vendor will not change them any more."""


CLOCKS = 5 * SECOND
"""How far the clocks of replicas may stand apart."""


class Span(msgspec.Struct, array_like=True, frozen=True):
    """`[start, end)` was read at `read` and is good until `until`; while the vendor is down, `grace` longer."""

    start: Micros
    end: Micros
    read: Micros
    until: Micros
    grace: Micros

    @property
    def window(self) -> Window:
        return Window(self.start, self.end)

    @property
    def closed(self) -> bool:
        return self.until == NEVER


class Tile(msgspec.Struct, Generic[Column], array_like=True):
    """Columns by the vendor's code, over some spans."""

    spans: list[Span]
    body: dict[str, Column]


class Rows(Protocol[Column]):
    """What a column is made of. `bytes_a_row` in memory, roughly."""

    shape: Any
    bytes_a_row: int

    def count(self, column: Column) -> int: ...

    def below(self, column: Column, moment: Micros) -> int:
        """How many rows lie before `moment`."""
        ...

    def part(self, column: Column, low: int, high: int) -> Column: ...

    def joined(self, parts: Sequence[Column]) -> Column:
        """One column of parts in order of time."""
        ...

    def instants(self, column: Column) -> list[Micros]: ...


def cut(rows: Rows[Column], body: dict[str, Column], window: Window) -> dict[str, Column]:
    """The rows inside `window`; codes without any are left out."""
    found = {}
    for code, column in body.items():
        low, high = rows.below(column, window.start), rows.below(column, window.end)
        if high > low:
            found[code] = column if high - low == rows.count(column) else rows.part(column, low, high)
    return found


def joined(rows: Rows[Column], bodies: Iterable[dict[str, Column]]) -> dict[str, Column]:
    """Bodies of disjoint windows in order of time as one."""
    parts: dict[str, list[Column]] = {}
    for body in bodies:
        for code, column in body.items():
            parts.setdefault(code, []).append(column)
    return {code: columns[0] if len(columns) == 1 else rows.joined(columns) for code, columns in parts.items()}


def total(rows: Rows[Column], body: dict[str, Column]) -> int:
    return sum(rows.count(column) for column in body.values())


def painted(rows: Rows[Column], tile: Tile[Column], over: Tile[Column]) -> Tile[Column]:
    """`tile` with the spans of `over` in the place of what it knew of them."""
    kept, body = tile.spans, tile.body
    for whole in hulls(over.spans):
        kept = [piece for span in kept for piece in _outside(span, whole)]
        before = cut(rows, body, Window(-NEVER, whole.start))
        after = cut(rows, body, Window(whole.end, NEVER))
        body = joined(rows, (before, cut(rows, over.body, whole), after))
    return Tile(_tidy([*kept, *over.spans]), body)


def merged(rows: Rows[Column], one: Tile[Column], other: Tile[Column]) -> Tile[Column]:
    """Both, and where both know something, the later read."""
    newer: list[Span] = []
    for span in other.spans:
        held = [own for own in one.spans if own.read >= span.read]
        newer += [
            msgspec.structs.replace(span, start=gap.start, end=gap.end) for gap in missing(held, span.window, known)
        ]
    if not newer:
        return one
    if not one.spans and len(newer) == len(other.spans):
        return other
    return painted(rows, one, Tile(newer, other.body))


def missing(spans: Iterable[Span], window: Window, good: Callable[[Span], bool]) -> list[Window]:
    """The parts of `window` that no good span covers. `spans` ascend."""
    gaps, at = [], window.start
    for span in spans:
        if span.end <= at or not good(span):
            continue
        if span.start >= window.end:
            break
        if span.start > at:
            gaps.append(Window(at, span.start))
        at = span.end
    if at < window.end:
        gaps.append(Window(at, window.end))
    return gaps


def hulls(spans: Iterable[Span]) -> list[Window]:
    """Ascending spans as few windows."""
    found: list[Window] = []
    for span in spans:
        if found and found[-1].end == span.start:
            found[-1] = Window(found[-1].start, span.end)
        else:
            found.append(span.window)
    return found


def cut_spans(spans: Iterable[Span], window: Window) -> list[Span]:
    """The parts of spans inside `window`."""
    found = []
    for span in spans:
        inside = span.window.cut(window)
        if not inside.empty:
            found.append(msgspec.structs.replace(span, start=inside.start, end=inside.end))
    return found


def below(moments: Sequence[int], moment: int) -> int:
    return bisect_left(moments, moment)


def known(span: Span) -> bool:
    """Whatever its age."""
    return True


def fresh(now: Micros, more: Micros = 0) -> Callable[[Span], bool]:
    """Whether a span is good at `now`, or was `more` microseconds ago."""
    return lambda span: span.read <= now + CLOCKS and now < span.until + more


def bearable(now: Micros) -> Callable[[Span], bool]:
    """Whether a span may be told while the vendor is down."""
    return lambda span: span.read <= now + CLOCKS and (span.closed or now < span.until + span.grace)


def _outside(span: Span, window: Window) -> list[Span]:
    if span.end <= window.start or span.start >= window.end:
        return [span]
    return cut_spans([span], Window(-NEVER, window.start)) + cut_spans([span], Window(window.end, NEVER))


def _tidy(spans: list[Span]) -> list[Span]:
    """In order; neighbours of one kind are one, and closed ones are one kind whenever they were read."""
    found: list[Span] = []
    for span in sorted(spans, key=_start):
        last = found[-1] if found else None
        alike = last is not None and last.end == span.start and last.until == span.until and last.grace == span.grace
        if last is not None and alike and (span.closed or last.read == span.read):
            found[-1] = msgspec.structs.replace(last, end=span.end, read=max(last.read, span.read))
        else:
            found.append(span)
    return found


def _start(span: Span) -> Micros:
    return span.start
