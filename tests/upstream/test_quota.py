"""Any window holds at most the limit (rules.md 29), the burst is allowed, and waiting is honest."""

from __future__ import annotations

import asyncio
from bisect import bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cache.quota import Ledger
from gateway.domain.errors import Throttled
from gateway.domain.instant import SECOND
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane
from gateway.upstream.quota import Exhausted, MemoryQuota, QuotaRule
from gateway.upstream.transport import Request
from tests.upstream.doubles import GET, NOW, ScriptedTransport, client_over, reply
from tests.upstream.virtual_time import VIRTUAL, VirtualLoop, now

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> object:
    return VIRTUAL


def quota(limit: int, per_seconds: float = 60.0) -> MemoryQuota:
    return MemoryQuota(QuotaRule(limit, per_seconds), lambda: NOW, pad=0)


async def call(allowance: MemoryQuota, patience: float | None = None, lasting: float = 0) -> float:
    """When the call was made."""
    await allowance.take("sessions", patience)
    began = now()
    await asyncio.sleep(lasting)
    allowance.done("sessions")
    return began


async def test_the_full_burst_goes_at_once_and_the_next_waits_for_the_window() -> None:
    allowance, began = quota(10), now()
    times = await asyncio.gather(*(call(allowance) for _ in range(25)))
    assert [round(time - began, 6) for time in times] == [0] * 10 + [60] * 10 + [120] * 5


async def test_slots_that_a_store_gave_out_are_forgotten_when_they_are_past() -> None:
    ledger = Ledger(10, 60.0)
    for _ in range(200):
        ledger.record()
        ledger.done()
        await asyncio.sleep(1)
    assert len(ledger._frees) <= 61
    assert 59 <= ledger.used <= 61
    await asyncio.sleep(61)
    assert ledger.used == 0


async def test_endpoints_have_their_own_slots() -> None:
    allowance = quota(1)
    await allowance.take("sessions", 0)
    await allowance.take("count", 0)
    with pytest.raises(Exhausted):
        await allowance.take("sessions", 0)


async def test_a_wait_that_cannot_end_in_time_is_refused_at_once_with_the_truth() -> None:
    allowance, began = quota(2), now()
    await call(allowance)
    await asyncio.sleep(10)
    await call(allowance)
    with pytest.raises(Exhausted) as first:
        await allowance.take("sessions", 20)
    assert (round(first.value.wait, 6), now() - began) == (50, 10)
    waiting = asyncio.create_task(call(allowance))
    await asyncio.sleep(0)
    with pytest.raises(Exhausted) as second:  # someone is ahead already
        await allowance.take("sessions", 55)
    assert round(second.value.wait, 6) == 60
    assert round(await waiting - began, 6) == 60


async def test_a_cancelled_waiter_gives_its_place_and_its_slot_back() -> None:
    allowance, began = quota(1), now()
    await call(allowance)
    waiters = [asyncio.create_task(call(allowance)) for _ in range(3)]
    await asyncio.sleep(1)
    waiters[0].cancel()
    assert round(await waiters[1] - began, 6) == 60
    # Cancelled in the very moment it is served: in the same round of the loop, after its slot was given.
    asyncio.get_running_loop().call_at(began + 120 + 5e-10, waiters[2].cancel)
    late = asyncio.create_task(call(allowance))
    assert round(await late - began, 6) == 120
    assert waiters[2].cancelled()


async def test_a_slow_call_holds_its_slot_until_a_window_after_its_end() -> None:
    allowance, began = quota(1), now()
    await call(allowance, lasting=5)
    assert round(await call(allowance) - began, 6) == 65


async def test_a_429_shuts_the_endpoint_for_a_window_at_most() -> None:
    allowance, began = quota(5), now()
    await call(allowance)
    allowance.push("sessions", 7)
    assert (await allowance.states())[0].remaining == 0
    assert round(await call(allowance) - began, 6) == 7
    allowance.push("sessions", 86400)
    assert round(await call(allowance) - began, 6) == 67


