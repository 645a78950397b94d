"""The ASGI shell around a simulator: counts its calls, plays its faults, answers the control routes, dates answers.

Resets and cut bodies need the connection itself: the host offers its `close` and `reset` in the scope's `extensions`.
Without them (an in-process test) those faults raise ConnectionResetError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from email.utils import formatdate

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain.instant import SECOND
from gateway.sandbox.faults import Fault, Faults, endpoint_of
from gateway.sandbox.simulation import Simulation
from gateway.sandbox.world import World

CONNECTION = "sandbox.connection"
_HTML = b"<!doctype html><title>Gateway time-out</title><h1>We will be back soon</h1>"
_BROKEN = b'{"count": 1, "results": [{"store_code": "116500", "count": 1,},], "data": [],}'
_OTHER_SHAPE = b'{"count": "many", "results": "none", "data": 7, "documents": {"a": 1}}'
_ERROR = b'{"detail": "Something went wrong.", "message": "Something went wrong.", "code": "internal", "error_id": "0"}'


class Stage:
    """One simulator on its port. The world's crosswalk file is served at `/_crosswalk`."""

    def __init__(self, simulation: Simulation, faults: Faults, world: World) -> None:
        self._app = simulation.app
        self._prefix = simulation.prefix
        self._endpoints = simulation.endpoints
        self._faults = faults
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            if scope["path"].startswith("/_"):
                await (await self._control(Request(scope, receive)))(scope, receive, send)
            else:
                await self._answer({**scope, "state": {}}, receive, send)
        except asyncio.CancelledError:
            if CONNECTION not in (scope.get("extensions") or {}):
                raise  # an in-process caller cancels; on a socket only the stopping host does

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A counted answer with the vendor's own clock; rows are counted before the caller can know of them."""
        path = scope["path"].removeprefix(self._prefix)
        endpoint = endpoint_of(path, self._endpoints)
        date = (b"date", formatdate(self._world.now() / SECOND, usegmt=True).encode())

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._faults.served(endpoint, scope["state"].get("rows", 0))
                message = {**message, "headers": [*message.get("headers", ()), date]}
            await send(message)

        self._faults.arrived(endpoint)
        await self._play(scope, receive, note, path)

    async def _play(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        for fault in self._faults.strike(path):
            if fault.kind == "latency":
                await asyncio.sleep(fault.seconds)
            elif (answer := _canned(fault)) is not None:
                await answer(scope, receive, send)
                return
            elif fault.kind == "hang":
                await _until_gone(receive)
                return
            elif fault.kind == "reset":
                await _end(scope, receive, "reset")
                return
            else:
                await _spoil(self._app, fault, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _control(self, request: Request) -> Response:
        match request.method, request.url.path:
            case "GET", "/_faults":
                return _json(msgspec.json.encode(self._faults.active))
            case "POST", "/_faults":
                try:
                    self._faults.on(msgspec.json.decode(await request.body(), type=Fault))
                except msgspec.MsgspecError as wrong:
                    return _json(orjson.dumps({"error": str(wrong)}), 400)
                return _json(msgspec.json.encode(self._faults.active), 201)
            case "DELETE", "/_faults":
                self._faults.off()
                return Response(status_code=204)
            case "GET", "/_calls":
                rows = self._faults.rows
                calls = {name: {"calls": n, "rows": rows[name]} for name, n in sorted(self._faults.calls.items())}
                return _json(orjson.dumps(calls))
            case "DELETE", "/_calls":
                self._faults.forget()
                return Response(status_code=204)
            case "GET", "/_crosswalk":
                return Response(self._world.crosswalk_toml(), media_type="application/toml")
        return _json(b'{"error": "no such control route"}', 404)


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _canned(fault: Fault) -> Response | None:
    """The answer of a fault that does not need the true one."""
    match fault.kind:
        case "status":
            headers = {"content-type": "application/json"} if fault.body else {}
            return Response(fault.body, fault.status, headers | fault.headers)
        case "malformed":
            return _json(_BROKEN)
        case "wrong_shape":
            return _json(_OTHER_SHAPE)
        case "error_body":
            return _json(_ERROR)
        case "empty":
            return _json(b"")
        case "html":
            return Response(_HTML, media_type="text/html")
        case "redirect":
            return Response(status_code=301, headers={"location": fault.location})
    return None


async def _spoil(app: ASGIApp, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    """The true answer, cut in the middle or byte by byte."""
    start: Message = {}
    body = bytearray()

    async def record(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, record)
    start["headers"] = [pair for pair in start["headers"] if pair[0] != b"content-length"]
    start["headers"].append((b"content-length", str(len(body)).encode()))
    await send(start)
    if fault.kind == "truncated":
        await send({"type": "http.response.body", "body": bytes(body[: len(body) // 2]), "more_body": True})
        await _end(scope, receive, "close")
        return
    for byte in body:
        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await asyncio.sleep(fault.seconds)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _end(scope: Scope, receive: Receive, how: str) -> None:
    """End the connection and wait until the server has noticed, so that it does not answer in our place."""
    ends: Mapping[str, Callable[[], None]] | None = (scope.get("extensions") or {}).get(CONNECTION)
    if ends is None:
        raise ConnectionResetError
    ends[how]()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
