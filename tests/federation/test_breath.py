"""Long steps let others go on."""

from __future__ import annotations

import asyncio
from time import perf_counter

import pytest

from gateway.domain.breath import TURN, Pace

pytestmark = pytest.mark.anyio


async def test_a_step_of_unknown_length_is_cut_by_the_clock() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    pace, until = Pace(), perf_counter() + 10 * TURN
    while perf_counter() < until:
        await pace.turn()
    task.cancel()
    assert 1 <= turns <= 10, "not at every step, and not only at the end"
