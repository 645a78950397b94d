"""The edge as one ASGI application: routes as travelled, one log line a request, the same headers on every answer.

Nothing raised below may reach the server: a bug is a 500 with a correlation id. A log line holds no query string, no
header, no address, no value of a caller.
"""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter

import orjson

from gateway.execution.errors import incident, internal
from gateway.http import csv_export, exports, odata
from gateway.http.audience import Audience
from gateway.http.begun import begun
from gateway.http.cors import Cors
from gateway.http.csv_export import Export, Exports
from gateway.http.events import EventStream
from gateway.http.exports import TableExports
from gateway.http.graphiql.page import Page
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.health import Health
from gateway.http.insiders import Insiders
from gateway.http.instant import Instant
from gateway.http.lifecycle import Lifecycle
from gateway.http.lines import QUIET, write_line
from gateway.http.metrics import PATH as METRICS
from gateway.http.metrics import Figures
from gateway.http.odata import OData
from gateway.http.parameters import Disconnected
from gateway.http.protocol import WHOLE
from gateway.http.reply import ALWAYS, NOTHING_TO_RUN, SAFE, Message, Receive, Refusal, Reply, Scope, Send
from gateway.http.sockets import Sockets
from gateway.http.stream import Stream
from gateway.settings import Settings
from gateway.telemetry import Telemetry
from gateway.telemetry.watch import Seen

PATHS = QUIET | {"/", "/graphql", METRICS, *csv_export.PATHS, *exports.PATHS, *odata.PATHS}


class Edge:
    """The application a server runs, over the graph that its lifecycle holds."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, telemetry: Telemetry | None = None) -> None:
        self.lifecycle = lifecycle
        self._telemetry = telemetry or Telemetry()
        self._page = Page(sandbox=bool(settings.simulated))
        self.audience = Audience(settings, self.lifecycle, self._telemetry)
        self._graphql = GraphQLEndpoint(settings, self.lifecycle, self._page, self.audience)
        self._sockets = Sockets(settings, self.lifecycle, self._graphql.desk, self.audience)
        insiders = Insiders(settings, self.lifecycle)
        self._health = Health(settings, self.lifecycle, insiders)
        self._figures = Figures(self._telemetry, insiders)
        self._telemetry.names.trust(self._graphql.trusted)
        self._exports = Exports(settings, self.lifecycle)
        self._tables = TableExports(settings, self.lifecycle)
        self._odata = OData(settings, self.lifecycle)
        self._cors = Cors(settings.cors_origins)
        self.instant = Instant(self._graphql.express, lifecycle, self._telemetry, self._cors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        if scope["type"] == "websocket":
            await self._sockets.serve(scope, receive, send)
        if scope["type"] != "http":
            return
        path = told_path(scope)
        traceparent = header(scope, b"traceparent") if self._telemetry.tracing is not None else None
        seen = self._telemetry.begin(path, traceparent)
        try:
            await self._answer(scope, receive, send, seen, path)
        finally:
            self._telemetry.end(seen, path)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, seen: Seen, path: str) -> None:
        try:
            reply = await self._reply(scope, receive)
        except Disconnected:
            return
        except Exception as error:
            met = incident(error)
            reply = Reply(500, orjson.dumps({"errors": [internal(met)]}), incidents=[met])
        try:
            if not (type(reply) is Reply and self._sent_whole(scope, reply)):
                await reply(self._dressed(scope, send))
        finally:
            more = {"cut": reply.cut} if isinstance(reply, Export) else reply.line
            seen.answered(reply.status, more)
            if seen.span is not None:
                more = {**more, "trace": seen.span.trace_id}
            write_line(scope["method"], path, reply.status, perf_counter() - seen.began, reply.incidents, more)

    async def _reply(self, scope: Scope, receive: Receive) -> Reply | Export | Stream | EventStream:
        """By the short way where it is open."""
        media = self._graphql.express.takes(scope) if scope["path"] == "/graphql" else None
        if media is not None:
            body, receive = begun(receive)
            if body is not None:
                return await self._graphql.plain(media, body)
        return await self._route(scope, receive)

    def _sent_whole(self, scope: Scope, reply: Reply) -> bool:
        """Writes a good answer in one step, where nothing is to be added to it."""
        whole = scope.get(WHOLE)
        if (
            whole is None
            or reply.status != 200
            or scope["method"] == "HEAD"
            or self.lifecycle.draining
            or self._cors.headers(scope)
        ):
            return False
        for name, _ in reply.headers:
            if name == b"content-security-policy":
                return False
        head = ((b"content-type", reply.content_type), *reply.headers, *SAFE)
        return bool(whole(head, reply.body))

    async def _route(self, scope: Scope, receive: Receive) -> Reply | Export | Stream | EventStream:
        path: str = scope["path"]
        if path == "/graphql":
            return await self._graphql.answer(scope, receive)
        if path in csv_export.PATHS:
            return self._exports.reply(scope, receive)
        if path in exports.PATHS:
            return self._tables.reply(scope, receive)
        if path.startswith(odata.ROOT):
            return self._odata.reply(scope, receive)
        if scope["method"] not in ("GET", "HEAD"):
            return Refusal(405 if self._known(path) else 404, "There is nothing here to write to.").reply()
        if path == "/healthz":
            return self._health.alive()
        if path == "/readyz":
            return await self._health.ready(scope)
        if path == METRICS:
            return await self._figures.reply(scope)
        if path == "/":
            return Reply(307, b"", headers=((b"location", b"/graphql"), (b"cache-control", b"no-store")))
        asset = self._page.asset(path)
        return asset or Refusal(404, "There is nothing here. The graph is at /graphql.").reply()

    def _known(self, path: str) -> bool:
        return path in ("/", METRICS) or path in QUIET or self._page.asset(path) is not None

    def _dressed(self, scope: Scope, send: Send) -> Send:
        cors = self._cors.headers(scope)
        extra = (*ALWAYS, *cors) if cors else ALWAYS
        if self.lifecycle.draining:
            extra = (*extra, (b"connection", b"close"))

        def dressed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                for name, _ in headers:
                    if name == b"content-security-policy":
                        break
                else:
                    headers.append(NOTHING_TO_RUN)
                headers.extend(extra)
            return send(message)

        return dressed


def told_path(scope: Scope) -> str:
    """The path where it is one of the gateway's own; what else strangers ask for is nobody's business."""
    path: str = scope["path"]
    return path if path in PATHS else "other"


def header(scope: Scope, name: bytes) -> str | None:
    """The first of that name."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
