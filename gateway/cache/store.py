"""The shared level: Redis, Valkey or a cluster of them, through aiocache. The only file that knows either.

Every entry has an expiry. A store that is down, hanging or full raises `StoreAway` within a moment, and is then left
alone for a while: nobody waits for it twice. Nothing that comes from here is trusted before it has been decoded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import structlog
from aiocache import RedisCache
from aiocache.serializers import NullSerializer
from redis._parsers import AsyncCommandsParser
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

T = TypeVar("T")
log = structlog.get_logger("gateway.cache")

PATIENCE = 0.4
"""Seconds one exchange with the store may take."""

INTRODUCTION = 2.0
"""Seconds the very first exchange may take, for meeting the store takes several."""

CONNECTIONS = 16
"""Connections a process opens at most, to each node of a cluster."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


# redis-py lets bare errors through where a connection ends in the middle of an answer; a cluster's are no RedisErrors
_FAULTS = (
    RedisError,
    RedisClusterException,
    OSError,
    TimeoutError,
    ValueError,
    RuntimeError,
    AttributeError,
    IndexError,
    KeyError,
)


class StoreAway(Exception):
    """The store cannot be used at the moment."""


class _Cache(RedisCache):  # type: ignore[misc]  # aiocache is untyped
    """aiocache over a ready client: it cannot make one for TLS or clusters, and calls what redis-py has deprecated."""

    def __init__(self, client: Any) -> None:
        super().__init__(serializer=NullSerializer(encoding=None), namespace=None, timeout=None)
        self.client = client

    async def _set(self, key: str, value: bytes, ttl: float | None = None, **_: object) -> object:
        assert ttl is not None, "every entry has an expiry"
        return await self.client.set(key, value, px=max(1, int(ttl * 1000)))

    async def _multi_get(self, keys: Sequence[str], **_: object) -> list[bytes | None]:
        read = self.client.mget_nonatomic if isinstance(self.client, RedisCluster) else self.client.mget
        return list(await read(keys))

    async def _close(self, **_: object) -> None:
        await self.client.aclose()
        if isinstance(self.client, RedisCluster):  # which leaves everything open where its last exchange failed
            await self.client.nodes_manager.aclose()
            await self.client.nodes_manager.aclose("startup_nodes")


class _OurCommands(AsyncCommandsParser):
    """Knows that our commands name their key first (EVAL's are redis-py's own knowledge).

    The parser in its place asks a node for every command there is, at each new introduction: a third of a second of
    work, longer than an exchange may take, so that a cluster would never be reached.
    """

    async def initialize(self, node: object = None) -> None:
        return

    async def get_keys(self, *args: Any) -> tuple[Any, ...] | None:
        return args[1:2] or None


