"""GraphQL over WebSocket: the sub-protocol graphql-transport-ws, whole. Queries and mutations run over it too.

What does not keep to the protocol closes the socket with the code the protocol names; what is wrong with a question is
told as an `error` and leaves the others alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from time import perf_counter
from typing import Any

import orjson
import structlog
from msgspec import UNSET

from gateway.access.principal import Principal
from gateway.domain.errors import Unauthenticated
from gateway.execution.errors import Entry, incident, internal
from gateway.execution.operation import GraphQLRequest, Outcome
from gateway.execution.streams import Outlet
from gateway.http import credentials, frames
from gateway.http.audience import Audience
from gateway.http.callers import within_budget
from gateway.http.desk import Desk
from gateway.http.frames import Closing
from gateway.http.graphql import summary, written
from gateway.http.lifecycle import Graph
from gateway.http.lines import told
from gateway.http.reply import Receive, Refusal, Send
from gateway.settings import StreamsSettings

TRANSPORT = "websocket"

log = structlog.get_logger("gateway.http")


class Socket:
    """One socket. Implements Listener."""

    def __init__(
        self,
        streams: StreamsSettings,
        graph: Graph,
        desk: Desk,
        audience: Audience,
        sent: dict[str, str],
        receive: Receive,
        send: Send,
        protocol: str | None,
    ) -> None:
        self.since = asyncio.get_running_loop().time()
        self.credentials: Mapping[str, str] = sent
        self.principal: Principal | None = None
        self.operations = 0
        self.code = frames.NORMAL
        self._streams = streams
        self._graph = graph
        self._desk = desk
        self._audience = audience
        self._receive = receive
        self._send_raw = send
        self._protocol = protocol
        self._open = True
        self._asked = False
        self._leaving = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._following: set[str] = set()
        self._asides: set[asyncio.Task[None]] = set()

    @property
    def who(self) -> str | None:
        return None if self.principal is None else self.principal.label

    async def run(self) -> None:
        """Until either side closes it."""
        try:
            await self._send_raw({"type": "websocket.accept", "subprotocol": self._protocol})
            if self._protocol is None:
                await self._close(frames.NOT_ACCEPTABLE, "Subprotocol not acceptable")
            else:
                await self._read()
        except Closing as closing:
            await self._close(closing.code, closing.reason)
        except TimeoutError:
            await self._close(frames.INIT_TIMEOUT, "Connection initialisation timeout")
        finally:
            self._open = False
            tasks = [*self._running.values(), *self._asides]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def revoke(self, told: Entry) -> None:
        """Every operation is told, then the socket is closed."""
        self._aside(self._leave(frames.FORBIDDEN, "Forbidden", told))

    def dismiss(self) -> None:
        """Single answers are finished first."""
        if not self._leaving:
            self._leaving = True
            self._aside(self._leave(frames.RESTART, "Service restart"))

    # what comes in ----------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        async with asyncio.timeout(self._streams.init_timeout) as waiting:
            while True:
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    if self._open:
                        self.code = message.get("code") or frames.NORMAL
                    return
                await self._handle(frames.parsed(message))
                if self.principal is not None and waiting.when() is not None:
                    waiting.reschedule(None)

    async def _handle(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "connection_init":
            await self._init(message.get("payload"))
        elif kind == "ping":
            payload = message.get("payload")
            await self._send("pong", **({} if payload is None else {"payload": payload}))
        elif kind == "subscribe":
            self._subscribe(message)
        elif kind == "complete":
            task = self._running.pop(frames.id_of(message), None)
            if task is not None:
                task.cancel()
        elif kind != "pong":
            raise Closing(frames.BAD_REQUEST, "There is no message of this type.")

    async def _init(self, payload: object) -> None:
        if self._asked:
            raise Closing(frames.TOO_MANY_INITS, "Too many initialisation requests")
        self._asked = True
        try:
            sent = credentials.of_payload(payload)
        except ValueError:
            raise Closing(frames.BAD_REQUEST, "The payload of connection_init is not understood.") from None
        try:
            if sent and self.credentials:  # of two credentials both must be good (rules.md 36)
                await self._graph.authenticate(self.credentials)
            self.credentials = {**self.credentials, **sent}
            self.principal = await self._graph.authenticate(self.credentials)
        except Unauthenticated:
            raise Closing(frames.FORBIDDEN, "Forbidden") from None
        await self._send("connection_ack")

    def _subscribe(self, message: dict[str, Any]) -> None:
        if self.principal is None:
            raise Closing(frames.UNAUTHORIZED, "Unauthorized")
        id_ = frames.id_of(message)
        if id_ in self._running:
            raise Closing(frames.ALREADY_EXISTS, "Subscriber already exists")
        crowded = self._leaving or len(self._running) >= self._streams.per_socket
        work = self._watched(id_, frames.request_of(message), self.principal, crowded=crowded)
        self.operations += 1
        self._running[id_] = asyncio.get_running_loop().create_task(work)

    # what goes out ----------------------------------------------------------------------------------------------

    async def _watched(self, id_: str, request: GraphQLRequest, principal: Principal, *, crowded: bool) -> None:
        line: dict[str, Any] = {"method": "WS", "path": "/graphql"}
        with self._audience.telemetry.operation(None) as seen:
            seen.answered(200, line)
            await self._operate(id_, request, principal, line, crowded=crowded)

    async def _operate(
        self, id_: str, request: GraphQLRequest, principal: Principal, line: dict[str, Any], *, crowded: bool
    ) -> None:
        started = perf_counter()
        try:
            await self._admit(principal, crowded=crowded)
            opened = await self._desk.ask(self._graph, request, principal, line)
            if isinstance(opened, Outlet):
                await self._follow(id_, opened, line)
            else:
                line |= summary(opened)
                await self._answer(id_, opened)
        except Refusal as refusal:
            line["outcome"] = refusal.entry["extensions"]["code"]
            await self._error(id_, [refusal.entry])
        except OSError:
            line["outcome"] = "gone"
        except Exception as bug:
            met = incident(bug)
            line |= {"outcome": "INTERNAL", "incidents": [told(met)]}
            await self._error(id_, [internal(met)])
        finally:
            if self._running.get(id_) is asyncio.current_task():
                del self._running[id_]
            line.setdefault("outcome", "ok")
            log.info("operation", **line, ms=round((perf_counter() - started) * 1000, 1))

    async def _admit(self, principal: Principal, *, crowded: bool) -> None:
        if crowded:
            raise Refusal(503, "The socket carries as many operations as it may.", code="OVERLOADED")
        await within_budget(self._graph, principal)

    async def _answer(self, id_: str, outcome: Outcome) -> None:
        for met in outcome.incidents:
            log.error("incident", **told(met))
        if outcome.data is UNSET:
            await self._error(id_, outcome.errors)
            return
        await self._next(id_, outcome)
        await self._complete(id_)

    async def _follow(self, id_: str, outlet: Outlet, line: dict[str, Any]) -> None:
        line["events"] = 0
        self._following.add(id_)
        try:
            with self._audience.following(TRANSPORT):
                async for outcome in outlet:
                    line["events"] += 1
                    await self._next(id_, outcome)
            if not outlet.errors:
                await self._complete(id_)
                return
            line["outcome"] = outlet.errors[0]["extensions"]["code"]
            if line["outcome"] == "OVERLOADED":
                self._audience.dropped(TRANSPORT)
            await self._error(id_, outlet.errors)
        finally:
            self._following.discard(id_)
            outlet.close()

    async def _next(self, id_: str, outcome: Outcome) -> None:
        body = written(outcome, self._graph).body
        await self._send("next", id=id_, payload=orjson.Fragment(body))

    async def _complete(self, id_: str) -> None:
        self._running.pop(id_, None)  # the id is free from here on
        await self._send("complete", id=id_)

    async def _error(self, id_: str, errors: list[Entry]) -> None:
        self._running.pop(id_, None)
        await self._send("error", id=id_, payload=errors)

    async def _send(self, kind: str, **members: object) -> None:
        if self._open:
            text = orjson.dumps({"type": kind, **members}).decode()
            await self._send_raw({"type": "websocket.send", "text": text})

    async def _leave(self, code: int, reason: str, told: Entry | None = None) -> None:
        """Subscriptions end here and now; single answers where there is no `told` are waited for."""
        single = {id_: task for id_, task in self._running.items() if id_ not in self._following}
        if told is None and single:
            await asyncio.wait(single.values())
        for id_, task in list(self._running.items()):
            task.cancel()
            if told is not None:
                await self._error(id_, [told])
        await self._close(code, reason)

    async def _close(self, code: int, reason: str) -> None:
        if self._open:
            self._open = False
            self.code = code
            await self._send_raw({"type": "websocket.close", "code": code, "reason": reason})

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
