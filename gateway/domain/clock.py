"""What time it is, as a port: tests and the sandbox turn their own clock."""

import time
from typing import Protocol

from gateway.domain.instant import Micros


class Clock(Protocol):
    """Wall-clock time in microseconds UTC."""

    def __call__(self) -> Micros: ...


def system() -> Micros:
    """The machine's clock."""
    return time.time_ns() // 1000
