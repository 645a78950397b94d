"""The wire: httpx's API over aiohttp, and the only module that knows either.

Redirects are never followed, cookies never kept, proxies and netrc never read from the environment, nothing is ever
sent twice by the library behind our back, and no body is read past its bound in bytes or in time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import cache, partial
from typing import Protocol

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.inflate import Garbled, Inflater, Unfinished

REFUSAL_BYTES = 64 * 1024
"""How much of a refusal's body is read: enough for its words, whatever a broken server sends."""


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, ready to go. `timeout` is total, in seconds; `max_bytes` bounds the decoded body.

    `fresh`: on a connection of its own, so that a vendor closing an idle one cannot leave a write's fate open.
    `steady`: sent again and again with the very same headers, and nothing of a person is in it.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float
    max_bytes: int
    fresh: bool = False
    steady: bool = False

    def __repr__(self) -> str:
        return f"Request({self.method!r})"


class TransportFault(Exception):
    """What went wrong on the wire. Holds no address and no data."""


class NotConnected(TransportFault):
    """No connection was made: refused, unresolved, or a certificate nobody vouches for."""


class Dropped(TransportFault):
    """The connection broke after it was made."""


class CutShort(TransportFault):
    """The body ended before its announced end."""


class Overlong(TransportFault):
    """The body is longer than allowed."""


class NotHttp(TransportFault):
    """The answer is not HTTP as agreed."""


class Transport(Protocol):
    """Sends one request once. Raises TimeoutError or a TransportFault; any status is an answer."""

    async def send(self, request: Request) -> Answer: ...

    async def open(self, request: Request) -> OpenAnswer:
        """As `send`, but the body of a 2xx is left to be read; `timeout` then bounds each silence, not the whole."""
        ...

    async def close(self) -> None: ...


class HttpxTransport:
    """Transport over real sockets. Sessions are made at the first request, in its event loop."""

    def __init__(self, *, max_connections: int) -> None:
        self._kept = _over_aiohttp(max_connections, force_close=False)
        self._fresh = _over_aiohttp(max_connections, force_close=True)

    async def send(self, request: Request) -> Answer:
        async with asyncio.timeout(request.timeout):
            try:
                response = await self._respond(request)
                try:
                    body = await _body(response, request.max_bytes)
                finally:
                    await _stream(response).aclose()
            except (httpx.HTTPError, aiohttp.ClientError) as error:
                raise fault_of(error) from None
        return Answer(response.status_code, _headers(response), body)

    async def open(self, request: Request) -> OpenAnswer:
        body = b""
        async with asyncio.timeout(request.timeout):
            try:
                response = await self._respond(request)
                if not response.is_success:
                    try:
                        body = await _refusal(response)
                    finally:
                        await _stream(response).aclose()
            except (httpx.HTTPError, aiohttp.ClientError) as error:
                raise fault_of(error) from None
        chunks = _chunks(response, request.timeout)
        return OpenAnswer(response.status_code, _headers(response), body, chunks, _stream(response).aclose)

    async def close(self) -> None:
        await self._kept.aclose()
        await self._fresh.aclose()

    async def _respond(self, request: Request) -> httpx.Response:
        through = self._fresh if request.fresh else self._kept
        return await through.handle_async_request(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.body)
        )


def _over_aiohttp(max_connections: int, *, force_close: bool) -> AiohttpTransport:
    # The transport alone, without httpx's client around it: nothing there to follow, store or look up.
    return AiohttpTransport(verify=trust(), client=partial(_session, max_connections, force_close))


def _session(max_connections: int, force_close: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections, ssl=trust(), force_close=force_close),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        middlewares=(once,),
    )


@cache
def trust() -> ssl.SSLContext:
    """Whom to trust: the bundled authorities, or those of SSL_CERT_FILE. Made once: it costs 30 ms."""
    return httpx.create_ssl_context()


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Names the two ways a connection fails where they can still be told apart.

    aiohttp would otherwise send an idempotent request again by itself, uncounted by quota, breaker and tally, and
    httpx-aiohttp calls every failure a connect time-out.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise NotConnected from None
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise Dropped from None


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


async def _body(response: httpx.Response, max_bytes: int) -> bytes:
    if not response.is_success:
        return await _refusal(response)
    pieces = [piece async for piece in _pieces(response, max_bytes)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _refusal(response: httpx.Response) -> bytes:
    """What a refusal says, as far as it can be read: its status counts whatever becomes of its body."""
    body = bytearray()
    try:
        async for piece in _pieces(response, REFUSAL_BYTES):
            body += piece
    except (httpx.HTTPError, aiohttp.ClientError, TransportFault):
        pass
    return bytes(body)


async def _pieces(response: httpx.Response, max_bytes: int | None) -> AsyncIterator[bytes]:
    """The decoded body. Raises Overlong before more than `max_bytes` were kept, CutShort, NotHttp."""
    raw_size = size = 0
    try:
        inflater = Inflater(response.headers.get("content-encoding", ""))
        async for chunk in _stream(response):
            raw_size += len(chunk)
            for piece in inflater.feed(chunk):
                size += len(piece)
                if max_bytes is not None and max(size, raw_size) > max_bytes:
                    raise Overlong
                yield piece
        inflater.finish()
    except Garbled:
        raise NotHttp from None
    except Unfinished:
        raise CutShort from None


async def _chunks(response: httpx.Response, silence: float) -> AsyncIterator[bytes]:
    pieces = aiter(_pieces(response, None))
    while True:
        try:
            async with asyncio.timeout(silence):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except (httpx.HTTPError, aiohttp.ClientError) as error:
            raise fault_of(error) from None
        yield piece


def _headers(response: httpx.Response) -> dict[str, str]:
    """Lower-case names; of a repeated header the values joined, as HTTP allows."""
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.lower().decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def fault_of(error: Exception) -> TransportFault:
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) else error
    if isinstance(cause, aiohttp.ClientPayloadError):
        # A body that ends too early is cut short; one whose connection was reset is dropped. Only the text says which.
        return Dropped() if "ConnectionResetError" in str(cause) else CutShort()
    return Dropped() if isinstance(cause, aiohttp.ClientConnectionError) else NotHttp()
