"""The two levels of one vendor credential, its flights, and the lock by which replicas ask once.

Keys tell vendor, resource and day; what a caller asked for stands in them as a keyed hash only. A store that is away
makes this slower, never wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from gateway.cache import freshness
from gateway.cache.envelope import Codec
from gateway.cache.flights import Flights
from gateway.cache.local import Local
from gateway.cache.report import Report
from gateway.cache.store import Store, StoreAway
from gateway.domain import errors
from gateway.domain.clock import Clock
from gateway.domain.errors import UpstreamError
from gateway.domain.instant import SECOND, Micros
from gateway.domain.vendor import VendorKey

T = TypeVar("T")

LEASE = 4.0
"""Seconds a lock outlives a holder that died (rules.md 46)."""

_POLL = (0.02, 0.2)
_FAILURES: dict[str, type[UpstreamError]] = {
    kind.code: kind for kind in (errors.Throttled, errors.Unavailable, errors.TimedOut, errors.Malformed)
}


class Failure(msgspec.Struct, array_like=True):
    """How a read failed, for the replicas that waited for it."""

    code: str
    message: str
    retry_after: float | None
    status: int | None
    vendor_code: str | None


_FAILURE: Codec[Failure] = Codec(Failure)


class Shelf:
    """`mark` tells one credential, crosswalk and pseudonym key from every other (rules.md 45).

    `keeps`: False where nothing may outlive the requests in flight. `hasher` is the key of the hashes in keys.
    `answered`: by resource, the codes the vendor is known to know. `report`: where a rehearsal notes what is held.
    """

    def __init__(
        self,
        vendor: VendorKey,
        *,
        mark: str,
        hasher: bytes,
        local: Local,
        store: Store | None,
        clock: Clock,
        keeps: bool = True,
    ) -> None:
        self.vendor = vendor
        self.clock = clock
        self.keeps = keeps
        self.local = local
        self.counters = local.counters
        self.flights = Flights(vendor)
        self._store = store
        self._prefix = f"gw:{mark}:{vendor.value}"
        self._hasher = hasher
        self.answered: defaultdict[str, set[str]] = defaultdict(set)
        self.report: Report | None = None
        self._purged: str | None = None
        self._looked = -1e9

    def learn(self, other: Shelf) -> None:
        """Knows from now on what `other` has learned, which never hears of anything learned here."""
        self._purged = other._purged
        self.answered = defaultdict(set, {name: set(codes) for name, codes in other.answered.items()})

    def key(self, resource: str, *parts: str) -> str:
        """Parts are plain: use `hashed` for whatever a caller or a vendor said."""
        return ":".join((self._prefix, resource, *parts))

    def hashed(self, value: object) -> str:
        """A keyed hash of anything msgspec can write; equal values, equal hashes, on every replica."""
        raw = msgspec.msgpack.encode(value, order="sorted")
        return hashlib.blake2b(raw, key=self._hasher, digest_size=16).hexdigest()

    @property
    def purged(self) -> str:
        """Which purge of the shared level this process knows of."""
        return self._purged or ""

    @property
    def shared(self) -> bool:
        """Whether there is a second level that answers."""
        return self._store is not None and not self._store.away

    async def heed(self) -> None:
        """Forgets what this process holds where another one purged. Looked up once a second at most."""
        now = asyncio.get_running_loop().time()
        if self._store is None or now < self._looked + 1.0:
            return
        self._looked = now
        told = await self.token(self.key("purged"))
        if told is not None and self._purged is not None and told != self._purged:
            for key in self.local.keys():  # noqa: SIM118  # not a mapping
                if key.startswith(self.key("")):
                    self.local.drop(key)
        self._purged = self._purged if told is None else told

    async def load(self, keys: Sequence[str], codec: Codec[T]) -> Sequence[T | None]:
        """Values of the shared level."""
        if self._store is None or not keys:
            return [None] * len(keys)
        try:
            raws = await self._store.get_many(keys)
        except StoreAway:
            return [None] * len(keys)
        return [codec.decode(raw, key) for key, raw in zip(keys, raws, strict=True)]

    async def save(self, key: str, value: T, codec: Codec[T], seconds: float) -> None:
        """To the shared level, for `seconds`."""
        if self._store is not None and seconds > 0:
            with suppress(StoreAway):
                await self._store.set(key, codec.encode(value, key), seconds)

    async def token(self, key: str) -> str | None:
        """A text of the shared level: "" where there is none, None where the store cannot tell."""
        if self._store is None:
            return ""
        try:
            raw = await self._store.get(key)
        except StoreAway:
            return None
        return "" if raw is None else raw.decode("ascii", errors="replace")

    async def ensured(self, key: str, seconds: float) -> str | None:
        """As `token`, but there is always one: a store that lost it must not look like one that never had it."""
        told = await self.token(key)
        if told == "" and self._store is not None:
            try:
                await self._store.lock(key, secrets.token_hex(8), seconds)
            except StoreAway:
                return None
            told = await self.token(key)
        return told

    async def stamp(self, key: str, seconds: float) -> bool:
        """Puts a new text under `key`; False where the store could not take it."""
        if self._store is None:
            return True
        try:
            await self._store.set(key, secrets.token_hex(8).encode(), seconds)
        except StoreAway:
            return False
        return True

    async def once(self, key: str, look: Callable[[], Awaitable[T | None]], fly: Callable[[], Awaitable[T]]) -> T:
        """What `fly` brings, flown by one caller over all replicas.

        `look` reads what another replica has put into the shared level meanwhile; None where it is not there.
        """

        async def flight() -> T:
            if self._store is None or not self.keeps:
                return await fly()
            return await self._led(self._store, f"{self._prefix}:lock:{self.hashed(key)}", look, fly)

        return await self.flights.join(key, flight)

    async def _led(
        self,
        store: Store,
        lock: str,
        look: Callable[[], Awaitable[T | None]],
        fly: Callable[[], Awaitable[T]],
    ) -> T:
        token, pause, waited = secrets.token_hex(8), _POLL[0], False
        try:
            while not await store.lock(lock, token, LEASE):
                waited = True
                await asyncio.sleep(pause)
                pause = min(_POLL[1], pause * 1.5)
            if waited:
                self._tell(_FAILURE.decode(await store.get(f"{lock}:failed"), lock))
        except StoreAway:
            return await fly()
        except UpstreamError:
            await self._released(store, lock, token)
            raise
        # even the first may come right after another replica was done
        found = await look()
        if found is not None:
            freshness.joined(self.vendor)
        keeper = asyncio.create_task(self._kept(store, lock, token))
        try:
            return await fly() if found is None else found
        except UpstreamError as error:
            await self._note_failure(store, lock, error)
            raise
        finally:
            keeper.cancel()
            await self._released(store, lock, token)

    async def _kept(self, store: Store, lock: str, token: str) -> None:
        """Renews the lock while its holder lives."""
        while True:
            await asyncio.sleep(LEASE / 3)
            with suppress(StoreAway):
                await store.renew(lock, token, LEASE)

    async def _released(self, store: Store, lock: str, token: str) -> None:
        with suppress(StoreAway):
            await store.release(lock, token)

    async def _note_failure(self, store: Store, lock: str, error: UpstreamError) -> None:
        moment = 0.5 if error.retry_after is None else min(0.5, error.retry_after)
        if error.code in _FAILURES and moment > 0:
            failure = Failure(error.code, error.message, error.retry_after, error.status, error.vendor_code)
            with suppress(StoreAway):
                await store.set(f"{lock}:failed", _FAILURE.encode(failure, lock), moment)

    def _tell(self, failure: Failure | None) -> None:
        kind = _FAILURES.get(failure.code) if failure else None
        if failure and kind:
            raise kind(
                self.vendor,
                failure.message,
                retry_after=failure.retry_after,
                status=failure.status,
                vendor_code=failure.vendor_code,
            )


def seconds_until(moment: Micros, now: Micros) -> float:
    return (moment - now) / SECOND


def weight(value: Any) -> int:
    """Bytes a value takes in memory, roughly: four times its msgpack."""
    return 200 + 4 * len(msgspec.msgpack.encode(value))
