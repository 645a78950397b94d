"""Our own connection: no byte of one answer is ever another's, and only a clean connection is used again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.upstream.direct import DirectTransport
from gateway.upstream.transport import CutShort, NotHttp, Request, TransportFault
from tests.upstream.raw_vendor import Behaviour, RawVendor, playing, says, sends, sends_then_closes

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
ONE = HEAD + b'content-length: 8\r\n\r\n{"n": 1}'
TWO = HEAD + b'content-length: 8\r\n\r\n{"n": 2}'


@pytest.fixture
async def wire() -> AsyncIterator[DirectTransport]:
    transport = DirectTransport(max_connections=3)
    yield transport
    await transport.close()


def request(vendor: RawVendor, *, body: bytes | None = None, method: str = "GET", timeout: float = 5.0) -> Request:
    return Request(method, vendor.base_url, {"accept": "application/json"}, body, timeout, 10_000)


async def bodies(wire: DirectTransport, vendor: RawVendor, count: int) -> list[bytes]:
    return [(await wire.send(request(vendor))).body for _ in range(count)]


def counted(*behaviours: Behaviour) -> tuple[list[int], tuple[Behaviour, ...]]:
    """The behaviours, and the connections that played them: by the port of the other side."""
    ports: list[int] = []

    def noting(behaviour: Behaviour) -> Behaviour:
        async def behave(writer: asyncio.StreamWriter) -> None:
            ports.append(writer.get_extra_info("peername")[1])
            await behaviour(writer)

        return behave

    return ports, tuple(noting(each) for each in behaviours)


async def test_a_clean_connection_is_used_again() -> None:
    ports, played = counted(sends(ONE), sends(TWO))
    wire = DirectTransport(max_connections=3)
    async with playing(*played) as vendor:
        assert await bodies(wire, vendor, 2) == [b'{"n": 1}', b'{"n": 2}']
        await wire.close()
    assert len(set(ports)) == 1


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(sends(ONE + TWO), id="an answer nobody asked for behind it"),
        pytest.param(sends(ONE + b"rubbish"), id="rubbish behind it"),
        pytest.param(sends(ONE.replace(b"content-type", b"connection: close\r\ncontent-type")), id="it says close"),
        pytest.param(sends(ONE.replace(b"HTTP/1.1", b"HTTP/1.0")), id="HTTP/1.0"),
        pytest.param(sends_then_closes(HEAD + b'\r\n{"n": 1}'), id="a body that ends with its connection"),
        pytest.param(sends_then_closes(ONE), id="closed behind it"),
    ],
)
async def test_a_connection_that_is_not_clean_is_never_used_again(first: Behaviour) -> None:
    ports, played = counted(first, sends(TWO.replace(b"2}", b"3}")))
    wire = DirectTransport(max_connections=3)
    async with playing(*played) as vendor:
        assert await bodies(wire, vendor, 1) == [b'{"n": 1}']
        await asyncio.sleep(0.05)
        assert await bodies(wire, vendor, 1) == [b'{"n": 3}']
        await wire.close()
    assert len(set(ports)) == 2


async def test_what_an_idle_connection_says_is_nobodys_answer(wire: DirectTransport) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        writer.write(ONE)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")

    async with playing(late, sends(TWO)) as vendor:
        assert await bodies(wire, vendor, 1) == [b'{"n": 1}']
        await asyncio.sleep(0.2)
        assert await bodies(wire, vendor, 1) == [b'{"n": 2}']


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"]
)
async def test_interim_answers_are_passed_over(wire: DirectTransport, interim: bytes) -> None:
    async with playing(sends(interim * 2 + ONE)) as vendor:
        answer = await wire.send(request(vendor))
    assert (answer.status, answer.body) == (200, b'{"n": 1}')
    assert "link" not in answer.headers


async def test_chunks_with_extensions_and_trailers_are_one_body(wire: DirectTransport) -> None:
    chunks = b'5;x=y\r\n{"n":\r\n3\r\n 1}\r\n0\r\nx-sum: 1\r\n\r\n'
    async with playing(sends(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunks), sends(TWO)) as vendor:
        assert await bodies(wire, vendor, 2) == [b'{"n": 1}', b'{"n": 2}']


async def test_every_byte_may_come_by_itself(wire: DirectTransport) -> None:
    async def drop_by_drop(writer: asyncio.StreamWriter) -> None:
        for at in range(len(ONE)):
            writer.write(ONE[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0)

    async with playing(drop_by_drop) as vendor:
        assert await bodies(wire, vendor, 2) == [b'{"n": 1}'] * 2


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n", NotHttp, id="endless headers"),
        pytest.param(
            b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", NotHttp, id="another protocol"
        ),
        pytest.param(HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n12345", NotHttp, id="two lengths"),
        pytest.param(
            HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", NotHttp, id="smuggling"
        ),
    ],
)
async def test_what_is_not_http_as_agreed_ends_the_connection(
    wire: DirectTransport, raw: bytes, fault: type[TransportFault]
) -> None:
    async with playing(sends(raw), sends(TWO)) as vendor:
        with pytest.raises(fault):
            await wire.send(request(vendor))
        assert await bodies(wire, vendor, 1) == [b'{"n": 2}']


async def test_a_204_has_no_body_and_leaves_the_connection_clean(wire: DirectTransport) -> None:
    async with playing(sends(b"HTTP/1.1 204 No Content\r\n\r\n"), sends(TWO)) as vendor:
        assert (await wire.send(request(vendor))).status == 204
        assert await bodies(wire, vendor, 1) == [b'{"n": 2}']


async def test_a_cancelled_question_takes_its_connection_with_it(wire: DirectTransport) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(ONE)

    async with playing(slow, sends(TWO)) as vendor:
        asking = asyncio.create_task(wire.send(request(vendor)))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await bodies(wire, vendor, 1) == [b'{"n": 2}']


async def test_a_body_is_sent_with_its_length(wire: DirectTransport) -> None:
    async with playing(says(200, b"{}")) as vendor:
        await wire.send(request(vendor, body=b'{"a": 1}', method="POST"))
        await wire.send(request(vendor, method="POST"))
    assert [heard.body for heard in vendor.heard] == [b'{"a": 1}', b""]
    assert [heard.headers["content-length"] for heard in vendor.heard] == ["8", "0"]


async def test_many_at_once_have_a_connection_each_and_keep_no_more_than_allowed() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(ONE)

    ports, played = counted(slow)
    wire = DirectTransport(max_connections=3)
    async with playing(*played) as vendor:
        for _ in range(2):
            await asyncio.gather(*(wire.send(request(vendor)) for _ in range(5)))
        await wire.close()
    assert len(set(ports)) == 5 + 2


async def test_a_half_body_is_not_an_answer(wire: DirectTransport) -> None:
    async with playing(sends_then_closes(ONE[:-1])) as vendor:
        with pytest.raises(CutShort):
            await wire.send(request(vendor))


async def test_a_line_end_in_a_header_is_never_sent(wire: DirectTransport) -> None:
    async with playing(says(200, b"{}")) as vendor:
        with pytest.raises(NotHttp):
            await wire.send(Request("GET", vendor.base_url, {"x": "a\r\nb: c"}, None, 1.0, 100))
    assert vendor.heard == []
