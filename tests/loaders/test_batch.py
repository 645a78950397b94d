"""Like questions of one moment are one load; a waiter that goes away or a load that fails harms nobody else."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.errors import NotAdditive
from gateway.domain.vendor import VendorKey
from gateway.loaders.batch import Batch

pytestmark = pytest.mark.anyio


class Loads:
    """A load that notes its keys and can be held back."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.bad: set[int] = set()

    async def __call__(self, keys: list[int]) -> dict[int, int | Exception]:
        self.asked.append(list(keys))
        await self.gate.wait()
        if self.failure:
            raise self.failure
        return {key: ValueError("bad") if key in self.bad else key * 10 for key in keys}


async def test_keys_of_one_turn_are_loaded_in_one_go_each_once() -> None:
    loads = Loads()
    batch: Batch[int, int] = Batch(loads)
    assert await asyncio.gather(*(batch.load(key) for key in (1, 2, 1, 3))) == [10, 20, 10, 30]
    assert loads.asked == [[1, 2, 3]]


async def test_an_answer_stays_for_the_request_and_new_keys_are_a_new_load() -> None:
    loads = Loads()
    batch: Batch[int, int] = Batch(loads)
    assert await batch.load(1) == 10
    assert list(await asyncio.gather(batch.load(1), batch.load(2))) == [10, 20]
    assert loads.asked == [[1], [2]]


async def test_a_load_that_fails_fails_its_keys_and_no_later_ones() -> None:
    loads = Loads()
    batch: Batch[int, int] = Batch(loads)
    loads.failure = NotAdditive(VendorKey.BESPOT, "no")
    found = await asyncio.gather(batch.load(1), batch.load(2), return_exceptions=True)
    assert [type(one) for one in found] == [NotAdditive, NotAdditive]
    loads.failure = None
    assert await batch.load(3) == 30


async def test_one_key_can_fail_alone() -> None:
    loads = Loads()
    loads.bad = {2}
    batch: Batch[int, int] = Batch(loads)
    found = await asyncio.gather(batch.load(1), batch.load(2), return_exceptions=True)
    assert found[0] == 10
    assert isinstance(found[1], ValueError)


async def test_a_waiter_that_is_cancelled_does_not_take_the_others_with_it() -> None:
    loads = Loads()
    loads.gate.clear()
    batch: Batch[int, int] = Batch(loads)
    first, second = asyncio.ensure_future(batch.load(1)), asyncio.ensure_future(batch.load(1))
    await asyncio.sleep(0.01)
    first.cancel()
    loads.gate.set()
    assert await second == 10
    assert first.cancelled()
    assert loads.asked == [[1]]


async def test_a_key_the_load_forgets_is_an_error_and_not_a_wait_for_ever() -> None:
    async def forgetful(keys: list[int]) -> dict[int, int | Exception]:
        return {key: key for key in keys if key != 2}

    batch: Batch[int, int] = Batch(forgetful)
    async with asyncio.timeout(1):
        found = await asyncio.gather(batch.load(1), batch.load(2), return_exceptions=True)
    assert found[0] == 1
    assert isinstance(found[1], Exception)
