"""Work done once is everybody's; who leaves, or is cancelled, takes it from nobody."""

from __future__ import annotations

import asyncio
import gc

import pytest

from gateway.loaders.once import Once

pytestmark = pytest.mark.anyio


class Work:
    """Counts how often it is begun, and waits at a gate."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.begun = 0
        self.gate = asyncio.Event()
        self._failure = failure

    async def __call__(self) -> int:
        self.begun += 1
        await self.gate.wait()
        if self._failure is not None:
            raise self._failure
        return 7


async def test_it_is_done_once_for_all_who_ask_before_and_after() -> None:
    work = Work()
    once = Once(work)
    asking = [asyncio.create_task(once.get()) for _ in range(3)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(*asking) == [7, 7, 7]
    assert await once.get() == 7
    assert work.begun == 1


async def test_its_failure_is_everybodys() -> None:
    work = Work(ValueError("no"))
    once = Once(work)
    asking = [asyncio.create_task(once.get()) for _ in range(2)]
    await asyncio.sleep(0)
    work.gate.set()
    told = [*await asyncio.gather(*asking, return_exceptions=True)]
    with pytest.raises(ValueError, match="no"):
        await once.get()
    assert [type(each) for each in told] == [ValueError, ValueError]
    assert work.begun == 1


async def test_where_the_one_who_does_it_is_cancelled_the_next_does_it() -> None:
    work = Work()
    once = Once(work)
    first, second, third = (asyncio.create_task(once.get()) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.gate.set()
    assert [await second, await third] == [7, 7]
    assert first.cancelled()
    assert work.begun == 2


async def test_one_who_waits_may_leave() -> None:
    work = Work()
    once = Once(work)
    first, second = (asyncio.create_task(once.get()) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert await first == 7
    assert (second.cancelled(), work.begun) == (True, 1)


async def test_it_goes_when_nobody_holds_it() -> None:
    work = Work()
    work.gate.set()
    gc.collect()
    gc.disable()
    try:
        once = Once(work)
        await once.get()
        del once
        assert not [each for each in gc.get_objects() if type(each) is Once]
    finally:
        gc.enable()
