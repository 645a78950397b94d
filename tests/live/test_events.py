"""GraphQL over Server-Sent Events, over real sockets and the toy graph."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from tests.execution.toy import ToyGraph
from tests.http.conftest import live
from tests.live.served import Served, served

pytestmark = pytest.mark.anyio

SILENT = {"query": "subscription { ticks(count: -1) }"}


@pytest.fixture
def graph() -> ToyGraph:
    return ToyGraph()


@pytest.fixture
async def gateway(graph: ToyGraph) -> AsyncIterator[Served]:
    async with served(graph, live(streams={"heartbeat": 0.2, "most": 2})) as running:
        yield running


async def test_a_subscription_is_told_as_events(gateway: Served) -> None:
    async with gateway.events({"query": "subscription { ticks(count: 2) }"}) as events:
        await events.begin()
        assert events.status == 200
        assert events.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert events.headers["cache-control"] == "no-store"
        assert await events.all() == [{"data": {"ticks": 0}}, {"data": {"ticks": 1}}, "complete"]


@pytest.mark.parametrize(
    ("query", "told"),
    [("{ hello }", {"data": {"hello": "hello world"}}), ("mutation { touch }", {"data": {"touch": True}})],
)
async def test_a_single_answer_is_one_event(gateway: Served, query: str, told: object) -> None:
    async with gateway.events({"query": query}) as events:
        assert await (await events.begin()).all() == [told, "complete"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { refused }", "BAD_USER_INPUT"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
    ],
)
async def test_what_is_wrong_with_the_question_is_an_event(gateway: Served, query: str, code: str) -> None:
    async with gateway.events({"query": query}) as events:
        first, second = await (await events.begin()).all()
        assert (events.status, [error["extensions"]["code"] for error in first["errors"]]) == (200, [code])
        assert ("data" in first, second) == (False, "complete")


async def test_what_is_no_question_is_refused_as_ever(gateway: Served) -> None:
    async with gateway.events({"variables": {}}) as events:
        assert (await events.begin()).status == 400
        assert events.headers["content-type"] == "application/json; charset=utf-8"
    async with gateway.events(SILENT, Authorization="Bearer x") as events:
        assert (await events.begin()).status == 401


async def test_a_silent_stream_beats(gateway: Served) -> None:
    async with gateway.events(SILENT) as events:
        await events.begin()
        blocks = events.blocks()
        async with asyncio.timeout(2):
            assert [await anext(blocks) for _ in range(3)] == [":", ":", ":"]


async def test_a_reader_who_leaves_is_noticed_at_once(gateway: Served, graph: ToyGraph) -> None:
    async with gateway.events(SILENT) as events:
        await events.begin()
        assert len(graph.streams._channels) == 1
    async with asyncio.timeout(2):
        while graph.streams._channels:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_stream_is_cut_without_complete_when_the_gateway_stops(graph: ToyGraph) -> None:
    async with served(graph, live()) as gateway, gateway.events(SILENT) as events:
        await events.begin()
        gateway.server.should_exit = True
        assert await events.all() == []
        assert events.ended


async def test_more_streams_than_there_are_places_are_a_503(gateway: Served) -> None:
    async with gateway.events(SILENT) as one, gateway.events(SILENT) as two:
        await one.begin()
        await two.begin()
        async with gateway.events(SILENT) as three:
            assert (await three.begin()).status == 503


@pytest.mark.parametrize(
    ("accept", "query", "kind"),
    [
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            "{ hello }",
            "json",
        ),
        ("application/json, text/event-stream", "subscription { ticks }", "event-stream"),
        ("text/event-stream, */*;q=0.1", "{ hello }", "event-stream"),
        ("*/*", "{ hello }", "json"),
        ("text/*;q=0.9, application/json;q=0.1", "{ hello }", "json"),
    ],
)
async def test_the_accept_header_decides(gateway: Served, accept: str, query: str, kind: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        response = await client.post("/graphql", json={"query": query}, headers={"accept": accept})
    assert (response.status_code, kind in response.headers["content-type"]) == (200, True)


async def test_a_link_may_follow_and_read_but_never_write(gateway: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        answers = [
            (await client.get(f"/graphql?query={quote(query)}", headers={"accept": "text/event-stream"})).text
            for query in ("subscription { ticks(count: 1) }", "{ hello }", "mutation { touch }")
        ]
    assert 'data: {"data":{"ticks":0}}' in answers[0]
    assert 'data: {"data":{"hello":"hello world"}}' in answers[1]
    assert '"code":"BAD_USER_INPUT"' in answers[2]
    assert "touch" not in answers[2]


async def test_a_subscription_asked_for_as_json_is_refused(gateway: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        response = await client.post("/graphql", json={"query": "subscription { ticks }"})
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
