"""Work begun at once, and waited for only where it does not end at once.

What most requests wait for is there already: their body, and the answer of an operation that asks nobody. A timer for
each of those waits would cost more than the work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

from gateway.http.reply import Message, Receive

T = TypeVar("T")


class Begun(Awaitable[T], Generic[T]):
    """An awaitable run up to its first wait. `over`: it ended there, with `result`. Raises what it raises there."""

    def __init__(self, awaitable: Awaitable[T]) -> None:
        self._rest = awaitable.__await__()
        self.over = False
        self.result: T
        try:
            self._waits_for = next(self._rest)
        except StopIteration as ended:
            self.over, self.result = True, ended.value

    def __await__(self) -> Generator[Any, Any, T]:
        if self.over:
            return self.result
        waits_for = self._waits_for
        while True:
            try:
                yield waits_for
            except BaseException as thrown:  # what it waited for failed, or the task is cancelled: it must hear of it
                try:
                    waits_for = self._rest.throw(thrown)
                except StopIteration as ended:
                    result: T = ended.value
                    return result
            else:
                return (yield from self._rest)


def begun(receive: Receive) -> tuple[bytes | None, Receive]:
    """The body where the whole of it is there already, and a `receive` that gives what was taken again."""
    first = Begun(receive())
    if first.over:
        whole = first.result
        if whole["type"] == "http.request" and not whole.get("more_body", False):
            return whole.get("body", b""), _again(first, receive)
    return None, _again(first, receive)


def _again(first: Begun[Message], receive: Receive) -> Receive:
    left = [first]

    def replayed() -> Awaitable[Message]:
        return left.pop() if left else receive()

    return replayed
