"""The cache's own counts as metrics: parts of answers by state, evictions, bytes, and whether the store is away."""

from __future__ import annotations

import msgspec

from gateway.cache.local import Counters
from gateway.cache.store import Store
from gateway.telemetry.metrics import Metrics

STATES = ("closed", "open", "stale", "miss")


class CacheProbe:
    """A probe. Counts are told as what was added since the last time."""

    def __init__(self, counters: Counters, store: Store | None) -> None:
        self._counters = counters
        self._told = Counters()
        self._store = store

    async def __call__(self, metrics: Metrics) -> None:
        now, before = msgspec.structs.replace(self._counters), self._told
        self._told = now
        for state in STATES:
            metrics.cache_parts.labels(state).inc(getattr(now, state) - getattr(before, state))
        metrics.cache_evictions.inc(now.evictions - before.evictions)
        metrics.cache_bytes.set(now.bytes)
        metrics.store_away.set(self._store is not None and self._store.away)
