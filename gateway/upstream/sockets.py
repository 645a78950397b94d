"""The wire over aiohttp alone: what `transport` promises, without httpx around it, at a fraction of its cost.

Everything the other transport keeps to is kept to here: no redirect, no cookie, no proxy or netrc of the environment,
nothing sent twice behind our back, no body read past its bound in bytes or in time (docs/decisions/0020).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.inflate import Garbled, Inflater, Unfinished
from gateway.upstream.transport import (
    REFUSAL_BYTES,
    CutShort,
    NotHttp,
    Overlong,
    Request,
    TransportFault,
    fault_of,
    once,
    trust,
)

READ_AHEAD = 1024 * 1024
"""Bytes of a body held before the vendor is slowed down: most answers, so that reading them stops for nothing."""
NO_TIMES_OF_ITS_OWN = aiohttp.ClientTimeout()


class AiohttpTransport:
    """Transport over real sockets. Sessions are made at the first request, in its event loop."""

    def __init__(self, *, max_connections: int) -> None:
        self._most = max_connections
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Answer:
        async with asyncio.timeout(request.timeout):
            try:
                response = await self._respond(request)
                try:
                    body = await _body(response, request.max_bytes)
                finally:
                    response.release()
            except aiohttp.ClientError as error:
                raise fault_of(error) from None
        return Answer(response.status, _headers(response), body)

    async def open(self, request: Request) -> OpenAnswer:
        body = b""
        async with asyncio.timeout(request.timeout):
            try:
                response = await self._respond(request)
                if not 200 <= response.status < 300:
                    try:
                        body = await _refusal(response)
                    finally:
                        response.release()
            except aiohttp.ClientError as error:
                raise fault_of(error) from None

        async def close() -> None:
            response.close()

        return OpenAnswer(response.status, _headers(response), body, _chunks(response, request.timeout), close)

    async def close(self) -> None:
        for session in (self._kept, self._fresh):
            if session is not None:
                await session.close()

    async def _respond(self, request: Request) -> aiohttp.ClientResponse:
        return await self._session(request.fresh).request(
            request.method,
            URL(request.url, encoded=request.url.isascii()),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
            timeout=NO_TIMES_OF_ITS_OWN,
        )

    def _session(self, fresh: bool) -> aiohttp.ClientSession:
        session = self._fresh if fresh else self._kept
        if session is None:
            session = _session(self._most, force_close=fresh)
            if fresh:
                self._fresh = session
            else:
                self._kept = session
        return session


def _session(most: int, *, force_close: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=most, ssl=trust(), force_close=force_close),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        read_bufsize=READ_AHEAD,
        middlewares=(once,),
    )


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    if not 200 <= response.status < 300:
        return await _refusal(response)
    length = response.content_length
    if length is not None and length <= most and "content-encoding" not in response.headers:
        return await response.content.read()
    pieces = [piece async for piece in _pieces(response, most)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _refusal(response: aiohttp.ClientResponse) -> bytes:
    """What a refusal says, as far as it can be read: its status counts whatever becomes of its body."""
    body = bytearray()
    try:
        async for piece in _pieces(response, REFUSAL_BYTES):
            body += piece
    except (aiohttp.ClientError, TransportFault):
        pass
    return bytes(body)


async def _pieces(response: aiohttp.ClientResponse, most: int | None) -> AsyncIterator[bytes]:
    """The decoded body. Raises Overlong before more than `most` bytes were kept, CutShort, NotHttp."""
    raw_size = size = 0
    try:
        inflater = Inflater(response.headers.get("content-encoding", ""))
        async for chunk in response.content.iter_any():
            raw_size += len(chunk)
            for piece in inflater.feed(chunk):
                size += len(piece)
                if most is not None and max(size, raw_size) > most:
                    raise Overlong
                yield piece
        inflater.finish()
    except Garbled:
        raise NotHttp from None
    except Unfinished:
        raise CutShort from None


async def _chunks(response: aiohttp.ClientResponse, silence: float) -> AsyncIterator[bytes]:
    pieces = aiter(_pieces(response, None))
    while True:
        try:
            async with asyncio.timeout(silence):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except aiohttp.ClientError as error:
            raise fault_of(error) from None
        yield piece


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Lower-case names; of a repeated header the values joined, as HTTP allows."""
    found: dict[str, str] = {}
    for raw_name, raw_value in response.raw_headers:
        name, value = raw_name.lower().decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
