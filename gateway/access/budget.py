"""How often one caller may ask: an exact count over any 60 seconds (rules.md 40).

Refused requests cost nothing, so the wait that is told is true. Callers are known by their label, never by a name.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

WINDOW = 60 * 1_000_000_000
"""Nanoseconds over which requests are counted."""
_SECOND = 1_000_000_000


class Allowance(msgspec.Struct, frozen=True):
    """Whether this request may run. `retry_after` and `resets_in` are whole seconds, rounded up.

    `retry_after` is 0 where allowed; after it one more request is allowed. `resets_in`: until the whole limit is free.
    """

    allowed: bool
    limit: int
    remaining: int
    retry_after: int
    resets_in: int

    @property
    def headers(self) -> dict[str, str]:
        """The standard fields of the answer: RateLimit as drafted today, and as older clients read it."""
        fields = {
            "RateLimit-Policy": f'"caller";q={self.limit};w=60',
            "RateLimit": f'"caller";r={self.remaining};t={self.resets_in}',
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.resets_in),
        }
        return fields if self.allowed else {**fields, "Retry-After": str(self.retry_after)}


class Budget(Protocol):
    """Counts requests per caller. Replicas share one (rules.md 40); alone, a process counts for itself."""

    async def spend(self, caller: str, limit: int) -> Allowance:
        """Counts one request of `caller` (a principal's label) against `limit` requests a minute."""
        ...


class LocalBudget:
    """The log of this process: exact, and as long as the limits of the callers of the last minute.

    `monotonic` is in nanoseconds.
    """

    def __init__(self, *, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic = monotonic
        self._logs: dict[str, deque[int]] = {}
        self._next_sweep = monotonic() + WINDOW

    async def spend(self, caller: str, limit: int) -> Allowance:
        now = self._monotonic()
        self._sweep(now)
        log = self._logs.setdefault(caller, deque())
        _forget(log, now)
        allowed = len(log) < limit
        if allowed:
            log.append(now)
        return Allowance(
            allowed=allowed,
            limit=limit,
            remaining=max(limit - len(log), 0),
            # A limit lowered meanwhile: as many must go as are over it.
            retry_after=0 if allowed else _seconds_until(log[len(log) - limit], now),
            resets_in=_seconds_until(log[-1], now),
        )

    def _sweep(self, now: int) -> None:
        """Once a minute, so that callers who left cost no memory."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + WINDOW
        for caller, log in list(self._logs.items()):
            _forget(log, now)
            if not log:
                del self._logs[caller]


def _forget(log: deque[int], now: int) -> None:
    while log and log[0] <= now - WINDOW:
        log.popleft()


def _seconds_until(counted: int, now: int) -> int:
    """Whole seconds, rounded up, until a request counted at `counted` is no longer counted."""
    return -((now - WINDOW - counted) // _SECOND)