class Store:
    """Bytes by key. Safe for any number of callers. Raises StoreAway and nothing else.

    `returns`: seconds after which whoever keeps asking has noticed that it is back.
    """

    def __init__(self, url: str, patience: float = PATIENCE, longest_pause: float = _LONGEST_PAUSE) -> None:
        self._patience = patience
        self._longest_pause = longest_pause
        self.returns = longest_pause + 2 * patience
        self._cache = _Cache(_client(url, patience))
        self._introduction = INTRODUCTION  # a cluster's tells where every slot is
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._away_until = 0.0
        self._pause = _FIRST_PAUSE

    @property
    def away(self) -> bool:
        """Whether it is being left alone."""
        return _now() < self._away_until

    async def get(self, key: str) -> bytes | None:
        return _raw(await self._ask(lambda: self._cache.get(key)))

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        return [_raw(value) for value in await self._ask(lambda: self._cache.multi_get(list(keys)))]

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        await self._ask(lambda: self._cache.set(key, value, ttl=float(seconds)))

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self._ask(lambda key=key: self._cache.delete(key))  # type: ignore[misc]  # bound at once

    async def lock(self, key: str, token: str, seconds: float) -> bool:
        """Whether the lock is now ours; it ends by itself after `seconds`."""
        return bool(await self._ask(lambda: self._cache.raw("set", key, token, nx=True, px=int(seconds * 1000))))

    async def renew(self, key: str, token: str, seconds: float) -> None:
        await self.run(_RENEW, [key], [token, int(seconds * 1000)])

    async def release(self, key: str, token: str) -> None:
        """Only where it is still ours."""
        await self.run(_RELEASE, [key], [token])

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[str | int | float | bytes]) -> Any:
        """A script on the server. In a cluster its keys must share a hash tag."""
        return await self._ask(lambda: self._cache.raw("eval", script, len(keys), *keys, *arguments))

    async def keys(self, pattern: str) -> list[str]:
        """Every key that matches, found in small steps so that the server is never held up."""

        async def scan() -> list[str]:
            return [_text(key) async for key in self._cache.client.scan_iter(match=pattern, count=1000)]

        return list(await self._ask(scan, patience=60.0))

    async def close(self) -> None:
        try:
            await self._cache.close()
        except (RedisError, RedisClusterException, OSError):
            log.debug("the store did not say goodbye")

    async def _ask(self, question: Callable[[], Awaitable[T]], patience: float | None = None) -> T:
        if self.away:
            raise StoreAway
        wait = max(patience or self._patience, self._introduction)
        try:
            # a cluster's client has no queue of its own: without places it opens a connection for each who asks
            async with _Patience(wait), self._places:
                try:
                    answer = await question()
                except AttributeError:  # redis-py closed, for another, the connection this had just been given
                    answer = await question()
        except _FAULTS as error:
            self._introduction = 0.0
            self._left_alone(error)
            raise StoreAway from None
        self._introduction = 0.0
        self._pause = _FIRST_PAUSE
        return answer

    def _left_alone(self, error: Exception) -> None:
        if not self.away:
            log.warning("the shared cache is away", kind=type(error).__name__, seconds=self._pause)
        self._away_until = _now() + self._pause
        self._pause = min(self._longest_pause, self._pause * 2)


class _Patience:
    """Raises TimeoutError after so many seconds in which the answer could have been heard.

    Time in which other work held up the event loop is no silence of the store's: each of a few turns must have come
    round, so that an answer that has arrived meanwhile is read first.
    """

    _TURNS = 4

    def __init__(self, seconds: float) -> None:
        self._each = seconds / self._TURNS
        self._left = self._TURNS
        self._bound = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._bound.__aenter__()
        self._wait()

    async def __aexit__(self, *raised: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._bound.__aexit__(*raised)  # which raises TimeoutError where it was this that ended it

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._each, self._turned)

    def _turned(self) -> None:
        self._left -= 1
        if self._left > 0:
            self._wait()
        else:
            self._bound.reschedule(_now())


class OnlyRead(Store):
    """Another store to look into: whatever would be put there is forgotten, and every lock is free."""

    def __init__(self, store: Store) -> None:
        self.__dict__.update(store.__dict__)

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        return

    async def delete(self, keys: Sequence[str]) -> None:
        return

    async def lock(self, key: str, token: str, seconds: float) -> bool:
        return True

    async def renew(self, key: str, token: str, seconds: float) -> None:
        return

    async def release(self, key: str, token: str) -> None:
        return

    async def close(self) -> None:
        """The connections are the other's."""


def _client(url: str, patience: float) -> Any:
    wire = 2.5 * patience  # an exchange is ended by the Store; this is for what it has lost sight of
    options: dict[str, Any] = {
        "socket_timeout": wire,
        "socket_connect_timeout": wire,
        "decode_responses": False,
        # an introduction costs each new connection round trips that are worth nothing
        "driver_info": None,
        "protocol": 2,
    }
    if url.startswith(("redis-cluster://", "rediss-cluster://")):
        cluster = RedisCluster.from_url(url.replace("-cluster", "", 1), **options)
        cluster.commands_parser = _OurCommands()
        return cluster
    pool = BlockingConnectionPool.from_url(
        url, max_connections=CONNECTIONS, timeout=wire, retry=Retry(NoBackoff(), 0), **options
    )
    return Redis.from_pool(pool)


def _raw(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _text(key: str | bytes) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else key


def _now() -> float:
    return asyncio.get_running_loop().time()
