"""One piece of work for all who ask for it, while it is under way or later. No task: the first of them does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Once(Generic[Value]):
    """`work` is done once: what it gives, or raises, is everybody's. Where who does it is cancelled, the next does it.

    `work` must not hold on to whoever holds this: a circle would outlive the operation.
    """

    def __init__(self, work: Callable[[], Awaitable[Value]]) -> None:
        self._work = work
        self._under_way = False
        self._done = False
        self._value: Value
        self._error: Exception | None = None
        self._waiting: list[asyncio.Future[None]] = []

    async def get(self) -> Value:
        while self._under_way:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        if not self._done:
            await self._do()
        if self._error is not None:
            raise self._error
        return self._value

    async def _do(self) -> None:
        self._under_way = True
        try:
            self._value = await self._work()
            self._done = True
        except Exception as error:
            self._error, self._done = error, True
        finally:
            self._under_way = False
            for turn in self._waiting:
                if not turn.done():
                    turn.set_result(None)
            self._waiting.clear()
