"""`/export/okube/{sites|pois|campaigns|studies}.csv`: the vendor's own CSV passed through (configuration.md).

Streamed no faster than the caller reads, turned to UTF-8, formulas made harmless. A file that broke off midway never
ends like a whole one: its connection is cut. Nothing of a row may get into a log line or an error.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from urllib.parse import parse_qsl

import orjson

from gateway.access.principal import Principal, require
from gateway.access.scopes import Scope as Right
from gateway.domain.errors import (
    Forbidden,
    GatewayError,
    InputError,
    Malformed,
    Throttled,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)
from gateway.domain.files import CsvEncoding, CsvList
from gateway.domain.vendor import VendorKey
from gateway.execution.errors import Incident, entry, facts, incident, internal
from gateway.http.bounds import Places
from gateway.http.callers import within_budget
from gateway.http.graphql import joined
from gateway.http.lifecycle import Lifecycle
from gateway.http.reply import NO_STORE, Headers, Message, Receive, Refusal, Reply, Scope, Send
from gateway.http.spreadsheet import Neutralised
from gateway.settings import Settings
from gateway.upstream import deadline

PATHS: Mapping[str, CsvList] = {f"/export/okube/{which.value}.csv": which for which in CsvList}
MOST_AT_ONCE = 10
IDLE = 60.0
"""Seconds a caller may leave a piece unread."""

_ENCODINGS: Mapping[str, tuple[CsvEncoding, str]] = {
    "utf8": (CsvEncoding.UTF8, "utf-8-sig"),  # without the mark Windows puts in front
    "utf-8": (CsvEncoding.UTF8, "utf-8-sig"),
    "iso-8859-1": (CsvEncoding.ISO_8859_1, "iso-8859-1"),
    "windows-1252": (CsvEncoding.WINDOWS_1252, "windows-1252"),
}
_HEADERS: Headers = (*NO_STORE, (b"vary", b"Authorization, X-API-Key"))
_CSV = b"text/csv; charset=utf-8"
_CHALLENGE = (b"www-authenticate", b'Bearer realm="gateway"')


class Exports:
    """Makes one reply per request."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle) -> None:
        self._seconds = settings.export_timeout
        self._lifecycle = lifecycle
        self._places = Places(MOST_AT_ONCE)

    def reply(self, scope: Scope, receive: Receive) -> Export:
        return Export(scope, receive, self._lifecycle, self._places, self._seconds)


