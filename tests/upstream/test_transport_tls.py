"""TLS to vendors: whom the operator trusts is spoken to, by the name in the address, and nobody else is sent a byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.upstream.direct import DirectTransport
from gateway.upstream.sockets import AiohttpTransport
from gateway.upstream.transport import HttpxTransport, NotConnected, Request, Transport, trust
from tests.cache.tls import Authority

pytestmark = pytest.mark.anyio

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    made = Authority(tmp_path / "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    trust.cache_clear()
    yield made
    trust.cache_clear()


@pytest.fixture(params=[HttpxTransport, AiohttpTransport, DirectTransport])
async def wire(request: pytest.FixtureRequest, authority: Authority) -> AsyncIterator[Transport]:
    transport: Transport = request.param(max_connections=2)
    yield transport
    await transport.close()


@asynccontextmanager
async def vendor(authority: Authority) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Port, and the heads of the requests that were understood."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.pair)
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


def asked(host: str, port: int) -> Request:
    return Request("GET", f"https://{host}:{port}/api", {"authorization": "Basic eA=="}, None, 5.0, 1_000)


async def test_a_vendor_of_a_trusted_authority_is_asked_again_and_again(wire: Transport, authority: Authority) -> None:
    async with vendor(authority) as (port, heard):
        for _ in range(3):
            assert (await wire.send(asked("127.0.0.1", port))).body == b"{}"
        await wire.close()
    assert len(heard) == 3
    assert f"host: 127.0.0.1:{port}".encode() in heard[0].lower()


async def test_a_vendor_nobody_vouches_for_is_sent_nothing(wire: Transport, tmp_path: Path) -> None:
    async with vendor(Authority(tmp_path / "other")) as (port, heard):
        with pytest.raises(NotConnected):
            await wire.send(asked("127.0.0.1", port))
    assert heard == []


async def test_a_vendor_of_another_name_is_sent_nothing(wire: Transport, authority: Authority) -> None:
    async with vendor(authority) as (port, heard):
        with pytest.raises(NotConnected):
            await wire.send(asked("localhost", port))
    assert heard == []
