"""Cuts off what takes too long. One timer for all that run: one for each would cost more than starting it does."""

from __future__ import annotations

import asyncio
from typing import Any

LOOKS_EVERY = 0.1
"""Seconds: so much later than it should somebody may be cut off."""


class Overdue:
    """Of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._until: dict[asyncio.Task[Any], float] = {}
        self._cut: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> asyncio.Task[Any]:
        """The task at hand has so long, until `end`. It is cancelled where it takes longer."""
        task = asyncio.current_task(self.loop)
        assert task is not None, "only a task can be cut off"
        self._until[task] = self.loop.time() + seconds
        if self._timer is None:
            self._timer = self.loop.call_later(LOOKS_EVERY, self._look)
        return task

    def end(self, task: asyncio.Task[Any]) -> bool:
        """Whether it was cut off here, and nobody else wants it cancelled."""
        self._until.pop(task, None)
        if task not in self._cut:
            return False
        self._cut.remove(task)
        return task.uncancel() == 0

    def _look(self) -> None:
        now = self.loop.time()
        for task, until in list(self._until.items()):
            if until <= now:
                del self._until[task]
                self._cut.add(task)
                task.cancel()
        self._timer = self.loop.call_later(LOOKS_EVERY, self._look) if self._until else None


_at_hand: Overdue | None = None


def overdue() -> Overdue:
    """Of the running loop."""
    global _at_hand  # a process has one loop; tests have many, one after another
    loop = asyncio.get_running_loop()
    if _at_hand is None or _at_hand.loop is not loop:
        _at_hand = Overdue(loop)
    return _at_hand
