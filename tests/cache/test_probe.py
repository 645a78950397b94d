"""What the cache tells of itself as metrics: parts by the state of their window, what was dropped for room, bytes."""

from __future__ import annotations

import pytest

from gateway.cache.footfall import CachedFootfall
from gateway.cache.local import Counters, Local
from gateway.cache.probe import CacheProbe
from gateway.cache.rules import CounterRule
from gateway.cache.shelf import Shelf
from gateway.domain.instant import DAY, HOUR
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.telemetry.metrics import Metrics
from tests.cache.doubles import LAG, NOON, SETTLE, Counter, HandClock

pytestmark = pytest.mark.anyio


async def told(probe: CacheProbe) -> dict[str, float]:
    metrics = Metrics()
    await probe(metrics)
    lines = [line for line in metrics.text().decode().splitlines() if "cache_" in line]
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#") and "_created" not in line)
    return {name.removeprefix("gateway_"): float(value) for name, value in pairs}


async def test_parts_are_told_by_the_state_of_their_window_and_evictions_and_bytes_beside() -> None:
    clock, local = HandClock(), Local(200_000, Counters())
    inner = Counter(clock, ["A"], lambda code, minute: 1)
    shelf = Shelf(VendorKey.BESPOT, mark="m", hasher=bytes(32), local=local, store=None, clock=clock)
    cached, probe = CachedFootfall(inner, shelf, CounterRule(SETTLE, LAG)), CacheProbe(local.counters, None)
    await cached.visits(Window(NOON - DAY, NOON), None, None)
    await cached.visits(Window(NOON - 3 * HOUR, NOON), None, None)
    first = await told(probe)
    assert first['cache_parts_total{state="miss"}'] == 1
    assert first['cache_parts_total{state="closed"}'] >= 1
    assert first['cache_parts_total{state="open"}'] >= 1
    assert first["cache_evictions_total"] == 0
    assert 0 < first["cache_bytes"] <= 200_000
    for day in range(2, 12):
        await cached.visits(Window(NOON - day * DAY, NOON - (day - 1) * DAY), None, None)
    second = await told(probe)
    assert second["cache_evictions_total"] > 0
    assert second["cache_bytes"] <= 200_000
