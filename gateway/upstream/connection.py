"""One HTTP/1.1 connection to a vendor: a question out, a whole answer in, one at a time.

Parsing is httptools' (llhttp, as uvicorn uses it); here is only what happens between the bytes. Whatever is not an
answer as agreed ends the connection: no byte of one answer may ever be taken for another's.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

import httptools

from gateway.upstream.exchange import Answer
from gateway.upstream.inflate import Garbled, Inflater, Unfinished
from gateway.upstream.transport import REFUSAL_BYTES, CutShort, Dropped, NotHttp, Overlong, TransportFault

MOST_HEAD_BYTES = 64 * 1024
_BODILESS = frozenset({204, 304})


class Connection(asyncio.Protocol):
    """`usable`: open, idle, and nothing has come that nobody asked for."""

    def __init__(self) -> None:
        self.usable = False
        self._gone = False
        self._transport: Any = None
        self._answer: asyncio.Future[Answer] | None = None
        self._parser: Any = None
        self._headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._inflater: Inflater | None = None
        self._most = 0
        self._begin()

    # asking -----------------------------------------------------------------------------------------------------

    async def ask(self, head: bytes, body: bytes | None, most: int, seconds: float) -> Answer:
        """The answer to one request; a body may have `most` bytes, decoded and as sent; `seconds` bound all of it.

        Raises TimeoutError or a TransportFault; then, and where it is cancelled, the connection is gone.
        """
        loop = asyncio.get_running_loop()
        self.usable = False
        self._most = most
        self._begin()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._answer = answer
        timer = loop.call_later(seconds, self._late)
        self._transport.write(head if body is None else head + body)
        try:
            return await answer
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
            self._answer = None

    def close(self) -> None:
        """At once: what is still to be sent or read is nobody's any more."""
        self.usable, self._gone = False, True
        if self._transport is not None:
            self._transport.abort()

    # what the loop tells ----------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.usable = True

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        self._heard = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._broken(_fault_in(error))
        except httptools.HttpParserUpgrade:
            self._fail(NotHttp())
        if self._surplus:
            self.close()

    def eof_received(self) -> bool:
        """A body without a length ends with its connection; anything else has ended too early."""
        if self._answer is not None and not self._answer.done():
            if self._headed and not self._bounded:
                self._done()
            else:
                self._broken(CutShort() if self._heard else Dropped())
        self.usable = False
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._broken(Dropped())

    # what the parser tells --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            self._surplus = True  # two answers to one question

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MOST_HEAD_BYTES:
            raise NotHttp
        key, text, headers = _named(name), value.decode("latin-1"), self._headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        self._status = status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                raise NotHttp  # nobody asked for another protocol
            return
        headers = self._headers
        self._headed = True
        self._bounded = "content-length" in headers or "transfer-encoding" in headers or status in _BODILESS
        if not 200 <= status < 300:
            self._most = min(self._most, REFUSAL_BYTES)
        encoding = headers.get("content-encoding")
        if encoding:
            try:
                self._inflater = Inflater(encoding)
            except Garbled:
                raise NotHttp from None

    def on_body(self, body: bytes) -> None:
        self._raw_size += len(body)
        if self._inflater is None:
            self._keep(body)
            return
        try:
            for piece in self._inflater.feed(body):
                self._keep(piece)
        except Garbled:
            raise NotHttp from None

    def on_message_complete(self) -> None:
        if self._status < 200:  # an interim answer: the real one follows
            self._headers, self._head_bytes = {}, 0
            return
        if self._surplus:
            return
        self._done()
        if self._bounded and self._parser.should_keep_alive() and not self._gone:
            self.usable = True
        else:
            self.close()

    # ------------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._pieces, self._inflater = {}, [], None
        self._head_bytes = self._size = self._raw_size = 0
        self._status = 0
        self._heard = self._headed = self._bounded = self._surplus = False

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if max(self._size, self._raw_size) > self._most:
            raise Overlong
        self._pieces.append(piece)

    def _done(self) -> None:
        if self._answer is None or self._answer.done():
            return
        try:
            if self._inflater is not None:
                self._inflater.finish()
        except Unfinished:
            self._broken(CutShort())
            return
        self._tell()

    def _tell(self) -> None:
        assert self._answer is not None, "only an answer that is waited for is told"
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._answer.set_result(Answer(self._status, self._headers, body))

    def _broken(self, fault: TransportFault) -> None:
        """What a refusal says counts as far as it came: its status is told whatever becomes of its body."""
        if self._headed and not 200 <= self._status < 300:
            self._tell()
            self.close()
        else:
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(fault)
        self.close()

    def _late(self) -> None:
        self._fail(TimeoutError())


@lru_cache(maxsize=256)  # a vendor sends the same names with every answer
def _named(name: bytes) -> str:
    return name.lower().decode("latin-1")


def _fault_in(error: httptools.HttpParserError) -> TransportFault:
    """What a callback raised, or that it is not HTTP."""
    raised = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
    return raised if isinstance(raised, TransportFault) else NotHttp()
