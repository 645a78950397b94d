"""Finished answers, kept while their parts are fresh, and answers under way, shared by callers of equal rights.

In front of everything that knows GraphQL. An answer never reaches a caller of other rights, never outlives a write or
its freshest part, and with an error, a missing vendor or a raw identifier in it is never kept (rules.md 34).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from time import monotonic
from typing import Any

import msgspec
import orjson

from gateway.access.principal import Principal
from gateway.access.scopes import Scope
from gateway.execution.errors import Incident
from gateway.execution.operation import GraphQLRequest, Phase
from gateway.execution.pricing import Estimate
from gateway.http.lifecycle import Graph
from gateway.http.reply import NO_STORE, Headers

LARGEST = 16
"""An answer of more than this part of the memory is not kept."""
OVERHEAD = 1_000
NO_CACHE = "no-cache"


Key = tuple[bytes, str, str, bool, bytes]
"""What was asked, by whom in kind, as of which write: everything an answer hangs on."""


class Made(msgspec.Struct):
    """One finished answer. `seconds`: how long it may be kept from `made_at` (monotonic) on; None: not at all.

    `age`: seconds its oldest part had when it was made. `line` is what the log says of the run, `estimate` its price.
    """

    phase: Phase
    body: bytes
    line: dict[str, Any]
    incidents: list[Incident]
    seconds: int | None
    age: int
    made_at: float = msgspec.field(default_factory=monotonic)
    broken: bool = False
    timeless: bool = False
    estimate: Estimate | None = None
    tag: str = ""
    told: tuple[int, str, Headers] | None = None
    head: tuple[int, str, bytes] | None = None

    def tagged(self) -> str:
        """A strong validator of the body, made when it is first needed."""
        if not self.tag:
            self.tag = hashlib.blake2b(self.body, digest_size=8).hexdigest()
        return self.tag


class Answers:
    """`mode` is GATEWAY_CACHE; `most_bytes` bounds what is kept. What asks no vendor is kept in every mode."""

    def __init__(self, mode: str, most_bytes: int) -> None:
        self._mode = mode
        self._most = most_bytes
        self._kept: OrderedDict[Key, Made] = OrderedDict()
        self._bytes = 0
        self._flying: dict[Key, asyncio.Task[Made]] = {}

    async def ask(
        self,
        graph: Graph,
        request: GraphQLRequest,
        principal: Principal,
        make: Callable[[], Awaitable[Made]],
        *,
        around: bool = False,
    ) -> tuple[Made, bool]:
        """The answer, and whether it was made for this caller. `around`: what is kept or under way is not good enough.

        Raises nothing that `make` does not raise.
        """
        if self._mode == "off":
            made = await make()
            if made.timeless and (key := await self._key(graph, request, principal)) is not None:
                self._keep(key, made)
            return made, True
        key = await self._key(graph, request, principal)
        if key is None:
            return await make(), True
        if not around:
            kept = self.kept(key)
            if kept is not None:
                return kept, False
            flight = self._flying.get(key)
            if flight is not None:
                return await asyncio.shield(flight), False
        return await self._fly(graph, key, make), True

    def kept(self, key: Key) -> Made | None:
        """What is there and good."""
        made = self._kept.get(key)
        if made is None:
            return None
        if _left(made) <= 0:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return made

    async def shared(self, key: Key) -> Made | None:
        """What is there and good, or will be: an answer that is under way is waited for."""
        made = self.kept(key)
        if made is None and (flight := self._flying.get(key)) is not None:
            made = await asyncio.shield(flight)
        return made

    async def _fly(self, graph: Graph, key: Key, make: Callable[[], Awaitable[Made]]) -> Made:
        """In a task of its own, so that the caller who began it may leave."""
        task = asyncio.ensure_future(make())
        self._flying[key] = task

        def landed(done: asyncio.Task[Made]) -> None:
            if self._flying.get(key) is task:
                del self._flying[key]
            if not done.cancelled() and done.exception() is None:
                self._keep(key, done.result())

        task.add_done_callback(landed)
        return await asyncio.shield(task)

    async def _key(self, graph: Graph, request: GraphQLRequest, principal: Principal) -> Key | None:
        """None for what is asked for one caller only, or may not be shared for want of knowing what was written."""
        if request.shown:
            return None
        signature = await graph.signature(request)
        edition = await graph.edition() if signature is not None else None
        if signature is None or edition is None:
            return None
        variables = variables_of(request)
        return None if variables is None else (signature, principal.rights_key, edition, request.read_only, variables)

    def _keep(self, key: Key, made: Made) -> None:
        size = len(made.body) + OVERHEAD
        keeps = self._mode == "on" or made.timeless
        if not keeps or not made.seconds or made.broken or size > self._most // LARGEST:
            return
        self._drop(key)
        self._kept[key] = made
        self._bytes += size
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone.body) + OVERHEAD


def variables_of(request: GraphQLRequest) -> bytes | None:
    """The same bytes for equal variables; None for what JSON has no place for, such as a file."""
    try:
        return orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS) if request.variables else b""
    except TypeError:
        return None


@lru_cache(maxsize=512)
def hash_of(query: str) -> str:
    """What the log calls a document."""
    return hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()[:16]


def around(headers: Mapping[str, str], principal: Principal) -> bool:
    """Whether the caller asks to go round what is kept, and may (rules.md 39)."""
    asked = headers.get("cache-control")
    if asked is None or NO_CACHE not in (part.strip().lower() for part in asked.split(",")):
        return False
    return principal.has(Scope.CACHE_BYPASS)


def headers_of(made: Made, media: str) -> Headers:
    """`cache-control`, `age` and `etag` of an answer (rules.md 34)."""
    if made.seconds is None:
        return NO_STORE
    age = _age(made)
    if made.told is not None and made.told[0] == age and made.told[1] == media:  # the same for a whole second
        return made.told[2]
    told: Headers = ((b"cache-control", b"private, max-age=%d" % (max(0, int(_left(made))) + age)),)
    if made.seconds or made.tag:
        told = (*told, (b"etag", validator(made, media).encode()))
    if age:
        told = (*told, (b"age", b"%d" % age))
    made.told = (age, media, told)
    return told


def validator(made: Made, media: str) -> str:
    """The entity tag: of the bytes and of the media type they are sent as."""
    return f'"{made.tagged()}{"g" if "graphql" in media else "j"}"'


def unchanged(made: Made, media: str, asked: str | None) -> bool:
    """Whether the caller has this answer already: If-None-Match, compared weakly (RFC 9110, section 13.1.2)."""
    if asked is None or made.seconds is None or made.phase is not Phase.RAN:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    return "*" in tags or validator(made, media) in tags


def _left(made: Made) -> float:
    return (made.seconds or 0) - (monotonic() - made.made_at)


def _age(made: Made) -> int:
    return made.age + int(monotonic() - made.made_at)
