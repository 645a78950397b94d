"""Engagement by object: days on their own where a bucket is at most a day, else exactly the days asked.

Weeks and months are cut by the days asked, and people who come back are counted by the terms: nothing is shared there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from gateway.cache.entries import Entries, Lasts
from gateway.cache.rules import dated
from gateway.cache.shelf import Shelf
from gateway.domain import instant
from gateway.domain.engagement import EngagementInterval, EngagementPoint, EngagementRecord, EngagementTerms
from gateway.domain.ports.engagement import EngagementRecords
from gateway.domain.site import ShopsterObject
from gateway.domain.window import Days

BY_DAY = frozenset({EngagementInterval.DAILY, EngagementInterval.HOURLY})
MOST_DAYS = 400

Found = dict[int, list[EngagementRecord]]
Held = list[EngagementRecord] | None


class _Part(msgspec.Struct, frozen=True):
    """What one entry holds: one object over some days."""

    object: ShopsterObject
    days: Days


class CachedEngagement:
    """Implements EngagementRecords around another."""

    def __init__(self, inner: EngagementRecords, shelf: Shelf) -> None:
        self._inner = inner
        self._shelf = shelf
        self.vendor = inner.vendor
        self._parts: Entries[tuple[Held]] = Entries(shelf, "engagement", tuple[list[EngagementRecord] | None])
        self._asks: Entries[Found] = Entries(shelf, "engagement-asked", Found)

    async def engagement(
        self, objects: list[ShopsterObject], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> Found:
        asked = sorted(set(objects))
        whole = terms.interval not in BY_DAY or days.count > MOST_DAYS
        spans = [days] if whole else [Days(day, day) for day in days]
        parts = [_Part(thing, span) for thing in asked for span in spans]
        held = dict(zip(parts, await asyncio.gather(*(self._peek(part, terms, zones) for part in parts)), strict=True))
        lacking = [part for part in parts if held[part] is None]
        if lacking:
            read = await self._read(lacking, terms, zones)
            known = {part: entry[0] for part, entry in held.items() if entry is not None}
            return _together(asked, spans, {**known, **_split(read, parts, held, zones)})
        return _together(asked, spans, {part: entry[0] for part, entry in held.items() if entry is not None})

    async def _peek(
        self, part: _Part, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> tuple[Held] | None:
        return await self._parts.peek((part, terms, zones[part.object.id].key))

    async def _read(self, lacking: list[_Part], terms: EngagementTerms, zones: Mapping[int, ZoneInfo]) -> Found:
        """One question for what is missing: these objects over the days from the first to the last."""
        objects = sorted({part.object for part in lacking})
        days = Days(min(part.days.first for part in lacking), max(part.days.last for part in lacking))
        places = [zones[thing.id].key for thing in objects]
        began = self._shelf.clock()

        async def ask() -> Found:
            found = await self._inner.engagement(objects, days, terms, zones)
            everything = [_Part(part.object, part.days) for part in lacking]
            for part, records in _split(found, everything, {}, zones).items():
                key = (part, terms, zones[part.object.id].key)
                await self._parts.put(key, (records,), began, dated(part.days, began))
            return found

        def lasts(began: int) -> Lasts:
            return dated(days, began)

        return await self._asks.value((objects, days, terms, places), ask, lasts)


def _split(
    found: Found, parts: list[_Part], held: Mapping[_Part, tuple[Held] | None], zones: Mapping[int, ZoneInfo]
) -> dict[_Part, Held]:
    """What was read, by entry; those already held are left alone."""
    split: dict[_Part, Held] = {}
    for part in parts:
        if held.get(part) is not None:
            continue
        records = found.get(part.object.id)
        split[part] = None if records is None else [_cut(record, part.days, zones[part.object.id]) for record in records]
    return split


def _cut(record: EngagementRecord, days: Days, zone: ZoneInfo) -> EngagementRecord:
    if days.count > 1:
        return record
    points = [point for point in record.points if days.first <= _day(point, zone) <= days.last]
    return EngagementRecord(record.object, record.audience, points)


def _day(point: EngagementPoint, zone: ZoneInfo) -> date:
    return instant.to_datetime(point.start).astimezone(zone).date()


def _together(objects: list[ShopsterObject], spans: list[Days], parts: Mapping[_Part, Held]) -> Found:
    """Records by object; an object nothing is known of is left out (rules.md 28)."""
    found: Found = {}
    for thing in objects:
        records: dict[str, EngagementRecord] = {}
        for span in spans:
            for record in parts.get(_Part(thing, span)) or ():
                known = records.setdefault(record.audience, EngagementRecord(record.object, record.audience, []))
                known.points.extend(record.points)
        if records or any(parts.get(_Part(thing, span)) is not None for span in spans):
            found[thing.id] = list(records.values())
    return found
