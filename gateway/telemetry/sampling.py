"""Looks at the process itself, a few times a second: how late its loop wakes up, what it holds, what its probes say.

Only a server does this: it is a task that never ends by itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from time import process_time

from gateway.telemetry.metrics import Metrics
from gateway.telemetry.watch import Telemetry

STEP = 0.25
"""Seconds between two looks at the loop."""

PROBES_EVERY = 20
"""Steps from one round of the probes to the next."""

PARTING = 2.0
"""Seconds the last spans may take to leave."""

PACKAGE = "retail-analytics-gateway"


@asynccontextmanager
async def sampling(telemetry: Telemetry) -> AsyncIterator[None]:
    """Samples while the `with` lasts, then sends what is left to send."""
    telemetry.metrics.build.labels(version(PACKAGE)).set(1)
    telemetry.add(_Process())
    task = asyncio.create_task(_sample(telemetry))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await _closed(telemetry)


async def _closed(telemetry: Telemetry) -> None:
    """A collector that hangs must not hold up the end: the thread is left behind then."""
    thread = Thread(target=telemetry.close, daemon=True)
    thread.start()
    for _ in range(int(PARTING / 0.05)):
        if not thread.is_alive():
            return
        await asyncio.sleep(0.05)


async def _sample(telemetry: Telemetry) -> None:
    time = asyncio.get_running_loop().time
    steps = 0
    while True:
        due = time() + STEP
        await asyncio.sleep(STEP)
        telemetry.metrics.loop_lag.observe(max(0.0, time() - due))
        steps += 1
        if steps % PROBES_EVERY == 0:
            await telemetry.probed()


class _Process:
    """A probe: memory and CPU time."""

    def __init__(self) -> None:
        self._cpu = 0.0

    async def __call__(self, metrics: Metrics) -> None:
        cpu = process_time()
        metrics.cpu.inc(cpu - self._cpu)
        self._cpu = cpu
        with suppress(OSError):  # not on every system
            metrics.memory.set(_resident())


def _resident() -> int:
    """Bytes. Raises OSError."""
    return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
