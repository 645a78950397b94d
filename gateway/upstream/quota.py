"""A vendor's allowance, obeyed before it is enforced: any `per_seconds` hold at most `limit` calls (rules.md 29).

Never a call more, never a wait that cannot end in time, never a call spaced out for its own sake: the full burst is
allowed. A slot is held while its call runs and for `per_seconds` after it ended: the vendor counted the call at some
moment in between, so the bound holds however slow the way there was.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from itertools import count
from typing import Protocol

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.errors import Throttled
from gateway.domain.instant import SECOND
from gateway.domain.quota import QuotaState
from gateway.domain.vendor import VendorKey
from gateway.telemetry import course
from gateway.upstream import deadline, lanes
from gateway.upstream.calls import waiting
from gateway.upstream.exchange import Answer
from gateway.upstream.refusals import OutOfQuota
from gateway.upstream.stage import Call, Onward


class QuotaRule(msgspec.Struct, frozen=True):
    """At most `limit` calls in any `per_seconds`, for each endpoint on its own."""

    limit: int
    per_seconds: float = 60.0


class Exhausted(Exception):
    """No slot frees in time. `wait` is in seconds, from now."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


class Quota(Protocol):
    """Slots per endpoint of one credential; in memory here, shared by replicas elsewhere."""

    def at_once(self, endpoint: str) -> bool:
        """Takes a slot where one is free and nobody waits for it; False where it must be waited for or asked for."""
        ...

    async def take(self, endpoint: str, patience: float | None) -> None:
        """Returns when a call may be made. Raises Exhausted at once where that takes longer than `patience` seconds."""
        ...

    def done(self, endpoint: str) -> None:
        """The call that took a slot has ended, however it ended."""
        ...

    def push(self, endpoint: str, seconds: float) -> None:
        """The vendor said 429: nothing is asked for `seconds`, one window at most."""
        ...

    async def states(self) -> tuple[QuotaState, ...]:
        """What is left, per endpoint asked so far."""
        ...

    async def state(self, endpoint: str) -> QuotaState | None:
        """What is left of one endpoint, asked or not; None where nothing bounds it."""
        ...


class Unlimited:
    """The quota of a vendor without a rule."""

    def at_once(self, endpoint: str) -> bool:
        return True

    async def take(self, endpoint: str, patience: float | None) -> None:
        return

    def done(self, endpoint: str) -> None:
        return

    def push(self, endpoint: str, seconds: float) -> None:
        return

    async def states(self) -> tuple[QuotaState, ...]:
        return ()

    async def state(self, endpoint: str) -> QuotaState | None:
        return None


class MemoryQuota:
    """Quota of one process. `pad`: seconds added to each window for clocks that tick differently."""

    def __init__(self, rule: QuotaRule, clock: Clock, pad: float = 0.05) -> None:
        self._rule = rule
        self._clock = clock
        self._pad = pad
        self._logs: dict[str, SlotLog] = {}

    def at_once(self, endpoint: str) -> bool:
        return self._log(endpoint).at_once()

    async def take(self, endpoint: str, patience: float | None) -> None:
        await self._log(endpoint).take(patience)

    def done(self, endpoint: str) -> None:
        self._logs[endpoint].done()

    def push(self, endpoint: str, seconds: float) -> None:
        self._logs[endpoint].push(seconds)

    async def states(self) -> tuple[QuotaState, ...]:
        return tuple(self._state(name, log) for name, log in sorted(self._logs.items()))

    async def state(self, endpoint: str) -> QuotaState | None:
        return self._state(endpoint, self._logs.get(endpoint) or self._unused())

    def _log(self, endpoint: str) -> SlotLog:
        log = self._logs.get(endpoint)
        if log is None:
            log = self._logs[endpoint] = self._unused()
        return log

    def _unused(self) -> SlotLog:
        return SlotLog(self._rule.limit, self._rule.per_seconds + self._pad)

    def _state(self, name: str, log: SlotLog) -> QuotaState:
        left, wait = log.left()
        resets_at = None if wait is None else self._clock() + int(wait * SECOND)
        return QuotaState(name, self._rule.limit, round(self._rule.per_seconds), left, resets_at)


