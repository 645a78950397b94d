"""GraphQL over Server-Sent Events, in distinct connections: one operation a request, told as `next` and `complete`.

What is wrong with the question itself is told as an event too: a browser's EventSource cannot read any other answer.
A stream that is cut, by a drain or at its longest, has no `complete`: such a client comes again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import orjson

from gateway.access.principal import Principal
from gateway.execution.errors import Entry, Incident
from gateway.execution.operation import Outcome
from gateway.execution.streams import Outlet
from gateway.http.answers import Made
from gateway.http.audience import Audience
from gateway.http.desk import Opened
from gateway.http.reply import NO_STORE, Headers, Receive, Refusal, Send

TRANSPORT = "sse"
EVENT_STREAM = b"text/event-stream; charset=utf-8"
BEAT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
_HEADERS: Headers = ((b"content-type", EVENT_STREAM), *NO_STORE, (b"x-accel-buffering", b"no"))


class EventStream:
    """A reply that is told while it happens. Read `status`, `line` and `incidents` after that."""

    def __init__(
        self,
        opened: Opened,
        write: Callable[[Outcome], Made],
        audience: Audience,
        receive: Receive,
        *,
        principal: Principal | None,
        credentials: Mapping[str, str],
        heartbeat: float,
        headers: Headers = (),
        line: dict[str, Any] | None = None,
    ) -> None:
        self.status = 200
        self.incidents: list[Incident] = []
        self.line: dict[str, Any] = line if line is not None else {}
        self.since = asyncio.get_running_loop().time()
        self.principal = principal
        self.credentials = credentials
        self._opened = opened
        self._write = write
        self._audience = audience
        self._receive = receive
        self._heartbeat = heartbeat
        self._headers = headers
        self._cut = False

    async def __call__(self, send: Send) -> None:
        """Returns when the stream has ended, whoever ended it."""
        opened = self._opened
        try:
            with ExitStack() as seated:
                if isinstance(opened, Outlet):
                    seated.enter_context(self._audience.seat(self))
                    seated.enter_context(self._audience.following(TRANSPORT))
                await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *self._headers]})
                if isinstance(opened, Outlet):
                    await self._follow(opened, send)
                else:
                    await _tell(send, self._event(opened) + COMPLETE)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Refusal as refusal:
            self.status = refusal.status
            await refusal.reply()(send)
        finally:
            if isinstance(opened, Outlet):
                opened.close()

    def revoke(self, told: Entry) -> None:
        """The rights have ended."""
        if isinstance(self._opened, Outlet):
            self._opened.end(told)

    def dismiss(self) -> None:
        """The connection has lasted long enough."""
        self._cut = True
        if isinstance(self._opened, Outlet):
            self._opened.end()

    async def _follow(self, outlet: Outlet, send: Send) -> None:
        gone = asyncio.get_running_loop().create_task(self._until_gone(outlet))
        events = 0
        try:
            await _tell(send, BEAT)
            while (outcome := await self._next(outlet, send)) is not None:
                events += 1
                await _tell(send, self._event(outcome))
            if outlet.errors:
                self.line["outcome"] = outlet.errors[0]["extensions"]["code"]
                if self.line["outcome"] == "OVERLOADED":
                    self._audience.dropped(TRANSPORT)
                await _tell(send, _event({"errors": outlet.errors}))
            if not self._cut:
                await _tell(send, COMPLETE)
        finally:
            self.line["events"] = events
            gone.cancel()

    async def _next(self, outlet: Outlet, send: Send) -> Outcome | None:
        """Keeps the connection warm meanwhile; None at the end."""
        while True:
            try:
                async with asyncio.timeout(self._heartbeat):
                    return await anext(outlet, None)
            except TimeoutError:
                await _tell(send, BEAT)

    async def _until_gone(self, outlet: Outlet) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cut = True
        outlet.end()

    def _event(self, outcome: Outcome) -> bytes:
        made = self._write(outcome)
        self.incidents += made.incidents
        if outcome is self._opened or outcome.errors:
            self.line |= made.line
        return b"event: next\ndata: " + made.body + b"\n\n"


def _event(members: Mapping[str, object]) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(members) + b"\n\n"


async def _tell(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
