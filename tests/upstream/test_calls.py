"""Tallies count real attempts, each for the operation that made them."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.vendor import VendorKey
from gateway.upstream.calls import Attempt, tally
from gateway.upstream.transport import Request
from tests.upstream.doubles import GET, ScriptedTransport, client_over, reply

pytestmark = pytest.mark.anyio


async def test_tallies_of_concurrent_operations_are_apart_and_nested_ones_add_up() -> None:
    client = client_over(ScriptedTransport(reply()))

    async def operation(calls: int) -> int:
        with tally() as count:
            await asyncio.gather(*(client.ask(GET) for _ in range(calls)))
        return count.by_vendor[VendorKey.BESPOT]

    with tally() as whole:
        assert list(await asyncio.gather(operation(2), operation(3))) == [2, 3]
    assert whole.by_vendor == {VendorKey.BESPOT: 5}
    await client.ask(GET)
    assert whole.by_vendor == {VendorKey.BESPOT: 5}


async def test_an_abandoned_attempt_is_seen() -> None:
    async def never(request: Request) -> object:
        return await asyncio.get_running_loop().create_future()

    seen: list[Attempt] = []
    ask = asyncio.create_task(client_over(ScriptedTransport(never), observer=seen.append).ask(GET))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    ask.cancel()
    await asyncio.gather(ask, return_exceptions=True)
    assert [attempt.outcome for attempt in seen] == ["abandoned"]