class SlotLog:
    """Slots of one endpoint, and who waits for them: by lane, then in order of arrival."""

    def __init__(self, limit: int, hold: float) -> None:
        self._limit = limit
        self._hold = hold
        self._running = 0
        self._frees: deque[float] = deque()
        self._closed_until = 0.0
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._timer: asyncio.TimerHandle | None = None

    def at_once(self) -> bool:
        """Takes a slot, where nobody is passed over by that."""
        now = _now()
        self._grant(now)
        if self._waiters or self._free() <= 0 or self._closed_until > now:
            return False
        self._running += 1
        return True

    async def take(self, patience: float | None) -> None:
        if self.at_once():
            return
        lane = lanes.current()
        wait = self._wait(sum(1 for other, _, _ in self._waiters if other <= lane))
        if patience is not None and wait > patience:
            raise Exhausted(wait)
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (lane, next(self._arrivals), waiter))
        self._arm()
        try:
            async with asyncio.timeout(patience):
                await waiter
        except BaseException as stopped:
            self._withdraw(waiter)
            if isinstance(stopped, TimeoutError):
                raise Exhausted(self._wait(0)) from None
            raise

    def done(self) -> None:
        now = _now()
        self._running -= 1
        self._frees.append(now + self._hold)
        if self._waiters:
            self._arm()
        else:
            self._grant(now)  # what is past goes even where nobody asks for a slot here: a store gives them out

    def push(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, _now() + min(seconds, self._hold))
        self._arm()

    def left(self) -> tuple[int, float | None]:
        """Slots free now, and seconds until the next one frees; None while all are free."""
        self._grant(_now())
        shut = self._closed_until - _now()
        if shut > 0:
            return 0, shut
        if self._free() == self._limit:
            return self._limit, None
        return max(0, self._free()), self._frees[0] - _now() if self._frees else self._hold

    def _free(self) -> int:
        return self._limit - self._running - len(self._frees)

    def _wait(self, ahead: int) -> float:
        """Seconds at the least until a slot for one who has `ahead` others before them."""
        now, later = _now(), ahead - self._free()
        if later < 0:
            opens = now
        elif later < len(self._frees):
            opens = self._frees[later]
        else:
            opens = now + self._hold * (1 + (later - len(self._frees)) // self._limit)
        return max(opens, self._closed_until) - now

    def _grant(self, now: float) -> None:
        """Gives out what has become free."""
        while self._frees and self._frees[0] <= now:
            self._frees.popleft()
        while self._waiters and self._free() > 0 and self._closed_until <= now:
            waiter = heapq.heappop(self._waiters)[2]
            if not waiter.done():
                waiter.set_result(None)
                self._running += 1

    def _withdraw(self, waiter: asyncio.Future[None]) -> None:
        """A waiter left: its place goes to the others, and its slot too where it had just been given one."""
        if waiter.done() and not waiter.cancelled():
            self._running -= 1
        self._waiters = [entry for entry in self._waiters if entry[2] is not waiter]
        heapq.heapify(self._waiters)
        self._arm()

    def _arm(self) -> None:
        """Wakes up when the next waiter can be served."""
        self._grant(_now())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiters and (self._frees or self._free() > 0):
            opens = self._closed_until if self._free() > 0 else max(self._frees[0], self._closed_until)
            self._timer = asyncio.get_running_loop().call_at(opens, self._arm)


class Allowance:
    """Stage: one slot per attempt, so each retry takes its own."""

    def __init__(self, vendor: VendorKey, quota: Quota) -> None:
        self._vendor = vendor
        self._quota = quota

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        endpoint = call.ask.endpoint
        if not self._quota.at_once(endpoint):
            await self._wait(endpoint)
        try:
            return await onward(call)
        except Throttled as error:
            if error.retry_after is not None:
                self._quota.push(endpoint, error.retry_after)
            raise
        finally:
            self._quota.done(endpoint)

    async def _wait(self, endpoint: str) -> None:
        began = _now()
        try:
            with waiting():
                await self._quota.take(endpoint, deadline.remaining())
        except Exhausted as exhausted:
            raise OutOfQuota(
                self._vendor, "The vendor's limit leaves no call in time.", retry_after=exhausted.wait
            ) from None
        course.waited(_now() - began)


def _now() -> float:
    return asyncio.get_running_loop().time()
