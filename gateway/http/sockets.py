"""The door to the sockets: which handshakes are taken, and one log line for each socket.

Other sites' pages are kept out by their origin: a browser asks nobody before it opens a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import structlog

from gateway.execution.errors import incident
from gateway.http import credentials, frames
from gateway.http.audience import Audience
from gateway.http.desk import Desk
from gateway.http.graphql import joined
from gateway.http.lifecycle import Lifecycle
from gateway.http.lines import told
from gateway.http.reply import Receive, Refusal, Scope, Send
from gateway.http.websocket import Socket
from gateway.settings import Settings

PATH = "/graphql"

log = structlog.get_logger("gateway.http")


class Sockets:
    """Serves one socket a call."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, desk: Desk, audience: Audience) -> None:
        self._streams = settings.streams
        self._lifecycle = lifecycle
        self._desk = desk
        self._audience = audience
        self._origins = frozenset(settings.cors_origins)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """From the handshake to the end."""
        started = perf_counter()
        await receive()  # websocket.connect
        status = 101
        line: dict[str, Any] = {"method": "WS", "path": PATH}
        socket: Socket | None = None
        try:
            socket = self._socket(scope, receive, send)
            with self._audience.seat(socket):
                await socket.run()
        except Refusal as refusal:
            status = refusal.status
            await _reject(send, refusal)
        except OSError:  # uvicorn's word for a caller who has gone
            pass
        except Exception as bug:
            line["incidents"] = [told(incident(bug))]
        finally:
            line["status"] = status
            if socket is not None:
                line |= {"close": socket.code, "operations": socket.operations, "who": socket.who}
            write = log.error if "incidents" in line else log.info
            write("socket", **line, ms=round((perf_counter() - started) * 1000, 1))

    def _socket(self, scope: Scope, receive: Receive, send: Send) -> Socket:
        headers = joined(scope["headers"])
        if scope["path"] != PATH:
            raise Refusal(404, f"There is nothing here. The graph is at {PATH}.")
        if not self._welcome(headers):
            raise Refusal(403, "Pages of this origin may not ask here.", code="FORBIDDEN")
        graph = self._lifecycle.graph
        if graph is None:
            raise Refusal(503, "The gateway is starting.", code="OVERLOADED", headers=((b"retry-after", b"1"),))
        protocol = frames.PROTOCOL if frames.PROTOCOL in scope.get("subprotocols", ()) else None
        sent = credentials.of_headers(headers)
        return Socket(self._streams, graph, self._desk, self._audience, sent, receive, send, protocol)

    def _welcome(self, headers: Mapping[str, str]) -> bool:
        """No origin, as programs have none; this gateway's own; or one the operator lists (rules.md 44)."""
        origin = headers.get("origin")
        if origin is None or origin.lower() in self._origins:
            return True
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


async def _reject(send: Send, refusal: Refusal) -> None:
    reply = refusal.reply()
    headers = [(b"content-type", reply.content_type), *reply.headers]
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
