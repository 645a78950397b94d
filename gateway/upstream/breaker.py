"""Leaves a failing vendor alone for a moment, then lets one call through to see. One breaker per vendor credential.

A refusal (401, 404 …) never opens it: a vendor that refuses is alive.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from gateway.domain.errors import Malformed, Throttled, TimedOut, Unavailable, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.upstream.exchange import Answer
from gateway.upstream.refusals import CircuitOpen, NeverSent, OutOfQuota, Unreached
from gateway.upstream.stage import Call, Onward


class BreakerRule(msgspec.Struct, frozen=True):
    """Opens for `open_seconds` after `failures` that are at least `share` of the calls of the last `window` seconds.

    Gentle: one question that fans out to many calls must not close the door on the next one.
    """

    failures: int = 30
    share: float = 0.5
    window: float = 20.0
    open_seconds: float = 3.0


class Breaker:
    """Counts attempts, each retry included."""

    def __init__(self, vendor: VendorKey, rule: BreakerRule) -> None:
        self._vendor = vendor
        self._rule = rule
        self._calls: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False
        self._throttled = False

    @property
    def open(self) -> bool:
        """Whether calls are refused now; still so while the one probe is out."""
        return self._open_until is not None and (self._probing or self._open_until > _now())

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        probe = self._enter()
        try:
            answer = await onward(call)
        except UpstreamError as error:
            if not isinstance(error, NeverSent) or isinstance(error, Unreached):
                self._met(error, probe=probe)
            raise
        else:
            self._met(None, probe=probe)
            return answer
        finally:
            if probe:
                self._probing = False

    def _enter(self) -> bool:
        """Whether this call is the probe. Raises while the breaker is open."""
        if self._open_until is None:
            return False
        if self.open:
            wait = max(self._open_until - _now(), 0.1)
            if self._throttled:
                raise OutOfQuota(self._vendor, "The vendor asked to be left alone for a while.", retry_after=wait)
            raise CircuitOpen(
                self._vendor, "The vendor failed repeatedly and is not asked for a moment.", retry_after=wait
            )
        self._probing = True
        return True

    def _met(self, error: UpstreamError | None, *, probe: bool) -> None:
        failed = isinstance(error, Unavailable | TimedOut | Malformed | Throttled)
        if probe:
            self._calls.clear()
            self._failures = 0
            self._open_until = _now() + self._rule.open_seconds if failed else None
        elif self._open_until is None:
            self._count(failed)
            if failed and self._tripped():
                self._open_until = _now() + self._rule.open_seconds
        if failed:
            self._throttled = isinstance(error, Throttled)

    def _count(self, failed: bool) -> None:
        now = _now()
        self._calls.append((now, failed))
        self._failures += failed
        while self._calls[0][0] <= now - self._rule.window:
            self._failures -= self._calls.popleft()[1]

    def _tripped(self) -> bool:
        return self._failures >= self._rule.failures and self._failures >= self._rule.share * len(self._calls)


def _now() -> float:
    return asyncio.get_running_loop().time()
