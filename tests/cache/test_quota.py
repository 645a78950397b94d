"""The shared quota: any window holds at most the limit, over all replicas and whatever happens to the store."""

from __future__ import annotations

import asyncio
import itertools
import random
from bisect import bisect_left
from collections.abc import Sequence
from time import monotonic

import pytest

from gateway.cache.quota import SharedQuota
from gateway.cache.store import Store
from gateway.upstream import lanes
from gateway.upstream.lanes import Lane
from gateway.upstream.quota import Exhausted, QuotaRule
from tests.cache.doubles import HandClock
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

LIMIT, WINDOW = 20, 1.2
RULE = QuotaRule(LIMIT, WINDOW)


class Vendor:
    """Counts a call at some moment while it runs, as a vendor does."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._chance = random.Random(1)

    async def call(self, quota: SharedQuota, patience: float | None = None) -> float | None:
        """When the vendor counted it; None where it was refused."""
        try:
            await quota.take("sessions", patience)
        except Exhausted:
            return None
        try:
            await asyncio.sleep(self._chance.uniform(0, 0.03))
            self.times.append(monotonic())
            await asyncio.sleep(self._chance.uniform(0, 0.03))
        finally:
            quota.done("sessions")
        return self.times[-1]

    @property
    def most(self) -> int:
        """Calls in the fullest window there was."""
        times = sorted(self.times)
        return max(index + 1 - bisect_left(times, at - WINDOW) for index, at in enumerate(times))


def quotas(made: Sequence[Store], replicas: int = 1, rule: QuotaRule = RULE) -> list[SharedQuota]:
    return [SharedQuota(rule, HandClock(), store, "v", replicas=replicas) for store in made]


async def test_two_replicas_never_make_a_call_too_many_and_use_the_full_burst(valkey: Valkey) -> None:
    made, vendor = [Store(valkey.url), Store(valkey.url)], Vendor()
    one, two = quotas(made)
    times = await asyncio.gather(*(vendor.call((one, two)[n % 2]) for n in range(60)))
    assert None not in times
    assert vendor.most == LIMIT
    first, last = min(vendor.times), max(vendor.times)
    assert LIMIT - 2 <= sum(time < first + WINDOW for time in vendor.times) <= LIMIT
    assert last < first + 7 * WINDOW
    for store in made:
        await store.close()


async def test_who_cannot_be_served_in_time_is_refused_at_once_with_the_truth(valkey: Valkey) -> None:
    store, vendor = Store(valkey.url), Vendor()
    (quota,) = quotas([store], rule=QuotaRule(LIMIT, 2.0))
    await asyncio.gather(*(vendor.call(quota) for _ in range(LIMIT)))
    with pytest.raises(Exhausted) as refusal:
        await quota.take("sessions", 0.5)
    assert 0.5 < refusal.value.wait <= 2.05
    await asyncio.sleep(refusal.value.wait + 0.02)
    await quota.take("sessions", 0.05)
    quota.done("sessions")
    (state,) = await quota.states()
    assert (state.name, state.limit, state.remaining < LIMIT) == ("sessions", LIMIT, True)
    assert state.resets_at is not None
    await store.close()


async def test_the_hurried_go_first_and_one_who_leaves_gives_his_place_back(valkey: Valkey) -> None:
    store, vendor = Store(valkey.url), Vendor()
    (quota,) = quotas([store], rule=QuotaRule(1, 1.0))
    await vendor.call(quota)
    order: list[str] = []

    async def waiter(name: str, lane: Lane) -> None:
        with lanes.within(lane):
            await quota.take("sessions", None)
        order.append(name)
        quota.done("sessions")

    left = [asyncio.create_task(waiter("left", Lane.INTERACTIVE)) for _ in range(5)]
    await asyncio.sleep(0.05)
    tasks = [asyncio.create_task(waiter("export", Lane.EXPORT)) for _ in range(2)]
    await asyncio.sleep(0.05)
    tasks.append(asyncio.create_task(waiter("query", Lane.INTERACTIVE)))
    await asyncio.sleep(0.05)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    began = monotonic()
    await asyncio.gather(*tasks)
    assert order == ["query", "export", "export"]
    assert monotonic() < began + 4.0
    await store.close()


async def test_a_vendors_refusal_closes_it_for_every_replica(valkey: Valkey) -> None:
    made, vendor = [Store(valkey.url), Store(valkey.url)], Vendor()
    one, two = quotas(made)
    await vendor.call(one)
    one.push("sessions", 0.4)
    await asyncio.sleep(0.05)
    began = monotonic()
    assert await vendor.call(two, 0.1) is None
    assert await vendor.call(two) is not None
    assert 0.25 < monotonic() - began < 0.6
    for store in made:
        await store.close()


async def test_killing_and_restarting_the_store_makes_no_call_too_many_and_no_long_silence(valkey: Valkey) -> None:
    # as much shorter than the window as they are in earnest
    made, vendor = [Store(valkey.url, patience=0.1, longest_pause=0.1) for _ in range(2)], Vendor()
    pair = quotas(made, replicas=2)
    stopped = False

    async def load(quota: SharedQuota) -> None:
        while not stopped:
            await vendor.call(quota, 3.0)

    tasks = [asyncio.create_task(load(pair[number % 2])) for number in range(16)]
    for act in (valkey.kill, valkey.start, valkey.kill, valkey.start):
        await asyncio.sleep(1.3)
        act()
    await asyncio.sleep(1.3)
    stopped = True
    await asyncio.gather(*tasks)
    assert vendor.most <= LIMIT
    times = sorted(vendor.times)
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 3 * WINDOW
    assert len(times) > 60
    for store in made:
        await store.close()


async def test_without_a_store_each_process_has_its_share_and_one_call_at_least() -> None:
    store, vendor = Store("redis://127.0.0.1:1/0"), Vendor()
    (quota,) = quotas([store], replicas=3)
    found = await asyncio.gather(*(vendor.call(quota, 0.3) for _ in range(20)))
    assert sum(time is not None for time in found) == 6
    (lonely,) = quotas([store], replicas=100)
    assert await vendor.call(lonely, 0.3) is not None
    await store.close()
