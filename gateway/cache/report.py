"""What the cache holds of an operation's questions, noted while the operation is rehearsed. Changes nothing.

The states are those the cache itself goes by: it tells here what it looked at, and nothing is worked out a second time.
Only times, codes and names of the cache's resources stand in here, never a filter's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from gateway.cache import spans
from gateway.cache.local import Counters, Local
from gateway.cache.spans import Span
from gateway.domain.clock import Clock
from gateway.domain.instant import Micros
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window


class State(StrEnum):
    """CLOSED never changes; OPEN is good for now; STALE may be told while a refresh is late or fails; else MISSING."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    STALE = "STALE"
    MISSING = "MISSING"


class Held(msgspec.Struct):
    """One part of what was looked for. `codes` None: of all. `until`: when it is due to be read again."""

    vendor: VendorKey
    resource: str
    state: State
    codes: tuple[str, ...] | None = None
    filtered: bool = False
    window: Window | None = None
    days: Days | None = None
    read: Micros | None = None
    until: Micros | None = None


class Report:
    """Parts in the order they were looked for; each is told once, as it was before the rehearsal."""

    def __init__(self, clock: Clock) -> None:
        self.parts: list[Held] = []
        self._clock = clock
        self._told: dict[tuple[VendorKey, str, str | None, str], list[Span]] = {}
        self._asked: set[tuple[VendorKey, str, bytes]] = set()

    def looked(
        self, vendor: VendorKey, resource: str, code: str | None, query: str, window: Window, found: Sequence[Span]
    ) -> None:
        """A series was looked up over `window`, where these spans are known."""
        place = (vendor, resource, code, query)
        told = self._told.setdefault(place, [])
        every = self._told.get((vendor, resource, None, query), [])
        for fresh in spans.missing(_ascending([*told, *every]), window, spans.known):
            for span, state in self._states(found, fresh):
                part = Held(vendor, resource, state, None if code is None else (code,), bool(query), span.window)
                if state is not State.MISSING:
                    part.read, part.until = span.read, None if span.closed else span.until
                self._add(part)
            told.append(Span(fresh.start, fresh.end, 0, 0, 0))

    def entry(
        self,
        vendor: VendorKey,
        resource: str,
        question: object,
        read: Micros | None,
        until: Micros | None,
        state: State,
    ) -> None:
        """A value kept whole was looked up. Its window or days are taken from the question, and nothing else of it."""
        place = (vendor, resource, msgspec.msgpack.encode(question, order="sorted"))
        if place in self._asked:
            return
        self._asked.add(place)
        window, days = _of(question, Window), _of(question, Days)
        told = None if state is State.CLOSED else until
        self.parts.append(Held(vendor, resource, state, window=window, days=days, read=read, until=told))

    def _states(self, found: Sequence[Span], window: Window) -> list[tuple[Span, State]]:
        now = self._clock()
        good, bearable = spans.fresh(now), spans.bearable(now)
        told: list[tuple[Span, State]] = []
        for span in spans.cut_spans(found, window):
            if good(span):
                told.append((span, State.CLOSED if span.closed else State.OPEN))
            elif bearable(span):
                told.append((span, State.STALE))
        known = [span for span, _ in told]
        gaps = [Span(gap.start, gap.end, 0, 0, 0) for gap in spans.missing(known, window, spans.known)]
        return sorted([*told, *((gap, State.MISSING) for gap in gaps)], key=_start)

    def _add(self, part: Held) -> None:
        """Neighbours of one kind are one."""
        last = self.parts[-1] if self.parts else None
        if last is not None and last.window is not None and part.window is not None:
            alike = msgspec.structs.replace(last, window=part.window, read=part.read) == part
            if alike and last.window.end == part.window.start:
                last.window = Window(last.window.start, part.window.end)
                last.read = _oldest(last.read, part.read)
                return
        self.parts.append(part)


class Overlay(Local):
    """Another level's entries, with what a rehearsal puts on top; the other never hears of it."""

    def __init__(self, base: Local) -> None:
        super().__init__(2**62, Counters())
        self._base = base
        self._gone: set[str] = set()

    def get(self, key: str) -> object:
        own = super().get(key)
        return own if own is not None or key in self._gone else self._base.peek(key)

    def drop(self, key: str) -> None:
        super().drop(key)
        self._gone.add(key)

    def keys(self) -> list[str]:
        return [*super().keys(), *(key for key in self._base.keys() if key not in self._gone)]  # noqa: SIM118


def _ascending(found: Iterable[Span]) -> list[Span]:
    return sorted(found, key=_by_start)


def _by_start(span: Span) -> Micros:
    return span.start


def _start(told: tuple[Span, State]) -> Micros:
    return told[0].start


def _oldest(one: Micros | None, other: Micros | None) -> Micros | None:
    return other if one is None else one if other is None else min(one, other)


def _of(question: object, kind: type[spans.Column]) -> spans.Column | None:
    """The first value of a kind that stands in a question."""
    if isinstance(question, kind):
        return question
    if isinstance(question, msgspec.Struct):
        question = msgspec.structs.astuple(question)
    if isinstance(question, tuple | list):
        return next((found for part in question if (found := _of(part, kind)) is not None), None)
    return None
