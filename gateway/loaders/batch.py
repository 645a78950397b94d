"""Like questions of one moment, asked together. One per request and question; never shared between requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_FORGOTTEN = LookupError("a load left out one of its keys")

LoadAll = Callable[[list[Key]], Awaitable[Mapping[Key, "Value | Exception"]]]


class Batch(Generic[Key, Value]):
    """Gathers the keys asked in one turn of the event loop and loads them in one go. Answers stay for the request.

    A waiter that is cancelled does not take the others with it.
    """

    def __init__(self, load_all: LoadAll[Key, Value]) -> None:
        self._load_all = load_all
        self._answers: dict[Key, asyncio.Future[Value]] = {}
        self._waiting: list[Key] = []
        self._running: set[asyncio.Task[None]] = set()

    async def load(self, key: Key) -> Value:
        """The answer for one key; raises what the load raised or gave for it."""
        return await asyncio.shield(self._asked(key))

    async def load_many(self, keys: Iterable[Key]) -> list[Value | Exception]:
        """The answers for several keys, in their order; what is raised for one stands in its place."""
        answers = [self._asked(key) for key in keys]
        if answers:
            await asyncio.wait(answers)
        outcomes: list[Value | Exception] = [_outcome(answer) for answer in answers]
        return outcomes

    def _asked(self, key: Key) -> asyncio.Future[Value]:
        answer = self._answers.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._answers[key] = loop.create_future()
            if not self._waiting:
                loop.call_soon(self._dispatch)
            self._waiting.append(key)
        return answer

    def _dispatch(self) -> None:
        keys, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._run(keys))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, keys: list[Key]) -> None:
        try:
            found = await self._load_all(keys)
        except Exception as error:
            found = dict.fromkeys(keys, error)
        except BaseException:
            for key in keys:
                self._answers[key].cancel()
            raise
        for key in keys:
            answer, value = self._answers[key], found.get(key, _FORGOTTEN)
            if answer.done():
                continue
            if isinstance(value, Exception):
                answer.set_exception(value)
                answer.exception()  # read here: nobody may be waiting any more
            else:
                answer.set_result(value)


def _outcome(answer: asyncio.Future[Any]) -> Any:
    error = answer.exception()
    if error is None:
        return answer.result()
    if not isinstance(error, Exception):
        raise error
    return error
