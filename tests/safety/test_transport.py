"""What the edge does to connections, origins and headers: in process, and on real sockets where only those can tell."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import orjson
import pytest
import uvicorn

from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.http.origin import Origins
from gateway.http.protocol import MOST_HEAD_BYTES
from gateway.http.server import configured
from tests.execution.toy import ToyGraph
from tests.http.conftest import live
from tests.safety.guarded import DAY, ORIGIN, Gate, guarded

pytestmark = pytest.mark.anyio

QUESTION = b'{"query": "{ hello }"}'


@pytest.fixture(scope="module")
async def open_gate() -> AsyncIterator[Gate]:
    async with guarded(cors_origins=[ORIGIN, "http://localhost:3000"]) as running:
        yield running


async def preflight(gate: Gate, origin: str) -> httpx.Response:
    async with gate.client() as client:
        sent = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-api-key",
        }
        return await client.options("/graphql", headers=sent)


def opened(response: httpx.Response) -> list[str]:
    return sorted(name for name in response.headers if name.startswith("access-control-"))


async def test_an_origin_of_the_list_may_ask(open_gate: Gate) -> None:
    answer = await preflight(open_gate, ORIGIN)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
    sent_by_clients = {"X-API-Key", "Apollographql-Client-Name", "Apollographql-Client-Version", "Traceparent"}
    assert sent_by_clients <= set(answer.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers
    async with open_gate.client() as client:
        asked = await client.post("/graphql", json={"query": "{ viewer { name } }"}, headers={"origin": ORIGIN})
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "Origin" in asked.headers["vary"]
    assert "Retry-After" in asked.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{ORIGIN}.evil.example", f"{ORIGIN}:8443", "http://dashboard.example", "*", ""],
)
async def test_no_other_origin_may(open_gate: Gate, origin: str) -> None:
    answer = await preflight(open_gate, origin)
    assert opened(answer) == []
    assert answer.headers["vary"] == "Origin"


async def test_without_a_list_nobody_may() -> None:
    async with guarded() as gate:
        for origin in (ORIGIN, "https://evil.example"):
            assert opened(await preflight(gate, origin)) == []


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/readyz", "/nothing", "/export/okube/sites.csv"])
async def test_every_answer_has_the_headers_that_keep_browsers_out(open_gate: Gate, path: str) -> None:
    async with open_gate.client() as client:
        for headers in ({}, {"accept": "text/html"}):
            response = await client.get(path, headers=headers)
            assert response.headers["x-content-type-options"] == "nosniff"
            if response.headers["content-type"].startswith("text/html"):
                assert response.headers["x-frame-options"] == "DENY"
                assert response.headers["referrer-policy"] == "no-referrer"
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "server" not in response.headers


async def test_personal_data_is_not_stored_by_anybody(open_gate: Gate) -> None:
    query = f"{{ sessions(window: {DAY}, first: 5) {{ nodes {{ ... on AppSession {{ deviceId }} }} }} }}"
    answer = await open_gate.ask(query, caller="people")
    assert answer.data["sessions"]["nodes"]
    assert answer.response.headers["cache-control"] == "no-store"


RAW = (
    '{ guestsByIp(addresses: ["10.0.0.1"]) { name } }',
    "{ viewer { name } ...F } fragment F on Query { g: guestsByIp(addresses: []) { name } }",
    "{ guestsByIp(addresses: []) @include(if: false) { name } viewer { name } }",
    *(
        f'{{ viewer {{ name }} sessions(window: {DAY}, filter: {{{member}: "x"}}) {{ totalCount }} }}'
        for member in ("deviceId", "guestId", "deviceMac", "yasId")
    ),
)


@pytest.mark.parametrize("query", RAW)
@pytest.mark.parametrize("caller", ["everything", "reader", None])
async def test_identifiers_of_people_are_refused_in_a_url_whoever_asks(
    open_gate: Gate, query: str, caller: str | None
) -> None:
    answer = await open_gate.get(caller, query=query)
    assert (answer.codes, answer.data) == (["BAD_USER_INPUT"], None)


@pytest.mark.parametrize("member", ["deviceId", "guestId", "deviceMac", "yasId"])
async def test_they_are_refused_in_the_variables_of_a_url_too(open_gate: Gate, member: str) -> None:
    query = "query($w: Window!, $f: SessionFilter) { sessions(window: $w, filter: $f) { totalCount } }"
    window = '{"from": "2026-11-09T00:00:00Z", "to": "2026-11-10T00:00:00Z"}'
    answer = await open_gate.get(query=query, variables=f'{{"w": {window}, "f": {{"{member}": "x"}}}}')
    assert (answer.codes, answer.data) == (["BAD_USER_INPUT"], None)
    fine = await open_gate.get(query=query, variables=f'{{"w": {window}, "f": {{"vendors": ["BESPOT"]}}}}')
    assert fine.errors == []
    inside = "query($m: String, $w: Window!) { sessions(window: $w, filter: {deviceMac: $m}) { totalCount } }"
    answer = await open_gate.get(query=inside, variables=f'{{"w": {window}, "m": "x"}}')
    assert answer.codes == ["BAD_USER_INPUT"]


# where a request came from -------------------------------------------------------------------------------------------


def origin(client: str, trusted: tuple[str, ...], **headers: str) -> str:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return str(Origins(trusted).address({"client": (client, 1), "headers": sent}))


@pytest.mark.parametrize(
    ("client", "trusted", "headers", "found"),
    [
        ("192.0.2.1", (), {}, "192.0.2.1"),
        ("192.0.2.1", (), {"x_forwarded_for": "127.0.0.1"}, "None"),
        ("127.0.0.1", (), {"x_forwarded_for": "127.0.0.1"}, "None"),
        ("127.0.0.1", (), {"forwarded": "for=127.0.0.1"}, "None"),
        ("10.0.0.1", ("10.0.0.0/8",), {"x_forwarded_for": "198.51.100.7"}, "198.51.100.7"),
        ("10.0.0.1", ("10.0.0.0/8",), {"x_forwarded_for": "127.0.0.1, 198.51.100.7"}, "198.51.100.7"),
        ("10.0.0.1", ("10.0.0.0/8",), {"x_forwarded_for": "198.51.100.7, 10.0.0.9"}, "198.51.100.7"),
        ("10.0.0.1", ("10.0.0.0/8",), {"forwarded": 'for="[2001:db8::7]:80";proto=https'}, "2001:db8::7"),
        ("10.0.0.1", ("10.0.0.0/8",), {"forwarded": "for=unknown"}, "None"),
        ("10.0.0.1", ("10.0.0.0/8",), {"forwarded": "proto=https;by=10.0.0.1"}, "None"),
        ("10.0.0.1", ("10.0.0.1",), {"x_forwarded_for": "127.0.0.1"}, "127.0.0.1"),
        ("not an address", (), {}, "None"),
    ],
)
def test_forwarded_headers_are_believed_of_trusted_addresses_only(
    client: str, trusted: tuple[str, ...], headers: dict[str, str], found: str
) -> None:
    assert origin(client, trusted, **headers) == found


async def test_a_stranger_does_not_become_loopback_by_saying_so(open_gate: Gate) -> None:
    for header in ({"x-forwarded-for": "127.0.0.1"}, {"forwarded": "for=127.0.0.1"}):
        async with open_gate.client("203.0.113.9") as client:
            assert "vendors" not in (await client.get("/readyz", headers=header)).json()
        async with open_gate.client("127.0.0.1") as client:  # a proxy on this machine that nobody vouched for
            assert "vendors" not in (await client.get("/readyz", headers=header)).json()
    async with open_gate.client("127.0.0.1") as client:
        assert "vendors" in (await client.get("/readyz")).json()


# real sockets --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(header_timeout: float = 0.3, send_timeout: float = 0.3) -> AsyncIterator[tuple[int, ToyGraph]]:
    """The edge over the toy graph on a port."""
    graph, lifecycle = ToyGraph(), Lifecycle()
    lifecycle.graph = graph
    settings = live(request_timeout=0.5, header_timeout=header_timeout, send_timeout=send_timeout)
    server = uvicorn.Server(configured(Edge(settings, lifecycle), settings))
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1], graph
    finally:
        server.should_exit = True
        await task


def head(length: int, more: str = "") -> bytes:
    return (
        f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n"
    ).encode()


async def sent(port: int, *pieces: bytes, pause: float = 0.0, close: bool = True) -> bytes:
    """What comes back until the other side closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "begun", [b"", b"POST", b"POST /graphql HTTP/1.1\r\n", b"POST /graphql HTTP/1.1\r\nhost: x\r\nx-a: ", b"\r\n\r\n"]
)
async def test_half_a_head_is_closed_in_time(begun: bytes) -> None:
    async with listening() as (port, graph):
        began = asyncio.get_running_loop().time()
        assert await sent(port, begun) == b""
        assert asyncio.get_running_loop().time() - began < 2
        assert graph.ran == 0


