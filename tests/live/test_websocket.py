"""graphql-transport-ws, message by message, over real sockets and the toy graph."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.execution.toy import ToyGraph
from tests.http.conftest import live
from tests.live.served import Served, Spoken, served

pytestmark = pytest.mark.anyio


@pytest.fixture
def graph() -> ToyGraph:
    return ToyGraph()


@pytest.fixture
async def gateway(graph: ToyGraph) -> AsyncIterator[Served]:
    settings = live(
        streams={"init_timeout": 0.3, "per_socket": 3}, max_body_bytes=5_000, cors_origins=["https://a.example"]
    )
    async with served(graph, settings) as running:
        yield running


async def closed_by(gateway: Served, *messages: Any) -> tuple[int | None, str | None]:
    async with gateway.bare() as opened:
        spoken = Spoken(opened)
        for message in messages:
            await (opened.send(message) if isinstance(message, str | bytes) else spoken.send(**message))
        async with asyncio.timeout(3):
            try:
                while True:
                    await opened.recv()
            except ConnectionClosed:
                return opened.close_code, opened.close_reason


INIT = {"type": "connection_init"}


async def test_a_query_runs_over_a_socket(gateway: Served) -> None:
    async with gateway.socket() as socket:
        assert socket.opened.subprotocol == "graphql-transport-ws"
        await socket.subscribe("1", "query($n: String!) { hello(name: $n) }", n="Ada")
        assert await socket.receive() == {"id": "1", "type": "next", "payload": {"data": {"hello": "hello Ada"}}}
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.subscribe("1", "mutation { touch }")
        assert await socket.next() == {"data": {"touch": True}}


async def test_a_subscription_is_told_event_by_event_and_completed(gateway: Served) -> None:
    async with gateway.socket() as socket:
        await socket.subscribe("a", "subscription { ticks(count: 2) }")
        assert [await socket.receive() for _ in range(3)] == [
            {"id": "a", "type": "next", "payload": {"data": {"ticks": 0}}},
            {"id": "a", "type": "next", "payload": {"data": {"ticks": 1}}},
            {"id": "a", "type": "complete"},
        ]


async def test_a_failing_event_is_told_and_the_stream_goes_on(gateway: Served) -> None:
    async with gateway.socket() as socket:
        await socket.subscribe("a", "subscription { rows { number broken } }")
        first, second, third = [await socket.next() for _ in range(3)]
        assert first["data"] == {"rows": {"number": 1, "broken": None}}
        assert first["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(first)
        assert second["data"] is None
        assert second["errors"] == [
            {
                "message": "Bespot did not answer.",
                "locations": [{"line": 1, "column": 16}],
                "path": ["rows"],
                "extensions": {"code": "UPSTREAM_UNAVAILABLE", "vendor": "BESPOT", "retryable": True},
            }
        ]
        assert third["data"] == {"rows": {"number": 2, "broken": None}}
        assert (await socket.receive())["type"] == "complete"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { refused }", "BAD_USER_INPUT"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ticks rows { number } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_never_ran_is_an_error_and_leaves_the_socket_open(gateway: Served, query: str, code: str) -> None:
    async with gateway.socket() as socket:
        await socket.subscribe("1", query)
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in message["payload"]] == [code]
        await socket.subscribe("1", "{ hello }")
        assert await socket.next() == {"data": {"hello": "hello world"}}


async def test_a_bug_in_a_source_is_masked_and_reported_once(gateway: Served, graph: ToyGraph) -> None:
    async with gateway.socket() as socket:
        await socket.subscribe("1", "subscription { broken }")
        assert await socket.next() == {"data": {"broken": 1}}
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(message)
        assert [type(met.error) for met in graph.reported] == [ValueError]


async def test_a_ping_is_answered_before_and_after_the_acknowledgement(gateway: Served) -> None:
    async with gateway.bare() as opened:
        spoken = Spoken(opened)
        await spoken.send(type="ping")
        assert await spoken.receive() == {"type": "pong"}
        await spoken.send(**INIT)
        assert await spoken.receive() == {"type": "connection_ack"}
        await spoken.send(type="ping", payload={"at": 1})
        assert await spoken.receive() == {"type": "pong", "payload": {"at": 1}}
        await spoken.send(type="pong")
        await spoken.subscribe("1", "{ hello }")
        assert (await spoken.receive())["type"] == "next"


async def test_a_completed_subscription_is_told_nothing_more(gateway: Served, graph: ToyGraph) -> None:
    async with gateway.socket() as socket:
        await socket.subscribe("a", "subscription { ticks(count: -1) }")
        await socket.send(id="a", type="complete")
        await socket.send(id="never", type="complete")
        await socket.subscribe("a", "{ hello }")
        assert await socket.receive() == {"id": "a", "type": "next", "payload": {"data": {"hello": "hello world"}}}
        assert await socket.receive() == {"id": "a", "type": "complete"}
    assert graph.streams._channels == {}


async def test_who_says_nothing_is_closed_with_4408(gateway: Served) -> None:
    assert await closed_by(gateway) == (4408, "Connection initialisation timeout")


async def test_pings_do_not_put_the_introduction_off(gateway: Served) -> None:
    assert (await closed_by(gateway, {"type": "ping"}, {"type": "ping"}))[0] == 4408


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([INIT, INIT], 4429),
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}}], 4401),
        ([INIT, {"type": "connection_terminate"}], 4400),
        ([INIT, {"id": "1"}], 4400),
        ([INIT, "not json"], 4400),
        ([INIT, b"{}"], 4400),
        ([INIT, "[]"], 4400),
        ([INIT, '{"type":"ping"' + '{"a":' * 0 + ',"payload":' + "[" * 200 + "]" * 200 + "}"], 4400),
        ([INIT, {"type": "subscribe", "payload": {"query": "{ hello }"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1"}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": 1}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": []}}], 4400),
        ([{"type": "connection_init", "payload": "x"}], 4400),
        ([{"type": "connection_init", "payload": {"Authorization": 1}}], 4400),
        ([{"type": "connection_init", "payload": {"Authorization": "Bearer x"}}], 4403),
        ([{"type": "connection_init", "payload": {"headers": {"authorization": "Bearer x"}}}], 4403),
        ([INIT, {"type": "ping", "payload": "x" * 6_000}], 1009),
    ],
)
async def test_what_breaks_the_protocol_closes_the_socket(gateway: Served, messages: list[Any], code: int) -> None:
    assert (await closed_by(gateway, *messages))[0] == code


async def test_an_id_in_use_closes_the_socket_without_repeating_it(gateway: Served) -> None:
    follow = {"type": "subscribe", "id": "mine", "payload": {"query": "subscription { ticks(count: -1) }"}}
    assert await closed_by(gateway, INIT, follow, follow) == (4409, "Subscriber already exists")


async def test_another_sub_protocol_is_4406(gateway: Served) -> None:
    async with gateway.bare(subprotocols=None) as opened:
        assert (await Spoken(opened).closed())[0] == 4406


async def test_a_socket_carries_so_many_operations_and_no_more(gateway: Served) -> None:
    async with gateway.socket() as socket:
        for number in range(4):
            await socket.subscribe(str(number), "subscription { ticks(count: -1) }")
        message = await socket.receive()
        assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("3", "OVERLOADED")


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [("https://a.example", True), ("http://127.0.0.1:{port}", True), ("https://evil.example", False), ("null", False)],
)
async def test_pages_of_other_origins_are_kept_out(gateway: Served, origin: str, welcome: bool) -> None:
    origin = origin.format(port=gateway.port)
    if welcome:
        async with gateway.socket(origin=origin) as socket:
            assert socket.opened.subprotocol == "graphql-transport-ws"
        return
    with pytest.raises(InvalidStatus) as refused:
        async with gateway.bare(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_credential_of_the_handshake_counts_too(gateway: Served) -> None:
    async with gateway.bare(additional_headers={"Authorization": "Bearer x"}) as opened:
        spoken = Spoken(opened)
        await spoken.send(**INIT)
        assert (await spoken.closed())[0] == 4403


async def test_there_is_no_socket_elsewhere(gateway: Served) -> None:
    from websockets.asyncio.client import connect

    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://127.0.0.1:{gateway.port}/healthz"):
            pass
    assert refused.value.response.status_code == 404


async def test_sockets_are_closed_with_1012_when_the_gateway_stops(graph: ToyGraph) -> None:
    async with served(graph, live()) as gateway, gateway.socket() as idle, gateway.socket() as busy:
        await idle.subscribe("a", "subscription { ticks(count: -1) }")
        await busy.subscribe("b", "{ slow(seconds: 0.5) }")
        await asyncio.sleep(0.1)
        gateway.server.should_exit = True
        assert await idle.closed() == (1012, "Service restart")
        assert await busy.next() == {"data": {"slow": "done"}}
        assert (await busy.receive())["type"] == "complete"
        assert (await busy.closed())[0] == 1012


async def test_more_sockets_than_there_are_places_are_a_503(graph: ToyGraph) -> None:
    async with served(graph, live(streams={"most": 1})) as gateway, gateway.socket():
        with pytest.raises(InvalidStatus) as refused:
            async with gateway.bare():
                pass
        assert refused.value.response.status_code == 503


async def test_a_slow_reader_is_told_and_dropped_and_slows_nobody(graph: ToyGraph) -> None:
    query = f"subscription {{ {'a' * 4_000}: ticks(count: 3000) }}"
    async with served(graph, live()) as gateway, gateway.socket(max_queue=1) as slow, gateway.socket() as quick:
        for socket in (slow, quick):
            await socket.subscribe("1", query)
        for _ in range(3000):
            await quick.next()
        assert (await quick.receive())["type"] == "complete"
        types = [message["type"] async for message in until_the_end(slow)]
        assert types[-1] == "error"
        assert 0 < types.count("next") < 3000


async def test_who_never_reads_is_cut_off(graph: ToyGraph) -> None:
    query = f"subscription {{ {'a' * 4_000}: ticks(count: 3000) }}"
    async with served(graph, live(send_timeout=0.2)) as gateway, gateway.bare(max_queue=1, close_timeout=0.1) as opened:
        await Spoken(opened).send(**INIT)
        await Spoken(opened).subscribe("1", query)
        async with asyncio.timeout(5):
            while not graph.streams._channels:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            while graph.streams._channels:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_socket_lasts_as_long_as_an_export_may(graph: ToyGraph) -> None:
    async with served(graph, live(export_timeout=0.5)) as gateway, gateway.socket() as socket:
        await socket.subscribe("1", "subscription { ticks(count: -1) }")
        assert await socket.closed() == (1012, "Service restart")


async def test_a_registered_operation_may_be_followed_by_its_hash(gateway: Served) -> None:
    text = "subscription { ticks(count: 1) }"
    by_hash = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}
    async with gateway.socket() as socket:
        await socket.send(id="1", type="subscribe", payload={"extensions": by_hash})
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        await socket.send(id="1", type="subscribe", payload={"query": text, "extensions": by_hash})
        assert await socket.next() == {"data": {"ticks": 0}}
        assert (await socket.receive())["type"] == "complete"
        await socket.send(id="1", type="subscribe", payload={"extensions": by_hash})
        assert await socket.next() == {"data": {"ticks": 0}}


async def until_the_end(socket: Spoken) -> AsyncIterator[Any]:
    """Messages up to the one that ends the operation."""
    while True:
        message = await socket.receive()
        yield message
        if message["type"] != "next":
            return


async def test_equal_subscriptions_of_equal_callers_run_once(gateway: Served, graph: ToyGraph) -> None:
    async with gateway.socket() as one, gateway.socket() as two:
        for socket in (one, two):
            await socket.subscribe("a", "subscription { ticks(count: -1) }")
        await two.subscribe("b", "subscription { ticks(count: -1, burst: 2) }")
        await asyncio.sleep(0.1)
        assert len(graph.streams._channels) == 2
