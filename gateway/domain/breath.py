"""A turn for others between two steps of long work. Waits for nothing else."""

from __future__ import annotations

from collections.abc import Generator
from time import perf_counter

LONG = 2_000
"""Rows after which a step is long: about ten milliseconds."""
TURN = 0.004
"""Seconds after which a step that can be cut anywhere is cut."""


class _Turn:
    def __await__(self) -> Generator[None, None, None]:
        yield


async def breath(rows: int) -> None:
    """Lets the event loop go round once, where the step before was long."""
    if rows >= LONG:
        await _Turn()


class Pace:
    """For steps of which nobody knows how long they are: `turn` goes round the loop once where it is time to."""

    def __init__(self) -> None:
        self._until = perf_counter() + TURN

    async def turn(self) -> None:
        if perf_counter() > self._until:
            await _Turn()
            self._until = perf_counter() + TURN
