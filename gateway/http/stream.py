"""An answer made while it is sent, no faster than its reader takes it, and cut off where it cannot be made whole.

What broke off midway never ends like a whole answer: the server is left without an end and cuts the connection. Nothing
of a row may get into a log line or an error.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from gateway.domain.errors import (
    Forbidden,
    GatewayError,
    InputError,
    Throttled,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)
from gateway.execution.errors import Incident, incident
from gateway.http.bounds import Places
from gateway.http.parameters import Disconnected, read_body
from gateway.http.reply import Headers, Receive, Refusal, Reply, Send
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane

IDLE = 60.0
"""Seconds a reader may leave a piece unread."""
PIECE = 256 * 1024
MOST_AT_ONCE = 24
CHALLENGE: Headers = ((b"www-authenticate", b'Basic realm="gateway", charset="UTF-8"'),)
"""Basic, for that is what makes Excel and Power BI ask for a key (contract/bi.md)."""

Failure: TypeAlias = GatewayError | Refusal | Incident
Work: TypeAlias = "Callable[[Out], Awaitable[None]]"
Told: TypeAlias = Callable[[Failure], Reply]


class Left(Exception):
    """The reader went away."""


class Out:
    """The way out of one answer."""

    def __init__(self, send: Send, receive: Receive, *, body: bool) -> None:
        self._send = send
        self._receive = receive
        self._leaving: asyncio.Future[None] | None = None
        self._body = body
        self._packer: Any = None
        self.begun = False

    async def body(self, declared: str | None, most: int) -> bytes:
        """The request's own body, before anything is sent."""
        return await read_body(self._receive, declared, most=most, seconds=IDLE)

    async def begin(self, status: int, headers: Headers, *, pack: bool = False) -> None:
        """`pack`: the pieces go out compressed."""
        if pack:
            self._packer = zlib.compressobj(5, zlib.DEFLATED, 31)
            headers = (*headers, (b"content-encoding", b"gzip"))
        self.begun = True
        self._leaving = asyncio.ensure_future(_left(self._receive))
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def write(self, data: bytes) -> None:
        """Returns when the reader has room for more."""
        if self._packer is not None and data:
            data = self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        view = memoryview(data)
        for at in range(0, len(view), PIECE):
            await self._piece(bytes(view[at : at + PIECE]), more=True)
            if self._leaving is not None and self._leaving.done():
                raise Left

    async def end(self, data: bytes = b"") -> None:
        """What says that the answer is whole."""
        await self.write(data)
        await self._piece(self._packer.flush() if self._packer is not None else b"", more=False)

    def close(self) -> None:
        """Stops looking for the reader."""
        if self._leaving is not None:
            self._leaving.cancel()

    async def _piece(self, data: bytes, *, more: bool) -> None:
        async with asyncio.timeout(IDLE):
            await self._send({"type": "http.response.body", "body": data if self._body else b"", "more_body": more})


class Stream:
    """A reply that is made by `work`. Read `status`, `line` and `incidents` when it has been sent."""

    def __init__(self, work: Work, told: Told, receive: Receive, places: Places, seconds: float, *, body: bool) -> None:
        self.status = 200
        self.incidents: list[Incident] = []
        self.line: dict[str, Any] = {}
        self._work = work
        self._told = told
        self._receive = receive
        self._places = places
        self._seconds = seconds
        self._body = body

    async def __call__(self, send: Send) -> None:
        """Returning without an end is what makes the server cut the connection."""
        out = Out(send, self._receive, body=self._body)
        try:
            with self._places.taken(), deadline.within(self._seconds), lanes.within(Lane.EXPORT):
                async with asyncio.timeout(self._seconds):
                    await self._work(out)
        except (Left, Disconnected):
            self.line = {"cut": "LEFT"}
        except TimeoutError:
            late = Refusal(504, "The answer took too long to make or to read.", code="UPSTREAM_TIMEOUT")
            await self._failed(out, send, late, "UNREAD")
        except (GatewayError, Refusal) as error:
            await self._failed(out, send, error, error.code if isinstance(error, GatewayError) else "REFUSED")
        except Exception as error:
            met = incident(error)
            self.incidents.append(met)
            await self._failed(out, send, met, "INTERNAL")
        finally:
            out.close()

    async def _failed(self, out: Out, send: Send, failure: Failure, why: str) -> None:
        if out.begun:
            self.line = {"cut": why}
            return
        reply = self._told(failure)
        self.status = reply.status
        await reply(send)


def status_of(error: GatewayError) -> int:
    """What a failure before the first byte is in HTTP."""
    if isinstance(error, InputError):
        return 400
    if isinstance(error, Unauthenticated):
        return 401
    if isinstance(error, Forbidden):
        return 403
    if isinstance(error, TimedOut):
        return 504
    if isinstance(error, UpstreamError) and not isinstance(error, Unavailable | Throttled):
        return 502
    return 503


def retry_after(seconds: float | None) -> Headers:
    """Whole seconds, at least one."""
    return () if seconds is None else ((b"retry-after", str(max(1, -int(-seconds // 1))).encode()),)


async def _left(receive: Receive) -> None:
    """Ends when the caller goes away: the server takes pieces for nobody without a word."""
    while (await receive())["type"] != "http.disconnect":
        pass