async def test_a_dripping_head_is_closed_in_time_however_it_drips() -> None:
    async with listening() as (port, graph):
        drops = [bytes([byte]) for byte in head(22)[:60]]
        assert await sent(port, *drops, pause=0.02) == b""
        assert graph.ran == 0


async def test_a_head_without_an_end_is_431_or_closed() -> None:
    async with listening(header_timeout=5) as (port, _):
        endless = b"POST /graphql HTTP/1.1\r\n" + b"x-a: " + b"a" * (MOST_HEAD_BYTES + 10_000)
        answer = await sent(port, endless)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


async def test_the_second_head_of_a_connection_has_its_own_time() -> None:
    async with listening() as (port, graph):
        answer = await sent(port, head(len(QUESTION)) + QUESTION, b"POST /gra", pause=0.15)
        assert answer.count(b"HTTP/1.1 200") == 1
        assert graph.ran == 1


async def test_half_a_body_is_408_and_closed() -> None:
    async with listening() as (port, graph):
        answer = await sent(port, head(100), b'{"query":')
        assert answer.startswith(b"HTTP/1.1 408")
        assert graph.ran == 0


async def test_a_slow_question_within_its_time_is_answered() -> None:
    async with listening(header_timeout=2) as (port, graph):
        answer = await sent(port, head(len(QUESTION), "connection: close\r\n"), QUESTION[:9], QUESTION[9:], pause=0.1)
        assert answer.startswith(b"HTTP/1.1 200")
        assert graph.ran == 1


