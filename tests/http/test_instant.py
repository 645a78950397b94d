"""The shortest way over a real socket: the same answers as the usual way, in order, whole, and only to whom it may."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gateway.access.principal import Principal
from gateway.http import server
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from tests.http.conftest import live
from tests.http.test_answers import CALLERS, KeepingGraph

pytestmark = [pytest.mark.anyio, pytest.mark.untraced]  # a trace takes every question the usual way

HELLO = json.dumps({"query": "{ hello }"}).encode()
ANSWER = b'{"data":{"hello":"hello world"}}'


class StrangersGraph(KeepingGraph):
    """Strangers are known at once. `waits`: something about them must be waited for."""

    waits = False
    met = 0

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        self.met += 1
        return await super().authenticate(headers)

    def stranger(self) -> tuple[Principal, str] | None:
        return None if self.waits else (CALLERS[""], self.edited or "")


class Line:
    """One connection, spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5)).decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        return int(head[0].split(" ")[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def ask(self, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.02)
        return await self.answer()


def asked(body: bytes = HELLO, *more: bytes) -> bytes:
    lines = [b"POST /graphql HTTP/1.1", b"host: gateway", b"content-type: application/json", *more]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


@asynccontextmanager
async def serving(graph: KeepingGraph, cache: str = "on") -> AsyncIterator[tuple[Line, Lifecycle]]:
    lifecycle, settings = Lifecycle(), live(cache=cache)
    lifecycle.graph = graph
    with server.listen("127.0.0.1", 0) as listener:
        config = server.configured(Edge(settings, lifecycle), settings)
        running = server.Server(config, lifecycle, 0.0)
        task = asyncio.create_task(running.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        try:
            yield Line(reader, writer), lifecycle
        finally:
            writer.close()
            running.should_exit = True
            await task


async def test_it_says_what_the_usual_way_says_header_by_header() -> None:
    graph = StrangersGraph()
    async with serving(graph) as (line, _):
        await line.ask(asked())
        at_once = await line.ask(asked())
        assert graph.met == 1, "the second went the short way"
        graph.waits = True
        usual = await line.ask(asked())
    assert at_once[0] == usual[0] == 200
    assert at_once[2] == usual[2] == ANSWER
    assert at_once[1].pop("date")
    assert usual[1].pop("date")
    assert at_once[1] == usual[1]
    assert graph.ran == 1


async def test_questions_one_after_the_other_in_one_packet_are_answered_in_order() -> None:
    other = json.dumps({"query": "{ again: hello }"}).encode()
    async with serving(StrangersGraph()) as (line, _):
        await line.ask(asked())
        line.writer.write(asked() + asked(other) + asked())
        bodies = [(await line.answer())[2] for _ in range(3)]
    assert bodies == [ANSWER, b'{"data":{"again":"hello world"}}', ANSWER]


async def test_a_question_in_pieces_is_answered_all_the_same() -> None:
    whole = asked()
    async with serving(StrangersGraph()) as (line, _):
        await line.ask(whole)
        for cut in (10, len(whole) - len(HELLO), len(whole) - 3):
            assert (await line.ask(whole[:cut], whole[cut:]))[2] == ANSWER


async def test_a_caller_with_a_key_never_goes_this_way() -> None:
    graph = StrangersGraph()
    async with serving(graph) as (line, _):
        await line.ask(asked())
        assert (await line.ask(asked(HELLO, b"x-api-key: limited")))[2] == ANSWER
    assert graph.ran == 2


async def test_a_write_ends_what_is_kept_here_too() -> None:
    graph = StrangersGraph()
    async with serving(graph) as (line, _):
        await line.ask(asked())
        graph.edited = "1"
        await line.ask(asked())
    assert graph.ran == 2


async def test_while_draining_the_connection_is_told_to_close() -> None:
    async with serving(StrangersGraph()) as (line, lifecycle):
        await line.ask(asked())
        lifecycle.draining = True
        assert (await line.ask(asked()))[1]["connection"] == "close"


async def test_what_is_no_question_is_refused_as_ever() -> None:
    async with serving(StrangersGraph()) as (line, _):
        await line.ask(asked())
        assert (await line.ask(asked(b"[]")))[0] == 400
        assert (await line.ask(asked()))[2] == ANSWER
        assert (await line.ask(b"NOT HTTP\r\n\r\n"))[0] == 400


async def test_what_asks_no_vendor_is_kept_even_where_nothing_else_is() -> None:
    graph = StrangersGraph()
    typename = json.dumps({"query": "{ __typename }"}).encode()
    async with serving(graph, "off") as (line, _):
        for _ in range(4):
            assert (await line.ask(asked(typename)))[2] == b'{"data":{"__typename":"Query"}}'
        assert graph.ran == 1
        for _ in range(2):
            await line.ask(asked())
        assert graph.ran == 3
        await line.ask(asked(typename, b"x-api-key: limited"))
    assert graph.ran == 4
