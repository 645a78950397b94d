"""Stays by window of their start. They hold raw identifiers: in the shared store only sealed (rules.md 34)."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from gateway.access.pseudonyms import Sealer
from gateway.cache.columns import RecordRows, by_code
from gateway.cache.footfall import read
from gateway.cache.rules import StayRule
from gateway.cache.series import SeriesCache
from gateway.cache.shelf import Shelf
from gateway.cache.view import Track
from gateway.cache.walk import Walks
from gateway.domain.instant import HOUR, Micros
from gateway.domain.ports.sessions import SessionRecords
from gateway.domain.ports.slices import Short, Slice
from gateway.domain.session import AppRecord, SessionQuery, WifiRecord
from gateway.domain.window import Window

Record = TypeVar("Record", AppRecord, WifiRecord)

SETTLE = 12 * HOUR
"""Age at which no stay is told late any more: apps hand in what they could not send before."""


class CachedStays(Generic[Record]):
    """Implements SessionRecords around another. `stale`: age at which a stay without an end is given up."""

    def __init__(
        self, inner: SessionRecords, record: type[Record], shelf: Shelf, sealer: Sealer, *, stale: Micros
    ) -> None:
        self._inner = inner
        self._shelf = shelf
        self.vendor = inner.vendor
        self.grain = inner.grain
        self.page_rows = inner.page_rows
        settled = StayRule(SETTLE, stale, inner.grain)
        moving = StayRule(SETTLE, stale, inner.grain, moving=True)
        self._settled: Walks[list[Record]] = self._walks(record, "stays", settled, sealer)
        self._moving: Walks[list[Record]] = self._walks(record, "online", moving, sealer)

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[AppRecord]] | Slice[list[WifiRecord]]:
        filters = "" if query == SessionQuery() else self._shelf.hashed(query)
        walks = self._settled if query.online is None else self._moving

        async def ask(window: Window, code: str | None, budget: int | None) -> Slice[dict[str, list[Record]]]:
            found = cast("Slice[list[Record]]", await self._inner.sessions(window, code, query, budget))
            return Slice(by_code(found.body), found.complete, found.total, found.sample, found.moved)

        found = await read(walks, Track(code, filters), window, budget, ask)
        records = flat(found.body)
        total = found.total if self.grain == 1 or not found.complete else None
        if isinstance(found, Short):
            return cast("Slice[list[AppRecord]]", Short(records, True, None, lost=found.lost, error=found.error))
        return cast("Slice[list[AppRecord]]", Slice(records, found.complete, total, found.sample, found.moved))

    def _walks(self, record: type[Record], name: str, rule: StayRule, sealer: Sealer) -> Walks[list[Record]]:
        cache: SeriesCache[list[Record]] = SeriesCache(self._shelf, name, RecordRows(record), rule, sealer)
        return Walks(cache, self.page_rows, flat)


def flat(body: dict[str, list[Record]]) -> list[Record]:
    """As the port returns it."""
    return [record for column in body.values() for record in column]
