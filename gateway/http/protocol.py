"""uvicorn's HTTP protocol with a clock: a connection that does not get on with its request is closed.

uvicorn waits for ever for the rest of a head and for a reader that never reads. Thousands of half-sent requests must
not pile up, so the head has seconds and bytes, and so has the wait for somebody to take the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.http.instant import Instant

WHOLE = "gateway.whole"
"""Key of the ASGI scope: writes a whole answer in one step. See `_written`."""
LARGE = 64 * 1024
MOST_HEAD_BYTES = 64 * 1024
LONG_HEAD = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class PunctualProtocol(HttpToolsProtocol):
    """One connection. `header_timeout` and `send_timeout` are in seconds, the same for all of a server."""

    header_timeout = 10.0
    send_timeout = 30.0
    instant: Instant | None = None
    _held: list[bytes] | None = None
    _media = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_bytes = 0
        self._due: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._due is None and self._idle:
            self._await_head()
        if self._due is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._held is not None:  # a question in pieces, or one that turned out not to be HTTP
            if self.transport.is_closing():
                self._held = None
            else:
                self._let_go()
        if self._due is not None and self._head_bytes > MOST_HEAD_BYTES:
            self.transport.write(LONG_HEAD)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._head_came()
        if self.instant is not None and self.url == b"/graphql" and self._may_hold():
            media = self.instant.media(self.headers)
            if media is not None:  # what it asks decides whether anything has to be started for it
                self._held, self._media = [], media
                return
        self._start()

    def on_body(self, body: bytes) -> None:
        if self._held is not None:
            self._held.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        held = self._held
        if held is None:
            super().on_message_complete()
            return
        body = held[0] if len(held) == 1 else b"".join(held)
        answer = self._at_once(body)
        if answer is None:
            self._let_go()
            super().on_message_complete()
            return
        self._held = None
        default = b"".join([b"%b: %b\r\n" % header for header in self.server_state.default_headers])
        head = b"HTTP/1.1 200 OK\r\n%b%b\r\n" % (default, answer[0])
        if len(answer[1]) < LARGE:
            self.transport.write(head + answer[1])
        else:
            self.transport.writelines((head, answer[1]))
        self.on_response_complete()

    def _at_once(self, body: bytes) -> tuple[bytes, bytes] | None:
        try:
            return None if self.instant is None else self.instant.answer(self._media, body)
        except Exception:  # the usual way will meet it again, and tells it as it should be told
            return None

    def _may_hold(self) -> bool:
        """Whether a question may be answered without a task: a plain POST, nothing else under way on its connection."""
        return (
            self.parser.get_method() == b"POST"
            and self._idle
            and not self.pipeline
            and not self.expect_100_continue
            and not self.flow.write_paused
            and self.parser.get_http_version() == "1.1"
            and not self.parser.should_upgrade()
            and self.parser.should_keep_alive()
        )

    def _let_go(self) -> None:
        """What was held goes the usual way."""
        held, self._held = self._held or [], None
        self._start()
        for body in held:
            super().on_body(body)

    def _start(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None:
            self.scope[WHOLE] = partial(_written, self.cycle)  # type: ignore[literal-required]  # ours

    def on_response_complete(self) -> None:
        cycle: Any = self.cycle
        if cycle is not None:  # it holds the scope that holds it: thousands a second would wait for the collector
            cycle.scope.pop(WHOLE, None)
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.send_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    @property
    def _idle(self) -> bool:
        """Whether no request is being answered."""
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._due = self.loop.call_later(self.header_timeout, self.transport.close)

    def _head_came(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def _written(cycle: Any, head: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
    """Writes a whole 200 at once; False where anything stands in the way, and nothing was written then.

    What uvicorn's own `send` does in two steps, with every header looked through; here the headers are ours.
    """
    if cycle.disconnected or cycle.response_started or not cycle.keep_alive or cycle.flow.write_paused:
        return False
    headers = b"".join(b"%b: %b\r\n" % header for header in (*cycle.default_headers, *head))
    start = b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n" % (headers, len(body))
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    if len(body) < LARGE:
        cycle.transport.write(start + body)
    else:
        cycle.transport.write(start)
        cycle.transport.write(body)
    cycle.message_event.set()
    cycle.on_response()
    return True


class PunctualSocket(WebSocketsSansIOProtocol):
    """One WebSocket, with the same clock on its reader."""

    send_timeout = 30.0
    _unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.send_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._taken()
        super().connection_lost(exc)

    def _taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


def punctual_socket(send_timeout: float) -> type[Any]:
    """The protocol with this bound, as uvicorn wants it: a class."""
    return type("SocketProtocol", (PunctualSocket,), {"send_timeout": send_timeout})


def punctual(header_timeout: float, send_timeout: float, instant: Instant | None = None) -> type[Any]:
    """The protocol with these bounds, as uvicorn wants it: a class."""
    members = {"header_timeout": header_timeout, "send_timeout": send_timeout, "instant": instant}
    return type("Protocol", (PunctualProtocol,), members)
