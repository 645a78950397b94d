"""Values kept whole under one key, for exactly what was asked: counts, pages of lists, KPIs, engagement.

Past its time a value is refreshed; while that takes long it is told as stale, inside a bound, and labelled so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from gateway.cache import freshness
from gateway.cache.envelope import Codec
from gateway.cache.report import State
from gateway.cache.shelf import Shelf, seconds_until, weight
from gateway.cache.spans import CLOCKS
from gateway.domain.errors import Rejected, UpstreamError
from gateway.domain.instant import HOUR, Micros
from gateway.telemetry import course

Value = TypeVar("Value")

PATIENCE = 0.3
"""Seconds a refresh may take before what is there is told instead."""


class Lasts(msgspec.Struct, frozen=True):
    """How long a value is good for: `fresh` from when it was read; `late` more while a refresh is under way; `broken`
    more while the vendor is down. In microseconds. `final`: it will never change, and is only dropped for room.
    """

    fresh: Micros
    late: Micros = 0
    broken: Micros = 0
    final: bool = False


class Entry(msgspec.Struct, Generic[Value], array_like=True):
    """A value, when its read began, and for how long it is good."""

    value: Value
    read: Micros
    lasts: Lasts

    def good(self, now: Micros, more: Micros = 0) -> bool:
        return self.read <= now + CLOCKS and now < self.read + self.lasts.fresh + more


class Entries(Generic[Value]):
    """Values of one resource. `lasts` tells from a value and its read how long it is good."""

    def __init__(self, shelf: Shelf, resource: str, shape: Any) -> None:
        self._shelf = shelf
        self._resource = resource
        self._codec: Codec[Entry[Value]] = Codec(Entry[shape])

    async def value(
        self,
        question: object,
        read: Callable[[], Awaitable[Value]],
        lasts: Callable[[Micros], Lasts],
        *,
        keeps: bool = True,
    ) -> Value:
        """What `read` brings, or brought lately. `lasts` is told when the read began."""
        shelf = self._shelf
        key = shelf.key(self._resource, shelf.hashed(question))

        async def fly() -> Entry[Value]:
            began = shelf.clock()
            shelf.counters.miss += 1
            freshness.missed(shelf.vendor)
            course.asked("bypass" if freshness.bypassed() else "miss")
            entry = Entry(await read(), began, lasts(began))
            if shelf.keeps and keeps:
                await self._put(key, entry)
            return entry

        if freshness.bypassed():
            return self._told(await fly(), kept=False)
        if not (shelf.keeps and keeps):
            return self._told(await shelf.flights.join(key, fly), kept=False)
        held = await self._held(key)
        self._looked(question, held)
        if held is not None and held.good(shelf.clock()):
            return self._told(held)
        return await self._refreshed(key, held, fly)

    async def peek(self, question: object) -> Value | None:
        """A value that is good now, without asking anybody."""
        return (await self.peek_many([question]))[0]

    async def peek_many(self, questions: Sequence[object]) -> list[Value | None]:
        """Values that are good now, with one question to the shared level at most."""
        shelf = self._shelf
        if not shelf.keeps or freshness.bypassed():
            return [None] * len(questions)
        await shelf.heed()
        keys = [shelf.key(self._resource, shelf.hashed(question)) for question in questions]
        now = shelf.clock()
        found: dict[str, Entry[Value]] = {
            key: entry for key in keys if (entry := shelf.local.get(key)) is not None and entry.good(now)
        }
        lacking = [key for key in keys if key not in found]
        there = await shelf.load(lacking, self._codec)
        for key, entry in zip(lacking, there, strict=True):
            if entry is not None and entry.good(now):
                found[key] = entry
                shelf.local.put(key, entry, weight(entry.value))
        for question, key in zip(questions, keys, strict=True):
            if key in found:  # what is not is looked up by `value`, or asked together
                self._looked(question, found[key])
        return [self._told(found[key]) if key in found else None for key in keys]

    async def put(self, question: object, value: Value, began: Micros, lasts: Lasts) -> None:
        """Keeps a value that came with another."""
        if self._shelf.keeps:
            await self._put(self._shelf.key(self._resource, self._shelf.hashed(question)), Entry(value, began, lasts))

    async def _refreshed(
        self, key: str, held: Entry[Value] | None, fly: Callable[[], Awaitable[Entry[Value]]]
    ) -> Value:
        shelf = self._shelf

        async def look() -> Entry[Value] | None:
            there = await self._held(key)
            return there if there is not None and there.good(shelf.clock()) else None

        flight = shelf.once(key, look, fly)
        if held is None:
            return self._told(await flight, kept=False)
        late = held.good(shelf.clock(), held.lasts.late)
        try:
            if not late:
                return self._told(await flight, kept=False)
            task = asyncio.ensure_future(flight)
            if await shelf.flights.patiently(task, PATIENCE):
                return self._told(task.result(), kept=False)
        except UpstreamError as error:
            if isinstance(error, Rejected) or not held.good(shelf.clock(), held.lasts.broken):
                raise
        return self._told(held)

    async def _held(self, key: str) -> Entry[Value] | None:
        """The newer of both levels; the second is only asked where the first is not good."""
        await self._shelf.heed()
        held: Entry[Value] | None = self._shelf.local.get(key)
        now = self._shelf.clock()
        if held is not None and held.good(now):
            return held
        (there,) = await self._shelf.load([key], self._codec)
        if there is not None and (held is None or there.read > held.read):
            self._shelf.local.put(key, there, weight(there.value))
            return there
        return held

    def _looked(self, question: object, held: Entry[Value] | None) -> None:
        """For whoever explains: what is held, by the measure `value` goes by."""
        shelf = self._shelf
        if shelf.report is None:
            return
        now, state = shelf.clock(), State.MISSING
        if held is not None and held.good(now):
            state = State.CLOSED if held.lasts.final else State.OPEN
        elif held is not None and held.good(now, max(held.lasts.late, held.lasts.broken)):
            state = State.STALE
        told = None if held is None or state is State.MISSING else held
        read, until = (None, None) if told is None else (told.read, told.read + told.lasts.fresh)
        shelf.report.entry(shelf.vendor, self._resource, question, read, until, state)

    async def _put(self, key: str, entry: Entry[Value]) -> None:
        self._shelf.local.put(key, entry, weight(entry.value))
        lasts = entry.lasts
        bound = entry.read + lasts.fresh + max(lasts.late, lasts.broken)
        await self._shelf.save(key, entry, self._codec, seconds_until(bound, self._shelf.clock()))

    def _told(self, entry: Entry[Value], *, kept: bool = True) -> Value:
        shelf, now = self._shelf, self._shelf.clock()
        stale = self._shelf.keeps and not entry.good(now) and entry.lasts.fresh > 0
        final = entry.lasts.final
        as_of, expires = (None, None) if final else (entry.read, entry.read + entry.lasts.fresh)
        freshness.note(shelf.vendor, as_of, expires, stale=stale, kept=kept)
        if stale:
            shelf.counters.stale += 1
        elif final:
            shelf.counters.closed += 1
        else:
            shelf.counters.open += 1
        return entry.value


FINAL = Lasts(fresh=30 * 24 * HOUR, final=True)
"""Of what cannot change any more: kept until there is no room."""
