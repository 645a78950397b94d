"""The wire against real sockets: every way a vendor can misbehave, told apart, bounded, and asked exactly once."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from gateway.upstream.direct import DirectTransport
from gateway.upstream.sockets import AiohttpTransport
from gateway.upstream.transport import (
    CutShort,
    Dropped,
    HttpxTransport,
    NotConnected,
    NotHttp,
    Overlong,
    Request,
    Transport,
    TransportFault,
)
from tests.upstream.raw_vendor import (
    Behaviour,
    drips,
    free_port,
    hangs,
    playing,
    says,
    sends,
    sends_then_closes,
    sends_then_resets,
)

pytestmark = pytest.mark.anyio

OPEN_ENDED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
TOO_SHORT = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a": '


@pytest.fixture(params=[HttpxTransport, AiohttpTransport, DirectTransport])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    transport: Transport = request.param(max_connections=5)
    yield transport
    await transport.close()


def request(url: str, *, method: str = "GET", timeout: float = 5.0, max_bytes: int = 10_000) -> Request:
    return Request(method, url, {"accept": "application/json"}, None, timeout, max_bytes)


async def test_an_answer_comes_back_whole_with_lower_case_headers(wire: Transport) -> None:
    async with playing(says(200, b'{"a": 1}', "X-Some: thing", "Set-Cookie: a=1", "Set-Cookie: b=2")) as vendor:
        answer = await wire.send(request(vendor.base_url))
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.headers["x-some"] == "thing"
    assert answer.headers["set-cookie"] == "a=1, b=2"


async def test_cookies_are_never_sent_back(wire: Transport) -> None:
    async with playing(says(200, b"{}", "Set-Cookie: session=1; Path=/")) as vendor:
        named = vendor.base_url.replace("127.0.0.1", "localhost")  # jars take no cookies of bare addresses
        await wire.send(request(named))
        await wire.send(request(named))
    assert ["cookie" in heard.headers for heard in vendor.heard] == [False, False]


async def test_a_refused_connection_is_known_to_have_sent_nothing(wire: Transport) -> None:
    with pytest.raises(NotConnected):
        await wire.send(request(f"http://127.0.0.1:{free_port()}/"))


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        pytest.param(sends_then_closes(b""), Dropped, id="closes without a word"),
        pytest.param(sends_then_resets(b""), Dropped, id="resets without a word"),
        pytest.param(sends_then_resets(TOO_SHORT), Dropped, id="resets in the middle of the body"),
        pytest.param(sends_then_closes(TOO_SHORT), CutShort, id="ends before its length"),
        pytest.param(
            sends_then_closes(b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":'),
            CutShort,
            id="ends between chunks",
        ),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}"), NotHttp, id="bad chunks"),
        pytest.param(sends(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), NotHttp, id="another protocol"),
        pytest.param(says(200, b"x" * 10_001), Overlong, id="too long"),
        pytest.param(says(200, b"{}", "content-encoding: br"), NotHttp, id="an encoding nobody asked for"),
        pytest.param(says(200, b"{}", "content-encoding: gzip"), NotHttp, id="not gzip at all"),
        pytest.param(says(200, gzip.compress(b"{}" * 500)[:-9], "content-encoding: gzip"), CutShort, id="half a gzip"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_breaks_is_told_apart_and_never_sent_twice(
    wire: Transport, behaviour: Behaviour, fault: type[TransportFault], method: str
) -> None:
    async with playing(behaviour) as vendor:
        with pytest.raises(TransportFault) as caught:
            await wire.send(request(vendor.base_url, method=method))
    assert type(caught.value) is fault
    assert len(vendor.heard) == 1


async def test_a_used_connection_that_breaks_is_not_sent_twice_either(wire: Transport) -> None:
    async with playing(says(200, b"{}"), sends_then_closes(b"")) as vendor:
        await wire.send(request(vendor.base_url))
        with pytest.raises(Dropped):
            await wire.send(request(vendor.base_url))
    assert len(vendor.heard) == 2


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(hangs, id="silence"),
        pytest.param(drips(OPEN_ENDED, b" ", 0.02), id="a body that drips"),
        pytest.param(drips(b"", b"H", 10), id="headers that never end"),
        pytest.param(drips(b"HTTP/1.1 401 No\r\n\r\n", b" ", 0.02), id="a refusal that drips"),
    ],
)
async def test_total_time_is_bounded(wire: Transport, behaviour: Behaviour) -> None:
    began = asyncio.get_running_loop().time()
    async with playing(behaviour) as vendor:
        with pytest.raises(TimeoutError):
            await wire.send(request(vendor.base_url, timeout=0.3))
    assert asyncio.get_running_loop().time() - began < 2


async def test_an_endless_body_is_left_at_its_bound(wire: Transport) -> None:
    async with playing(drips(OPEN_ENDED, b"x" * 5000, 0)) as vendor:
        with pytest.raises(Overlong):
            await wire.send(request(vendor.base_url))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_small_body_that_unfolds_into_a_huge_one_does_not_pass(wire: Transport, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = pack(b"0" * 50_000_000)
    assert len(bomb) < 60_000
    async with playing(says(200, bomb, f"content-encoding: {encoding}")) as vendor:
        with pytest.raises(Overlong):
            await wire.send(request(vendor.base_url, max_bytes=100_000))


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("GZip", gzip.compress(b'{"a"', mtime=0) + gzip.compress(b": 1}", mtime=0)),
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", _raw_deflate(b'{"a": 1}')),
        ("identity", b'{"a": 1}'),
    ],
)
async def test_compressed_bodies_are_unfolded(wire: Transport, encoding: str, packed: bytes) -> None:
    async with playing(says(200, packed, f"content-encoding: {encoding}")) as vendor:
        answer = await wire.send(request(vendor.base_url))
    assert answer.body == b'{"a": 1}'


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(says(503, b"x" * 1_000_000), id="too long"),
        pytest.param(sends_then_closes(b"HTTP/1.1 503 No\r\ncontent-length: 100\r\n\r\nhalf"), id="cut short"),
        pytest.param(sends_then_resets(b"HTTP/1.1 503 No\r\ncontent-length: 100\r\n\r\nhalf"), id="reset"),
        pytest.param(says(503, b"plain", "content-encoding: gzip"), id="garbled"),
    ],
)
async def test_a_refusal_keeps_its_status_whatever_becomes_of_its_body(wire: Transport, behaviour: Behaviour) -> None:
    async with playing(behaviour) as vendor:
        answer = await wire.send(request(vendor.base_url))
    assert answer.status == 503
    assert len(answer.body) <= 64 * 1024


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_never_followed(wire: Transport, status: int) -> None:
    async with playing(says(200, b"{}")) as elsewhere, AsyncExitStack() as more:
        vendor = await more.enter_async_context(playing(says(status, b"", f"location: {elsewhere.base_url}")))
        answer = await wire.send(request(vendor.base_url))
    assert (answer.status, len(vendor.heard), len(elsewhere.heard)) == (status, 1, 0)


async def test_a_fresh_request_never_uses_a_kept_connection(wire: Transport) -> None:
    async with playing(says(200, b"{}")) as vendor:
        await wire.send(request(vendor.base_url))
        fresh = Request("POST", vendor.base_url, {}, b"{}", 5.0, 1000, fresh=True)
        await wire.send(fresh)
    assert [heard.headers.get("connection") for heard in vendor.heard] == [None, "close"]


async def test_a_long_body_is_streamed_and_its_silences_are_bounded(wire: Transport) -> None:
    async with playing(drips(OPEN_ENDED, b"row\n", 0.05)) as vendor:
        answer = await wire.open(request(vendor.base_url, timeout=0.2, max_bytes=10))
        read = 0
        async for chunk in answer.chunks:
            read += len(chunk)
            if read > 40:  # beyond the bound in bytes, and beyond the time-out in all
                break
        await answer.close()
    async with playing(sends(OPEN_ENDED + b"row\n")) as vendor:
        answer = await wire.open(request(vendor.base_url, timeout=0.2))
        with pytest.raises(TimeoutError):
            _ = [chunk async for chunk in answer.chunks]
        await answer.close()