async def test_interactive_callers_go_before_exports_and_exports_before_warm_up() -> None:
    allowance = quota(1)
    await call(allowance)
    order: list[Lane] = []

    async def wait(lane: Lane) -> None:
        with lanes.within(lane):
            await call(allowance)
        order.append(lane)

    async with asyncio.TaskGroup() as group:
        for lane in (Lane.WARM_UP, Lane.EXPORT, Lane.INTERACTIVE, Lane.EXPORT):
            group.create_task(wait(lane))
            await asyncio.sleep(1)
    assert order == [Lane.INTERACTIVE, Lane.EXPORT, Lane.EXPORT, Lane.WARM_UP]


async def test_states_tell_what_is_left_and_when_more_comes() -> None:
    allowance = quota(3)
    assert await allowance.states() == ()
    await call(allowance)
    await asyncio.sleep(20)
    await call(allowance)
    (state,) = await allowance.states()
    assert (state.name, state.limit, state.per_seconds, state.remaining) == ("sessions", 3, 60, 1)
    assert state.resets_at == NOW + 40 * SECOND
    await asyncio.sleep(60)
    (state,) = await allowance.states()
    assert (state.remaining, state.resets_at) == (3, None)


@given(
    limit=st.integers(1, 4),
    arrivals=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 8), st.booleans()), min_size=1, max_size=25),
)
@settings(max_examples=60, deadline=None)
def test_no_window_ever_holds_more_than_the_limit(limit: int, arrivals: list[tuple[float, float, bool]]) -> None:
    """Each call reaches the vendor at some moment of its life; some callers give up while they wait."""

    async def play() -> list[float]:
        allowance, reached = quota(limit, 10.0), []

        async def one(start: float, lasting: float, impatient: bool) -> None:
            await asyncio.sleep(start)
            try:
                async with asyncio.timeout(6 if impatient else None):
                    await allowance.take("sessions", 9 if impatient else None)
            except (Exhausted, TimeoutError):
                return
            await asyncio.sleep(lasting / 2)
            reached.append(now())
            await asyncio.sleep(lasting / 2)
            allowance.done("sessions")

        await asyncio.gather(*(one(*arrival) for arrival in arrivals))
        return sorted(reached)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        reached = runner.run(play())
    assert all(bisect_right(reached, time + 10 - 1e-6) - index <= limit for index, time in enumerate(reached))
    assert len(reached) >= sum(1 for arrival in arrivals if not arrival[2])


async def test_each_retry_takes_its_own_slot() -> None:
    allowance = quota(5)
    wire = ScriptedTransport(reply(503), reply(503), reply())
    await client_over(wire, quota=allowance).ask(GET)
    assert (await allowance.states())[0].remaining == 2


async def test_no_quota_in_time_is_throttled_without_a_call() -> None:
    wire = ScriptedTransport(reply())
    client = client_over(wire, quota=quota(1))
    await client.ask(GET)
    with deadline.within(10), pytest.raises(Throttled) as caught:
        await client.ask(GET)
    assert len(wire.sent) == 1
    assert round(caught.value.retry_after or 0, 6) == 60
    assert caught.value.status is None


async def test_a_429_of_the_vendor_holds_other_callers_of_the_endpoint_back() -> None:
    wire = ScriptedTransport(reply(429, headers={"retry-after": "5"}), reply())
    client = client_over(wire, quota=quota(60))
    with deadline.within(10):
        first = asyncio.create_task(client.ask(GET))
        await asyncio.sleep(1)
        await client.ask(GET)
        await first
    assert wire.at[1] - wire.at[0] >= 5
    assert len(wire.sent) == 3


async def test_a_call_that_is_cancelled_still_counts() -> None:
    async def never(request: Request) -> object:
        return await asyncio.get_running_loop().create_future()

    allowance = quota(2)
    call_out = asyncio.create_task(client_over(ScriptedTransport(never), quota=allowance).ask(GET))  # type: ignore[arg-type]
    await asyncio.sleep(3)
    call_out.cancel()
    await asyncio.gather(call_out, return_exceptions=True)
    (state,) = await allowance.states()
    assert (state.remaining, state.resets_at) == (1, NOW + 60 * SECOND)
