"""A turn for others between two steps of long work. Waits for nothing else."""

from __future__ import annotations

from collections.abc import Generator

LONG = 2_000
"""Rows after which a step is long: about ten milliseconds."""


class _Turn:
    def __await__(self) -> Generator[None, None, None]:
        yield


async def breath(rows: int) -> None:
    """Lets the event loop go round once, where the step before was long."""
    if rows >= LONG:
        await _Turn()
