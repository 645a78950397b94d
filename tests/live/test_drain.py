"""What a SIGTERM does to those who listen, in a real process."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import cast

import pytest

from gateway.http.server import Server
from tests.live.served import Served

pytestmark = pytest.mark.anyio

SILENT = "subscription { ticks(count: -1) }"


@asynccontextmanager
async def process(drain: float) -> AsyncIterator[tuple[Served, asyncio.subprocess.Process]]:
    command = (sys.executable, "-m", "tests.http.serving", "1", str(drain))
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert running.stdout is not None
        assert running.stderr is not None
        port = int(await running.stdout.readline())
        while b"ready" not in await running.stderr.readline():
            pass
        yield Served(port, cast("Server", None)), running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def test_listeners_stay_through_the_drain_and_are_closed_at_its_end() -> None:
    async with (
        process(1.0) as (gateway, running),
        gateway.socket() as socket,
        gateway.events({"query": SILENT}) as events,
    ):
        await socket.subscribe("1", SILENT)
        await events.begin()
        await asyncio.sleep(0.2)
        began = perf_counter()
        running.send_signal(signal.SIGTERM)
        async with gateway.socket() as late:  # connections are still taken
            await late.subscribe("1", "{ hello }")
            assert await late.next() == {"data": {"hello": "hello world"}}
            assert perf_counter() - began < 0.9
        assert await socket.closed() == (1012, "Service restart")
        assert await events.all() == []
        assert events.ended
        assert 0.9 < perf_counter() - began < 3
        async with asyncio.timeout(5):
            assert await running.wait() == 0
