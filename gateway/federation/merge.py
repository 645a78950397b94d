"""Rows of several sources in one order, each source read only as far as the page needs.

A source that fails is done with what it gave: its error is kept, the others go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Generic, TypeVar

from gateway.domain.errors import VendorError

Row = TypeVar("Row")
Key = tuple[int | str, ...]


class Source(Generic[Row]):
    """Keyed rows in reading order, arriving in batches. `rows_read` counts what it handed out or holds."""

    def __init__(self, batches: AsyncIterator[list[tuple[Key, Row]]]) -> None:
        self._batches = batches
        self.waiting: deque[tuple[Key, Row]] = deque()
        self.done = False
        self.rows_read = 0
        self.error: VendorError | None = None

    async def fill(self) -> None:
        """Reads until a row waits or nothing is left."""
        while not self.waiting and not self.done:
            try:
                batch = await anext(self._batches, None)
            except VendorError as error:
                self.error, batch = error, None
            if batch is None:
                self.done = True
            else:
                self.waiting.extend(batch)
                self.rows_read += len(batch)

    @property
    def drained(self) -> bool:
        """Whether every row of the source has been read without an error."""
        return self.done and self.error is None


async def take(sources: Iterable[Source[Row]], count: int, *, descending: bool = False) -> list[Row]:
    """The next `count` rows over all sources in key order."""
    live = list(sources)
    taken: list[Row] = []
    while len(taken) < count and live:
        empty = [source for source in live if not source.waiting]
        if len(empty) == 1:
            await empty[0].fill()
        elif empty:
            await asyncio.gather(*(source.fill() for source in empty))
        live = [source for source in live if source.waiting]
        if not live:
            break
        if len(live) == 1:
            waiting = live[0].waiting
            if len(waiting) <= count - len(taken):
                taken.extend([row for _, row in waiting])
                waiting.clear()
            else:
                taken.extend(waiting.popleft()[1] for _ in range(count - len(taken)))
            continue
        pick = (max if descending else min)(live, key=lambda source: source.waiting[0][0])
        taken.append(pick.waiting.popleft()[1])
    return taken
