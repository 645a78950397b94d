"""Work begun at once: what it waits for, and what happens to it while it waits, reaches it like any awaited work."""

from __future__ import annotations

import asyncio

import pytest

from gateway.http.begun import Begun

pytestmark = pytest.mark.anyio


async def test_what_ends_at_once_is_over() -> None:
    async def two() -> int:
        return 2

    begun = Begun(two())
    assert begun.over
    assert (begun.result, await begun) == (2, 2)


async def test_what_waits_goes_on_when_it_is_awaited() -> None:
    steps: list[str] = []

    async def work() -> str:
        steps.append("begun")
        await asyncio.sleep(0)
        steps.append("went on")
        await asyncio.sleep(0.001)
        return "done"

    begun = Begun(work())
    assert not begun.over
    assert steps == ["begun"]
    assert await begun == "done"
    assert steps == ["begun", "went on"]


async def test_a_failure_of_what_it_waits_for_is_its_own_to_handle() -> None:
    failing: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await failing
        except ValueError:
            await asyncio.sleep(0)
            return "handled"
        return "unreached"

    begun = Begun(work())
    asyncio.get_running_loop().call_soon(failing.set_exception, ValueError())
    assert await begun == "handled"


async def test_a_failure_it_does_not_handle_is_raised() -> None:
    failing: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await failing

    begun = Begun(work())
    asyncio.get_running_loop().call_soon(failing.set_exception, ValueError())
    with pytest.raises(ValueError):  # noqa: PT011
        await begun


async def test_cancellation_reaches_it_at_its_first_wait_and_its_clean_up_may_wait_again() -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append("up")

    async def awaited() -> None:
        await Begun(work())

    task = asyncio.create_task(awaited())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["up"]


async def test_a_time_out_around_it_ends_it() -> None:
    async def work() -> None:
        await asyncio.sleep(60)

    begun = Begun(work())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun
