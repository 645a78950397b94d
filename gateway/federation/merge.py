"""Rows of several sources in one order, each source read only as far as the page needs.

A source that fails is done with what it gave: its error is kept, the others go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

from gateway.domain.errors import VendorError

Row = TypeVar("Row")
Key = tuple[int | str, ...]


class Source(Generic[Row]):
    """Rows in reading order, which is that of their keys, arriving in batches. `rows_read`: handed out or held."""

    def __init__(self, batches: AsyncIterator[list[Row]], key: Callable[[Row], Key]) -> None:
        self._batches = batches
        self._key = key
        self._first: Key | None = None
        self.waiting: deque[Row] = deque()
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

    def first(self) -> Key:
        """The key of the row that waits to be next."""
        if self._first is None:
            self._first = self._key(self.waiting[0])
        return self._first

    def pop(self, count: int = 1) -> list[Row]:
        """The next rows of those that wait."""
        self._first = None
        if count == 1:
            return [self.waiting.popleft()]
        rows = list(islice(self.waiting, count))
        if count >= len(self.waiting):
            self.waiting.clear()
        else:
            self.waiting = deque(islice(self.waiting, count, None))
        return rows


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
        if len(live) == 1:
            taken += live[0].pop(count - len(taken))
        elif live:
            taken += (max if descending else min)(live, key=Source.first).pop()
    return taken
