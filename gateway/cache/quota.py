"""A vendor's allowance shared by all replicas: an exact log of slots in the store, waiters in lane and order.

Any window holds at most the limit, whatever happens to the store. While it is away each process has its share of the
limit, its own earlier calls counted in; for a window after the store came back, or came back empty, both bounds hold.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import suppress

from gateway.cache.quota_scripts import ADD, FREE, LEAVE, PUSH, STATE, TAKE
from gateway.cache.store import Store, StoreAway
from gateway.domain.clock import Clock
from gateway.domain.instant import SECOND
from gateway.domain.quota import QuotaState
from gateway.upstream import lanes
from gateway.upstream.quota import Exhausted, QuotaRule, SlotLog

LEASE = 60.0
"""Seconds a call may take at most: the slot of a process that died in a call frees so much later."""

_LONGEST_NAP = 0.5
_SHORTEST_NAP = 0.004


class Ledger(SlotLog):
    """The slots this process used, whoever gave them out, bounded by its share of the limit."""

    def __init__(self, limit: int, hold: float) -> None:
        super().__init__(limit, hold)
        self.hold = hold

    def record(self) -> None:
        """A slot the store gave out."""
        self._running += 1

    def forget(self) -> None:
        """A slot was taken here and not used after all."""
        self._running -= 1
        self._arm()

    def block(self, slots: int) -> None:
        """Slots that others may be using, for all this process knows."""
        self._frees.extend([_now() + self.hold] * max(0, slots))

    @property
    def used(self) -> int:
        self._grant(_now())
        return self._limit - self._free()


class SharedQuota:
    """Implements Quota. `name` tells one credential from every other; `replicas`: how many processes share a limit."""

    def __init__(
        self, rule: QuotaRule, clock: Clock, store: Store, name: str, *, replicas: int, pad: float = 0.05
    ) -> None:
        self._rule = rule
        self._clock = clock
        self._parts = (store, name, max(1, replicas), rule.per_seconds + pad)
        self._endpoints: dict[str, _Endpoint] = {}

    def at_once(self, endpoint: str) -> bool:
        """Never: the store has to be asked."""
        return False

    async def take(self, endpoint: str, patience: float | None) -> None:
        part = self._endpoints.get(endpoint)
        if part is None:
            part = self._endpoints[endpoint] = self._unused(endpoint)
        await part.take(patience)

    def done(self, endpoint: str) -> None:
        self._endpoints[endpoint].done()

    def push(self, endpoint: str, seconds: float) -> None:
        self._endpoints[endpoint].push(seconds)

    async def states(self) -> tuple[QuotaState, ...]:
        return tuple([await self._state(name, part) for name, part in sorted(self._endpoints.items())])

    async def state(self, endpoint: str) -> QuotaState | None:
        return await self._state(endpoint, self._endpoints.get(endpoint) or self._unused(endpoint))

    def _unused(self, endpoint: str) -> _Endpoint:
        return _Endpoint(self._rule.limit, endpoint, *self._parts)

    async def _state(self, name: str, part: _Endpoint) -> QuotaState:
        left, wait = await part.left()
        resets_at = None if wait is None else self._clock() + int(wait * SECOND)
        return QuotaState(name, self._rule.limit, round(self._rule.per_seconds), left, resets_at)


class _Endpoint:
    """Slots of one endpoint."""

    def __init__(self, limit: int, endpoint: str, store: Store, name: str, replicas: int, hold: float) -> None:
        self._limit = limit
        self._store = store
        self._replicas = replicas
        self._hold = hold
        self._ledger = Ledger(max(1, limit // replicas), hold)
        self._tag = f"gw:quota:{{{name}:{endpoint}}}"
        self._keys = [f"{self._tag}:{part}" for part in ("log", "queue", "alive", "closed", "born")]
        self._running: deque[str] = deque()
        self._recent: deque[tuple[str, float]] = deque()
        self._both_until = 0.0
        self._alone = False
        self._seen: tuple[float, int] = (-1e9, 0)
        self._asides: set[asyncio.Task[None]] = set()

    async def take(self, patience: float | None) -> None:
        due = None if patience is None else _now() + patience
        if _now() >= self._both_until:
            granted = await self._shared(due)
            if granted is not None and not self._doubtful(granted):
                self._ledger.record()
                self._running.append(granted)
                return
        await self._ledger.take(_left(due))
        try:
            granted = await self._shared(due)
        except BaseException:
            self._ledger.forget()
            raise
        self._running.append(granted or _name())

    def done(self) -> None:
        member = self._running.popleft()
        now = _now()
        self._ledger.done()
        self._recent.append((member, now + self._hold))
        while self._recent[0][1] <= now:
            self._recent.popleft()
        if not self._alone:
            self._aside(FREE, self._keys[:1], [member, self._hold])

    def push(self, seconds: float) -> None:
        self._ledger.push(seconds)
        self._aside(PUSH, self._keys[3:4], [min(seconds, self._hold)])

    async def left(self) -> tuple[int, float | None]:
        """Slots free now over all replicas, and seconds until the next one frees."""
        try:
            used, wait = await self._store.run(STATE, self._keys, [LEASE])
        except StoreAway:
            return self._ledger.left()
        closed = float(wait) if int(used) < 0 else 0.0
        if closed:
            return 0, closed
        return max(0, self._limit - int(used)), float(wait) if int(used) else None

    async def _shared(self, due: float | None) -> str | None:
        """Waits in the store's queue for a slot, and returns its name; None where the store is away."""
        member = _name()
        try:
            while True:
                left = _left(due)
                patience = -1.0 if left is None else left
                asked = (member, int(lanes.current()), self._limit, self._hold, LEASE, patience)
                told, used, wait, age = await self._store.run(TAKE, self._keys, asked)
                await self._met(int(used), float(age))
                if int(told) == 1:
                    return member
                if int(told) == -1:
                    break
                await asyncio.sleep(min(_LONGEST_NAP, max(_SHORTEST_NAP, float(wait))))
        except StoreAway:
            self._went_alone()
            return None
        except BaseException:
            self._aside(LEAVE, self._keys[:3], [member])  # the slot goes back, should it have been given meanwhile
            raise
        raise Exhausted(float(wait))

    def _doubtful(self, member: str) -> bool:
        """Whether the store gave a slot without knowing all; it is given back then, and asked for under both bounds."""
        if _now() >= self._both_until:
            return False
        self._aside(LEAVE, self._keys[:3], [member])
        return True

    async def _met(self, used: int, age: float) -> None:
        """The store answered: notes what it knows, and tells it what it missed or forgot. `age`: of its memory."""
        now = _now()
        until = now + self._hold + self._store.returns - (0.0 if self._alone else age)
        forgot = until > max(now, self._both_until + 0.1 * self._hold)
        if forgot and not self._alone:
            self._block()
        self._seen = (now, used)
        if not (self._alone or forgot):
            return
        self._both_until = max(self._both_until, until)
        self._alone = False
        own = [(member, until - now) for member, until in self._recent if until > now]
        own += [(member, self._hold + LEASE) for member in self._running]
        if own:
            await self._store.run(ADD, self._keys[:1], [part for pair in own for part in pair])

    def _went_alone(self) -> None:
        """From here on the share counts."""
        if not self._alone:
            self._alone = True
            self._block()

    def _block(self) -> None:
        """Takes from the share, for one window, what others may be using: what they had used when the store was last
        heard, and as much again.
        """
        at, used = self._seen
        if self._replicas > 1 and _now() < at + self._hold:
            others = max(0, used - self._ledger.used)
            spare = max(0, self._limit - used - others) // self._replicas
            self._ledger.block(max(1, self._limit // self._replicas) - self._ledger.used - spare)

    def _aside(self, script: str, keys: list[str], arguments: list[str | float]) -> None:
        async def tell() -> None:
            with suppress(StoreAway):
                await self._store.run(script, keys, arguments)

        task = asyncio.ensure_future(tell())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _name() -> str:
    return secrets.token_hex(8)


def _left(due: float | None) -> float | None:
    return None if due is None else max(0.0, due - _now())


def _now() -> float:
    return asyncio.get_running_loop().time()
