"""Replicas over one Valkey: they ask once, see each other's writes, and are right whatever happens to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest
from redis.asyncio import Redis

from gateway.cache.footfall import CachedFootfall
from gateway.cache.local import Counters, Local
from gateway.cache.okube import CachedRecords, Edition
from gateway.cache.okube_writes import TellingWrites
from gateway.cache.purge import Purges
from gateway.cache.rules import CounterRule
from gateway.cache.shelf import Shelf
from gateway.cache.stays import CachedStays
from gateway.cache.store import Store
from gateway.domain.errors import Unavailable
from gateway.domain.instant import DAY, HOUR, MINUTE
from gateway.domain.okube_site import SiteDraft, SiteQuery
from gateway.domain.ports.okube import OkubeRecords, OkubeWrites
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from tests.cache.doubles import LAG, NOON, PSEUDONYMS, SETTLE, Counter, HandClock, Stays, shelf, stay
from tests.cache.test_entries import Sites, Writes
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

WEEK = Window(NOON - 10 * DAY, NOON - 3 * DAY)


@contextlib.asynccontextmanager
async def stores(valkey: Valkey, count: int) -> AsyncIterator[list[Store]]:
    made = [Store(valkey.url, valkey.patience) for _ in range(count)]
    yield made
    for store in made:
        await store.close()


def world(clock: HandClock) -> Counter:
    return Counter(clock, ["A", "B"], lambda code, minute: minute % 7 if minute % 5 == 0 else None)


def footfall(inner: Counter, clock: HandClock, store: Store, mark: str = "m") -> CachedFootfall:
    return CachedFootfall(inner, shelf(clock, store=store, mark=mark), CounterRule(SETTLE, LAG))


async def test_fifty_identical_cold_reads_over_three_replicas_make_the_calls_of_one(valkey: Valkey) -> None:
    clock = HandClock()
    inner = world(clock)
    inner.delay = 0.1
    async with stores(valkey, 3) as made:
        replicas = [footfall(inner, clock, store) for store in made]
        found = await asyncio.gather(*(replicas[n % 3].visits(WEEK, None, None) for n in range(50)))
    assert {part.total for part in found} == {7 * 288 * 2}
    assert inner.calls == 1


async def test_what_does_not_fit_the_budget_is_shared_for_a_moment_too(valkey: Valkey) -> None:
    clock = HandClock()
    inner = world(clock)
    inner.delay = 0.1
    async with stores(valkey, 3) as made:
        replicas = [footfall(inner, clock, store) for store in made]
        found = await asyncio.gather(*(replicas[n % 3].visits(WEEK, None, 750) for n in range(30)))
    assert {(part.complete, part.total, len(part.sample)) for part in found} == {(False, 7 * 288 * 2, 750)}
    assert inner.calls == 1


async def test_replicas_share_a_failure_for_a_moment(valkey: Valkey) -> None:
    clock = HandClock()
    inner = world(clock)
    inner.delay, inner.error = 0.1, Unavailable(VendorKey.BESPOT, "down", retry_after=3)
    async with stores(valkey, 3) as made:
        replicas = [footfall(inner, clock, store) for store in made]
        asks = (replicas[n % 3].visits(WEEK, None, None) for n in range(30))
        found = await asyncio.gather(*asks, return_exceptions=True)
    assert {(type(error), getattr(error, "retry_after", None)) for error in found} == {(Unavailable, 3)}
    assert inner.calls == 1


async def test_a_replica_finds_what_another_read_and_no_other_credential_does(valkey: Valkey) -> None:
    clock = HandClock()
    inner = world(clock)
    async with stores(valkey, 3) as made:
        await footfall(inner, clock, made[0]).visits(WEEK, None, None)
        found = await footfall(inner, clock, made[1]).visits(WEEK, "A", None)
        assert found.total == 7 * 288
        assert inner.calls == 1
        await footfall(inner, clock, made[2], mark="other").visits(WEEK, None, None)
        assert inner.calls == 2


async def test_stays_lie_sealed_every_key_expires_and_rubbish_is_a_miss(valkey: Valkey) -> None:
    clock = HandClock()
    inner = Stays([stay(WEEK.start + n * MINUTE, n) for n in range(200)])
    client = Redis.from_url(valkey.url)
    async with stores(valkey, 2) as made:
        sealer = PSEUDONYMS.sealer("cache")
        one, two = (CachedStays(inner, AppRecord, shelf(clock, store=store), sealer, stale=12 * HOUR) for store in made)
        await one.sessions(WEEK, "A", SessionQuery(device_id="dev"), None)
        await one.sessions(WEEK, None, SessionQuery(), 50)
        keys = [key async for key in client.scan_iter()]
        assert keys
        for key in keys:
            assert await client.pttl(key) > 0
            raw = await client.get(key)
            assert isinstance(raw, bytes)
            assert b"dev" not in key + raw
            assert b"s17" not in raw
            await client.set(key, b"g1\x80\x04rubbish", px=60_000)
        found = await two.sessions(WEEK, "A", SessionQuery(device_id="dev"), None)
        assert len(found.body) == 200
        assert inner.calls == 3
    await client.aclose()


async def test_a_write_through_one_replica_is_seen_through_the_other_at_once(valkey: Valkey) -> None:
    clock, inner = HandClock(), Sites(3)
    async with stores(valkey, 2) as made:
        shelves = [shelf(clock, VendorKey.OKUBE, store=store) for store in made]
        one, two = (CachedRecords(cast("OkubeRecords", inner), held, Edition(held)) for held in shelves)
        writes = TellingWrites(cast("OkubeWrites", Writes(inner)), Edition(shelves[0]))
        for replica in (one, two, one, two):
            assert len((await replica.sites(None, SiteQuery(), 0, 50)).rows) == 3
        assert len(inner.reads) == 1
        await writes.create_site(None, SiteDraft())
        for replica in (two, one):
            assert len((await replica.sites(None, SiteQuery(), 0, 50)).rows) == 4
        assert len(inner.reads) == 2


async def test_a_store_that_is_killed_hangs_and_comes_back_fails_no_answer_and_makes_none_wrong(
    valkey: Valkey,
) -> None:
    clock = HandClock()
    inner = world(clock)
    inner.delay = 0.002
    stopped = False
    answered = 0

    async def load(replica: CachedFootfall, number: int) -> None:
        nonlocal answered
        step = number
        while not stopped:
            step += 1
            window = Window(WEEK.start + step % 5 * DAY, WEEK.start + (step % 5 + 2) * DAY)
            found = await asyncio.wait_for(replica.visits(window, "AB"[step % 2], None), 5)
            assert found.total == 2 * 288
            answered += 1
            await asyncio.sleep(0.005)

    async with stores(valkey, 2) as made:
        shelves = [shelf(clock, store=store, most_bytes=1_000_000) for store in made]
        replicas = [CachedFootfall(inner, held, CounterRule(SETTLE, LAG)) for held in shelves]
        tasks = [asyncio.create_task(load(replicas[number % 2], number)) for number in range(6)]
        for act in (valkey.kill, valkey.start, valkey.freeze, valkey.thaw):
            await asyncio.sleep(0.4)
            for held in shelves:
                held.local.clear()
            act()
        await asyncio.sleep(0.4)
        stopped = True
        await asyncio.gather(*tasks)
        calls = inner.calls
        inner.delay = 0.05
        valkey.kill()
        far = Window(WEEK.start - 5 * DAY, WEEK.start - 4 * DAY)
        await asyncio.gather(*(replicas[0].visits(far, None, None) for _ in range(20)))
        assert inner.calls == calls + 1
    assert answered > 50


async def test_purging_by_code_and_day_reaches_the_other_replica_within_a_second(valkey: Valkey) -> None:
    clock = HandClock()
    inner = world(clock)
    async with stores(valkey, 2) as made:
        locals_ = [Local(10**8, Counters()) for _ in made]
        shelves = [
            Shelf(VendorKey.BESPOT, mark="m", hasher=bytes(32), local=local, store=store, clock=clock)
            for local, store in zip(locals_, made, strict=True)
        ]
        one, two = (CachedFootfall(inner, held, CounterRule(SETTLE, LAG)) for held in shelves)
        await one.visits(WEEK, None, None)
        await two.visits(WEEK, None, None)
        purges = Purges(locals_[0], made[0])
        purges.add(shelves[0])
        assert await purges.purge([VendorKey.OKUBE]) == 0
        day = Window(WEEK.start + DAY, WEEK.start + 2 * DAY)
        assert await purges.purge([VendorKey.BESPOT], ["A"], day) == 2  # noon to noon touches two days
        await asyncio.sleep(1.05)
        await two.visits(WEEK, None, None)
        start = day.start // DAY * DAY
        assert inner.windows("visits") == [WEEK, Window(start, start + 2 * DAY)]


async def test_a_store_that_lost_everything_does_not_bring_back_lists_from_before_a_write(valkey: Valkey) -> None:
    clock, inner = HandClock(), Sites(3)
    async with stores(valkey, 2) as made:
        shelves = [shelf(clock, VendorKey.OKUBE, store=store) for store in made]
        one, two = (CachedRecords(cast("OkubeRecords", inner), held, Edition(held)) for held in shelves)
        writes = TellingWrites(cast("OkubeWrites", Writes(inner)), Edition(shelves[0]))
        assert len((await two.sites(None, SiteQuery(), 0, 50)).rows) == 3
        await writes.create_site(None, SiteDraft())
        valkey.kill()
        for _ in range(2):  # nothing is believed while nobody can tell
            assert len((await two.sites(None, SiteQuery(), 0, 50)).rows) == 4
        assert len(inner.reads) == 3
        valkey.start()
        await asyncio.sleep(0.3)
        for replica in (two, one):
            assert len((await replica.sites(None, SiteQuery(), 0, 50)).rows) == 4
