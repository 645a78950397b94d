"""Engagement by object: days on their own where a bucket is at most a day, else exactly the days asked.

Weeks and months are cut by the days asked, and people who come back are counted by the terms: nothing is shared there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from gateway.cache.entries import Entries
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
        questions = [self._question(part, terms, zones) for part in parts]
        entries = await self._parts.peek_many(questions)
        held = {part: entry[0] for part, entry in zip(parts, entries, strict=True) if entry is not None}
        lacking = [part for part in parts if part not in held]
        if lacking:
            read, over = await self._read(lacking, terms, zones)
            if any(not over.first <= day <= over.last for day in _days(read, zones)) and not whole:
                # the vendor's days are not the zone's (quirk S8): nothing can be told apart by day
                return read if not held else (await self._asked(asked, days, terms, zones))
            held.update(_split(read, lacking, over, zones))
        return _together(asked, spans, held)

    def _question(self, part: _Part, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]) -> object:
        return (part, terms, zones[part.object.id].key)

    async def _read(
        self, lacking: list[_Part], terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> tuple[Found, Days]:
        """One question for what is missing: these objects over the days from the first to the last."""
        objects = sorted({part.object for part in lacking})
        over = Days(min(part.days.first for part in lacking), max(part.days.last for part in lacking))
        began = self._shelf.clock()
        found = await self._asked(objects, over, terms, zones)
        if over == lacking[0].days or all(over.first <= day <= over.last for day in _days(found, zones)):
            for part, records in _split(found, lacking, over, zones).items():
                await self._parts.put(self._question(part, terms, zones), (records,), began, dated(part.days, began))
        return found, over

    async def _asked(
        self, objects: list[ShopsterObject], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> Found:
        question = (objects, days, terms, [zones[thing.id].key for thing in objects])
        return await self._asks.value(
            question, lambda: self._inner.engagement(objects, days, terms, zones), lambda began: dated(days, began)
        )


def _days(found: Found, zones: Mapping[int, ZoneInfo]) -> set[date]:
    """The days the points of an answer lie on."""
    return {
        _day(point, zones[thing]) for thing, records in found.items() for record in records for point in record.points
    }


def _split(found: Found, parts: list[_Part], over: Days, zones: Mapping[int, ZoneInfo]) -> dict[_Part, Held]:
    """What was read over some days, by entry."""
    split: dict[_Part, Held] = {}
    for part in parts:
        records = found.get(part.object.id)
        if records is not None and part.days != over:
            records = [_cut(record, part.days, zones[part.object.id]) for record in records]
        split[part] = records
    return split


def _cut(record: EngagementRecord, days: Days, zone: ZoneInfo) -> EngagementRecord:
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
