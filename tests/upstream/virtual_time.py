"""An event loop whose clock jumps to the next appointment: hours of waiting cost a test nothing. No sockets in here."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterable
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at 1000 s."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._virtual = loop

    def select(self, timeout: float | None = None) -> Any:
        ready: Iterable[Any] = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self._virtual.now += timeout
        return ready


VIRTUAL = ("asyncio", {"loop_factory": VirtualLoop})


def now() -> float:
    """Seconds of the running loop's clock."""
    return asyncio.get_running_loop().time()
