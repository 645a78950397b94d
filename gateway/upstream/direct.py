"""The wire without a client library: what `transport` promises, at a fraction of what any of them costs.

For what is most of the traffic: questions that may be asked again, answered whole. Writes, which need a connection of
their own, and long bodies read piece by piece go through aiohttp, whose cost they do not feel
(docs/decisions/0021). No redirect, no cookie, no proxy or netrc of the environment, nothing sent twice behind our back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from string import punctuation
from urllib.parse import quote, urlsplit

from gateway.upstream.connection import Connection
from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.sockets import AiohttpTransport
from gateway.upstream.transport import NotConnected, NotHttp, Request, trust

IDLE_SECONDS = 15.0
"""How long an unused connection is kept: less than servers wait before they close one."""

MOST_STEADY = 512
"""Requests whose bytes are kept."""
BODILESS = frozenset({"GET", "HEAD"})

Origin = tuple[str, int, bool]
"""Host, port, and whether it is spoken to over TLS."""


class DirectTransport:
    """Transport over real sockets; connections are made when they are needed and kept for the next question."""

    def __init__(self, *, max_connections: int) -> None:
        self._most = max_connections
        self._idle: dict[Origin, list[tuple[Connection, float]]] = {}
        self._steady: dict[str, tuple[Mapping[str, str], Origin, bytes]] = {}
        self._other = AiohttpTransport(max_connections=max_connections)

    async def send(self, request: Request) -> Answer:
        if request.fresh:
            return await self._other.send(request)
        origin, head = self._worded(request)
        loop = asyncio.get_running_loop()
        connection, left = self._waiting(origin, loop.time()), request.timeout
        if connection is None:
            began = loop.time()
            async with asyncio.timeout(left):
                connection = await _connected(origin)
            left -= loop.time() - began
        answer = await connection.ask(head, request.body, request.max_bytes, max(0.0, left))
        if connection.usable:
            self._keep(origin, connection, loop.time())
        return answer

    async def open(self, request: Request) -> OpenAnswer:
        return await self._other.open(request)

    async def close(self) -> None:
        for kept in self._idle.values():
            for connection, _ in kept:
                connection.close()
        self._idle.clear()
        await self._other.close()

    def _worded(self, request: Request) -> tuple[Origin, bytes]:
        """Whom to ask, and in which bytes. Those of a steady request are kept as long as its headers are the same."""
        kept = self._steady.get(request.url) if request.steady else None
        if kept is not None and kept[0] is request.headers:
            return kept[1], kept[2]
        origin, host = _origin(request.url)
        head = _head(request, host)
        if request.steady:
            if len(self._steady) >= MOST_STEADY:
                self._steady.clear()
            self._steady[request.url] = request.headers, origin, head
        return origin, head

    def _waiting(self, origin: Origin, now: float) -> Connection | None:
        """The one used last: it is the least likely to have been closed in the meantime."""
        kept = self._idle.get(origin)
        while kept:
            connection, since = kept.pop()
            if connection.usable and now - since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def _keep(self, origin: Origin, connection: Connection, now: float) -> None:
        kept = self._idle.setdefault(origin, [])
        while kept and (len(kept) >= self._most or now - kept[0][1] >= IDLE_SECONDS):
            kept.pop(0)[0].close()
        kept.append((connection, now))


async def _connected(origin: Origin) -> Connection:
    """Raises NotConnected: refused, unresolved, or a certificate nobody vouches for."""
    host, port, secure = origin
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(
            Connection, host, port, ssl=trust() if secure else None, server_hostname=host if secure else None
        )
    except TimeoutError:
        raise
    except (OSError, UnicodeError):
        raise NotConnected from None
    return connection


@lru_cache(maxsize=64)
def _base(scheme: str, netloc: str) -> tuple[Origin, str]:
    parts = urlsplit(f"{scheme}://{netloc}/")
    secure = scheme == "https"
    try:
        host = (parts.hostname or "").encode("idna").decode()
    except UnicodeError:
        raise NotConnected from None
    port = parts.port or (443 if secure else 80)
    shown = f"[{host}]" if ":" in host else host
    return (host, port, secure), shown if port == (443 if secure else 80) else f"{shown}:{port}"


def _origin(url: str) -> tuple[Origin, str]:
    scheme, _, rest = url.partition("://")
    return _base(scheme.lower(), rest.partition("/")[0].partition("?")[0])


def _head(request: Request, host: str) -> bytes:
    """The request line and the headers. Raises NotHttp where something in it would end a line."""
    rest = request.url.partition("://")[2]
    slash = rest.find("/")
    target = rest[slash:] if slash >= 0 else "/"
    if not target.isascii():
        target = quote(target, safe=punctuation)
    lines = [f"{request.method} {target} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None or request.method not in BODILESS:
        lines.append(f"content-length: {len(request.body or b'')}")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or " " in target:
        raise NotHttp
    return text.encode("latin-1", "strict") + b"\r\n\r\n"
