"""Who takes too long is cut off, nobody else, and a cancellation by others stays one."""

from __future__ import annotations

import asyncio

import pytest

from gateway.http.overdue import LOOKS_EVERY, Overdue, overdue

pytestmark = pytest.mark.anyio

SOON = 0.02


async def watched(watch: Overdue, seconds: float, work: float) -> str:
    task = watch.begin(seconds)
    try:
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        if not watch.end(task):
            raise
        return "cut"
    finally:
        watch.end(task)
    return "done"


async def test_each_has_its_own_time() -> None:
    watch = overdue()
    began = asyncio.get_running_loop().time()
    asked = ((SOON, 9.0), (9.0, SOON), (SOON * 2, 9.0), (9.0, 3 * LOOKS_EVERY))
    told = await asyncio.gather(*(watched(watch, seconds, work) for seconds, work in asked))
    assert told == ["cut", "done", "cut", "done"]
    assert asyncio.get_running_loop().time() - began < 20 * LOOKS_EVERY


async def test_who_was_cut_off_can_go_on_waiting() -> None:
    assert await watched(overdue(), SOON, 9.0) == "cut"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_a_cancellation_by_others_stays_one() -> None:
    task = asyncio.create_task(watched(overdue(), 9.0, 9.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timeout_around_it_stays_one() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await watched(overdue(), 9.0, 9.0)


async def test_it_stops_looking_when_nobody_is_left() -> None:
    watch = Overdue(asyncio.get_running_loop())
    await watched(watch, 9.0, SOON)
    await asyncio.sleep(2.5 * LOOKS_EVERY)
    assert watch._timer is None


def test_each_loop_has_its_own() -> None:
    async def mine() -> Overdue:
        return overdue()

    assert asyncio.run(mine()) is not asyncio.run(mine())
