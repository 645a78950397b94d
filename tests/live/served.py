"""The edge on a real socket in this process, and the two ways to follow something over it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.http import server
from gateway.http.app import Edge
from gateway.http.lifecycle import Graph, Lifecycle
from gateway.http.server import Server
from gateway.settings import Settings

PROTOCOL = Subprotocol("graphql-transport-ws")
PATIENCE = 15.0


class Served:
    """Where it is, and the server itself."""

    def __init__(self, port: int, server: Server) -> None:
        self.port = port
        self.server = server

    async def cut(self) -> None:
        """Everything that listens is closed, as for a restart."""
        assert self.server._dismiss is not None
        await self.server._dismiss()

    @asynccontextmanager
    async def bare(self, **more: Any) -> AsyncIterator[ClientConnection]:
        """A socket that has not introduced itself."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(
            address, **{"subprotocols": [PROTOCOL], "compression": None, "max_queue": None, **more}
        ) as opened:
            yield opened

    @asynccontextmanager
    async def socket(self, payload: Any = None, **more: Any) -> AsyncIterator[Spoken]:
        """A socket that has been acknowledged."""
        async with self.bare(**more) as opened:
            spoken = Spoken(opened)
            await spoken.send(type="connection_init", **({} if payload is None else {"payload": payload}))
            assert await spoken.receive() == {"type": "connection_ack"}
            yield spoken

    @asynccontextmanager
    async def events(self, body: Mapping[str, Any], **headers: str) -> AsyncIterator[Events]:
        """An event stream asked for by POST."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        raw = orjson.dumps(body)
        told = {
            "Host": "gateway",
            "Accept": "text/event-stream",
            "Content-Type": "application/json",
            "Content-Length": str(len(raw)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "POST /graphql HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items()) + "\r\n"
        writer.write(head.encode() + raw)
        try:
            yield Events(reader)
        finally:
            writer.close()


class Spoken:
    """A socket and its messages."""

    def __init__(self, opened: ClientConnection) -> None:
        self.opened = opened

    async def send(self, **message: Any) -> None:
        await self.opened.send(orjson.dumps(message).decode())

    async def subscribe(self, id_: str, query: str, **variables: Any) -> None:
        await self.send(id=id_, type="subscribe", payload={"query": query, "variables": variables})

    async def receive(self, patience: float = PATIENCE) -> Any:
        async with asyncio.timeout(patience):
            return orjson.loads(await self.opened.recv())

    async def next(self, patience: float = PATIENCE) -> Any:
        """The payload of the `next` that comes next."""
        message = await self.receive(patience)
        assert message["type"] == "next", message
        return message["payload"]

    async def closed(self) -> tuple[int | None, str | None]:
        """Waits for the end: its code and reason."""
        async with asyncio.timeout(PATIENCE):
            await self.opened.wait_closed()
        return self.opened.close_code, self.opened.close_reason


class Events:
    """An HTTP answer and its events."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.status = 0
        self.headers: dict[str, str] = {}
        self._text = b""
        self.ended = False

    async def begin(self) -> Events:
        """Reads the head."""
        async with asyncio.timeout(PATIENCE):
            lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return self

    async def blocks(self) -> AsyncIterator[str]:
        """Everything between blank lines, comments too."""
        while True:
            while b"\n\n" in self._text:
                block, _, self._text = self._text.partition(b"\n\n")
                yield block.decode()
            size = int((await self._reader.readline()).strip() or b"0", 16)
            self._text += await self._reader.readexactly(size)
            await self._reader.readline()
            if size == 0:
                self.ended = True
                return

    async def all(self) -> list[Any]:
        """Every event until the end: payloads of `next`, and "complete"."""
        async with asyncio.timeout(PATIENCE):
            return [told(block) async for block in self.blocks() if block != ":"]


def told(block: str) -> Any:
    """A payload, or "complete"."""
    event, data = block.split("\n")
    if event == "event: complete":
        assert data == "data:"
        return "complete"
    assert event == "event: next"
    return orjson.loads(data.removeprefix("data: "))


@asynccontextmanager
async def served(graph: Graph, settings: Settings) -> AsyncIterator[Served]:
    """A server on a free port, shut down as by a second SIGTERM."""
    lifecycle = Lifecycle()
    lifecycle.graph = graph
    edge = Edge(settings, lifecycle)
    with server.listen("127.0.0.1", 0) as listener:
        running = Server(server.configured(edge, settings), lifecycle, 0.0, dismiss=edge.audience.dismiss)
        port: int = listener.getsockname()[1]
        task = asyncio.create_task(running.serve(sockets=[socket.socket(fileno=listener.detach())]))
        while not running.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        try:
            yield Served(port, running)
        finally:
            running.should_exit = True
            await task