class Export:
    """A reply that is made while it is sent. Read `status`, `cut` and `incidents` after that.

    `cut`: why it broke off after its beginning, an error's code or LEFT or UNREAD; None where it is whole.
    """

    def __init__(self, scope: Scope, receive: Receive, lifecycle: Lifecycle, places: Places, seconds: float) -> None:
        self.status = 200
        self.cut: str | None = None
        self.incidents: list[Incident] = []
        self._scope = scope
        self._receive = receive
        self._lifecycle = lifecycle
        self._places = places
        self._seconds = seconds
        self._begun = False

    async def __call__(self, send: Send) -> None:
        """Returning without an end is what makes the server cut the connection."""
        try:
            with self._places.taken(), deadline.within(self._seconds):
                await self._export(send)
        except GatewayError as error:
            reply, self.cut = refused(error), error.code
        except Refusal as refusal:
            reply = refusal.reply()
        except TimeoutError:
            reply, self.cut = refused(InputError("The file was not read.")), "UNREAD"
        except Exception as error:
            met = incident(error)
            self.incidents.append(met)
            reply, self.cut = Reply(500, orjson.dumps({"errors": [internal(met)]})), internal(met)["extensions"]["code"]
        else:
            return
        if not self._begun:
            self.status, self.cut = reply.status, None
            await reply(send)

    async def _export(self, send: Send) -> None:
        if self._scope["method"] != "GET":
            raise Refusal(405, "An export is asked for by GET.", headers=((b"allow", b"GET"),))
        if self._scope["http_version"] == "1.0":  # without chunks the end of a cut file looks like any other
            raise Refusal(505, "An export needs HTTP/1.1.")
        graph = self._lifecycle.graph
        if graph is None:
            raise Refusal(503, "The gateway is starting.", code="OVERLOADED", headers=((b"retry-after", b"1"),))
        principal = await graph.authenticate(joined(self._scope["headers"]))
        await within_budget(graph, principal)
        admit(principal)
        encoding, codec = encoding_of(self._scope["query_string"])
        which = PATHS[self._scope["path"]]
        async with graph.csv(which, encoding) as chunks, aclosing(harmless(chunks, codec)) as texts:
            first = await anext(texts, None)
            if first is None:
                raise Malformed(VendorKey.OKUBE, "The vendor's answer is empty.")
            await self._begin(send, which)
            await self._pieces(send, first, texts)

    async def _begin(self, send: Send, which: CsvList) -> None:
        name = f'attachment; filename="okube-{which.value}.csv"'.encode()
        headers = [(b"content-type", _CSV), (b"content-disposition", name), *_HEADERS]
        self._begun = True
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _pieces(self, send: Send, first: str, texts: AsyncIterator[str]) -> None:
        """Piece by piece, each when the one before has been taken; the server takes them for nobody without a word."""
        leaving = asyncio.ensure_future(_left(self._receive))
        try:
            await _piece(send, first)
            async for text in texts:
                await _piece(send, text)
                if leaving.done():
                    self.cut = "LEFT"
                    return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()


def admit(principal: Principal) -> None:
    """Whole lists are for callers that see every site. Raises AccessError."""
    require(principal, Right.READ)
    if principal.limited:
        raise Forbidden("An export is not open to callers that are limited to sites.")


def encoding_of(query: bytes) -> tuple[CsvEncoding, str]:
    """The encoding to ask for and the codec that reads it. Raises InputError."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=5)
    except ValueError:
        raise InputError("The query string is not percent-encoded UTF-8.") from None
    if len(pairs) > 1 or any(name != "encoding" for name, _ in pairs):
        raise InputError("An export has one parameter, encoding.")
    found = _ENCODINGS.get(pairs[0][1].lower() if pairs else "utf8")
    if found is None:
        raise InputError("The encoding is utf8, iso-8859-1 or windows-1252.", ("encoding",))
    return found


async def harmless(chunks: AsyncIterator[bytes], codec: str) -> AsyncGenerator[str]:
    """Pieces of text without formulas, none of them empty. Raises Malformed where a byte is not of the encoding."""
    decoder, cells = codecs.getincrementaldecoder(codec)(), Neutralised()
    try:
        async for chunk in chunks:
            text = cells.feed(decoder.decode(chunk))
            if text:
                yield text
        text = cells.feed(decoder.decode(b"", final=True)) + cells.close()
    except UnicodeDecodeError:
        raise Malformed(VendorKey.OKUBE, "The vendor's file is not of the encoding asked for.") from None
    if text:
        yield text


def refused(error: GatewayError) -> Reply:
    """A failure before the first byte, with the graph's codes."""
    told = facts(error)
    body = orjson.dumps({"errors": [entry(error.message, **told)]})
    wait = told.get("retryAfter")
    headers = (_CHALLENGE,) if isinstance(error, Unauthenticated) else ()
    if wait is not None:
        headers = (*headers, (b"retry-after", str(max(1, -int(-wait // 1))).encode()))
    return Reply(_status(error), body, headers=(*_HEADERS, *headers))


async def _piece(send: Send, text: str) -> None:
    message: Message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
    async with asyncio.timeout(IDLE):
        await send(message)


async def _left(receive: Receive) -> None:
    """Ends when the caller goes away: the server takes pieces for nobody without a word."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _status(error: GatewayError) -> int:
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