async def test_five_hundred_half_sent_requests_do_not_keep_one_whole_one_waiting() -> None:
    async with listening(header_timeout=1) as (port, _):
        half = [asyncio.ensure_future(sent(port, head(100))) for _ in range(250)]
        half += [asyncio.ensure_future(sent(port, b"POST /graphql HTTP/1.1\r\n")) for _ in range(250)]
        await asyncio.sleep(0.2)
        began = asyncio.get_running_loop().time()
        answer = await sent(port, head(len(QUESTION), "connection: close\r\n") + QUESTION)
        assert answer.startswith(b"HTTP/1.1 200")
        assert asyncio.get_running_loop().time() - began < 0.5
        assert {each[:12] for each in await asyncio.gather(*half)} <= {b"", b"HTTP/1.1 408"}


async def test_an_answer_that_nobody_reads_is_dropped() -> None:
    async with listening() as (port, _):
        names = " ".join(f"a{n}: hello(name: $n)" for n in range(20))
        question = orjson.dumps({"query": f"query($n: String!) {{ {names} }}", "variables": {"n": "x" * 400_000}})
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
        await asyncio.get_running_loop().sock_sendall(client, head(len(question)) + question)
        await asyncio.sleep(1.5)
        answer = await drained(client)
        announced = int(answer.split(b"content-length: ")[1].split(b"\r\n")[0])
        assert announced > 5_000_000
        assert len(answer) < announced
        client.close()


async def drained(client: socket.socket) -> bytes:
    """What had been sent before the other side gave up."""
    found = bytearray()
    async with asyncio.timeout(5):
        with suppress(ConnectionError):
            while piece := await asyncio.get_running_loop().sock_recv(client, 65_536):
                found += piece
    return bytes(found)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"GET /graphql HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /graphql\x00 HTTP/1.1\r\n\r\n",
        b"\x00" * 1_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_and_closed_without_a_word_about_us(garbage: bytes) -> None:
    async with listening() as (port, graph):
        answer = await sent(port, garbage)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
        assert b"uvicorn" not in answer.lower()
        assert b"traceback" not in answer.lower()
        assert graph.ran == 0
