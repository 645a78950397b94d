"""One read for all who ask at once: who leaves stops nothing, and each waits no longer than he may."""

from __future__ import annotations

import asyncio

import pytest

from gateway.cache.flights import Flights
from gateway.domain.errors import Throttled, TimedOut, Unavailable
from gateway.domain.vendor import VendorKey
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane

pytestmark = pytest.mark.anyio


class Read:
    """A read of some length that counts itself."""

    def __init__(self, seconds: float = 0.05, error: Exception | None = None) -> None:
        self.began = 0
        self.ended = 0
        self.seconds = seconds
        self.error = error

    async def __call__(self) -> str:
        self.began += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        self.ended += 1
        return "value"


async def test_one_who_leaves_stops_nothing_not_even_who_began() -> None:
    flights, read = Flights(VendorKey.BESPOT), Read()
    leader = asyncio.create_task(flights.join("key", read))
    await asyncio.sleep(0)
    others = [asyncio.create_task(flights.join("key", read)) for _ in range(3)]
    await asyncio.sleep(0.01)
    leader.cancel()
    others[0].cancel()
    assert await asyncio.gather(*others[1:]) == ["value"] * 2
    assert (read.began, read.ended) == (1, 1)


async def test_a_waiter_with_little_time_gives_up_and_the_read_goes_on() -> None:
    flights, read = Flights(VendorKey.BESPOT), Read(0.3)
    patient = asyncio.create_task(flights.join("key", read))
    await asyncio.sleep(0)
    with pytest.raises(TimedOut), deadline.within(0.05):
        await flights.join("key", read)
    assert await patient == "value"
    assert read.began == 1


async def test_one_with_more_time_reads_anew_where_the_first_ran_out_of_it() -> None:
    flights, short = Flights(VendorKey.BESPOT), Read(0.1, TimedOut(VendorKey.BESPOT, "late"))

    async def hasty() -> str:
        with deadline.within(0.1):
            return await flights.join("key", short)

    async def patient() -> str:
        with deadline.within(5):
            return await flights.join("key", Read(0.01))

    first = asyncio.create_task(hasty())
    await asyncio.sleep(0.01)
    assert await patient() == "value"
    with pytest.raises(TimedOut):
        await first


async def test_a_failure_is_shared_for_a_moment_but_not_beyond_its_retry_after() -> None:
    flights = Flights(VendorKey.BESPOT, moment=5)
    read = Read(0, Throttled(VendorKey.BESPOT, "wait", retry_after=0.1))
    for _ in range(3):
        with pytest.raises(Throttled):
            await flights.join("key", read)
    assert read.began == 1
    await asyncio.sleep(0.12)
    with pytest.raises(Throttled):
        await flights.join("key", read)
    assert read.began == 2
    gone = Read(0, Unavailable(VendorKey.BESPOT, "down", retry_after=0))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await flights.join("other", gone)
    assert gone.began == 2


async def test_the_hurried_do_not_wait_in_a_slow_lane() -> None:
    flights, read = Flights(VendorKey.BESPOT), Read()

    async def export() -> str:
        with lanes.within(Lane.EXPORT):
            return await flights.join("key", read)

    await asyncio.gather(export(), export(), flights.join("key", read), flights.join("key", read))
    assert read.began == 2


async def test_closing_ends_what_is_under_way() -> None:
    flights, read = Flights(VendorKey.BESPOT), Read(60)
    waiting = asyncio.create_task(flights.join("key", read))
    await asyncio.sleep(0.01)
    await flights.close()
    with pytest.raises(Unavailable):
        await waiting
