"""The edge as one ASGI application: routes as travelled, one log line a request, the same headers on every answer.

Nothing raised below may reach the server: a bug is a 500 with a correlation id. A log line holds no query string, no
header, no address, no value of a caller.
"""

from __future__ import annotations

import traceback
from time import perf_counter
from typing import Any

import orjson
import structlog

from gateway.execution.errors import Incident, incident, internal
from gateway.http import csv_export
from gateway.http.csv_export import Export, Exports
from gateway.http.graphiql.page import Page
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.health import Health
from gateway.http.lifecycle import Lifecycle
from gateway.http.parameters import Disconnected
from gateway.http.reply import Message, Receive, Refusal, Reply, Scope, Send
from gateway.settings import Settings

ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
QUIET = frozenset({"/healthz", "/readyz"})
PATHS = QUIET | {"/", "/graphql", *csv_export.PATHS}

log = structlog.get_logger("gateway.http")


class Edge:
    """The application a server runs, over the graph that its lifecycle holds."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self._page = Page(sandbox=bool(settings.simulated))
        self._graphql = GraphQLEndpoint(settings, self.lifecycle, self._page)
        self._health = Health(settings, self.lifecycle)
        self._exports = Exports(settings, self.lifecycle)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        started = perf_counter()
        try:
            reply: Reply | Export = await self._route(scope, receive)
        except Disconnected:
            return
        except Exception as error:
            met = incident(error)
            reply = Reply(500, orjson.dumps({"errors": [internal(met)]}), incidents=[met])
        try:
            await reply(self._dressed(send))
        finally:
            cut = reply.cut if isinstance(reply, Export) else None
            write_line(scope, reply.status, perf_counter() - started, reply.incidents, cut)

    async def _route(self, scope: Scope, receive: Receive) -> Reply | Export:
        path: str = scope["path"]
        if path == "/graphql":
            return await self._graphql.answer(scope, receive)
        if path in csv_export.PATHS:
            return self._exports.reply(scope, receive)
        if scope["method"] not in ("GET", "HEAD"):
            return Refusal(405 if self._known(path) else 404, "There is nothing here to write to.").reply()
        if path == "/healthz":
            return self._health.alive()
        if path == "/readyz":
            return await self._health.ready(scope)
        if path == "/":
            return Reply(307, b"", headers=((b"location", b"/graphql"), (b"cache-control", b"no-store")))
        asset = self._page.asset(path)
        return asset or Refusal(404, "There is nothing here. The graph is at /graphql.").reply()

    def _known(self, path: str) -> bool:
        return path == "/" or path in QUIET or self._page.asset(path) is not None

    def _dressed(self, send: Send) -> Send:
        extra = (*ALWAYS, (b"connection", b"close")) if self.lifecycle.draining else ALWAYS

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].extend(extra)
            await send(message)

        return dressed


def write_line(scope: Scope, status: int, seconds: float, incidents: list[Incident], cut: str | None = None) -> None:
    """One line a request (rules.md 43); health checks only when something broke. `cut`: why it broke off midway."""
    path = scope["path"]
    if path in QUIET and not incidents:
        return
    line: dict[str, Any] = {
        "method": scope["method"] if scope["method"] in METHODS else "other",
        "path": path if path in PATHS else "other",
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if cut is not None:
        line["cut"] = cut
    if not incidents:
        log.info("request", **line)
        return
    log.error("request", **line, incidents=[told(met) for met in incidents])


def told(met: Incident) -> dict[str, Any]:
    """An incident for the log, whole."""
    return {
        "correlation_id": met.correlation_id,
        "count": met.count,
        "traceback": "".join(traceback.format_exception(met.error)),
    }
