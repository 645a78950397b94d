"""A half export never looks whole, and a slow reader slows the rows down: seen through real sockets."""

from __future__ import annotations

import asyncio
import http.client
import io
import urllib.request
from collections.abc import AsyncIterator

import httpx
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.bi.tables import Batch
from gateway.settings import Settings
from gateway.upstream.lanes import Lane
from tests.bi.breaking import ROWS, Tables, serving

pytestmark = pytest.mark.anyio

FEED = "/odata/v4/Visits?$filter=starts_at ge 1970-01-01T00:00:00Z"
WINDOW = "from=2026-11-01T00:00:00Z&to=2026-11-20T00:00:00Z"


@pytest.mark.parametrize("ending", ["csv", "ndjson", "arrow", "parquet"])
@pytest.mark.parametrize("packed", ["identity", "gzip"])
async def test_a_vendor_that_dies_midway_cuts_the_connection(ending: str, packed: str) -> None:
    async with serving(Tables(40, whole=False)) as address, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{address}/export/visits.{ending}?{WINDOW}", headers={"accept-encoding": packed})


async def test_what_came_of_a_broken_parquet_file_has_no_footer() -> None:
    received = bytearray()

    async def read(client: httpx.AsyncClient, url: str) -> None:
        async with client.stream("GET", url) as answer:
            async for piece in answer.aiter_bytes():
                received.extend(piece)

    async with serving(Tables(40, whole=False)) as address, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await read(client, f"{address}/export/visits.parquet?{WINDOW}")
    assert len(received) > 10_000
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(io.BytesIO(received))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
async def test_a_vendor_that_dies_at_once_is_an_error_with_its_code(ending: str) -> None:
    async with serving(Tables(0, whole=False)) as address, httpx.AsyncClient() as client:
        answer = await client.get(f"{address}/export/visits.{ending}?{WINDOW}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    error = answer.json()["errors"][0]["extensions"]
    assert (error["code"], error["vendor"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", "BESPOT", True)


async def test_a_feed_that_breaks_off_is_cut_as_well() -> None:
    async with serving(Tables(1, whole=False)) as address, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(address + FEED)


@pytest.mark.parametrize("path", [f"/export/visits.csv?{WINDOW}", f"/export/visits.ndjson?{WINDOW}", FEED])
async def test_an_answer_over_http_1_0_is_whole_or_an_error(path: str) -> None:
    """It ends with its connection, so that a cut would look like an end; old proxies still speak it."""
    async with serving(Tables(1, whole=False)) as address:
        head, body = await _over_1_0(address, path)
        assert head.startswith(b"HTTP/1.1 503")
        assert orjson.loads(body)
    async with serving(Tables(1, whole=True)) as address:
        head, body = await _over_1_0(address, path)
        assert head.startswith(b"HTTP/1.1 200")
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert body.count(b"ath") == ROWS


async def _over_1_0(address: str, path: str) -> tuple[bytes, bytes]:
    """Head and body of an answer."""
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path.replace(' ', '%20')} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("ending", ["csv", "ndjson", "arrow", "parquet"])
async def test_the_standard_library_sees_a_cut_as_well(ending: str) -> None:
    """pandas, polars and DuckDB's Python users read through it."""
    async with serving(Tables(40, whole=False)) as address:
        with pytest.raises(http.client.IncompleteRead):
            await asyncio.to_thread(_read, f"{address}/export/visits.{ending}?{WINDOW}")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
    return body


async def test_what_came_of_a_broken_arrow_stream_is_no_table() -> None:
    """Even to a reader that does not look at how the connection ended."""
    async with serving(Tables(3, whole=False)) as address:
        with pytest.raises((http.client.IncompleteRead, pa.ArrowInvalid)):
            await asyncio.to_thread(_table, f"{address}/export/visits.arrow?{WINDOW}")


def _table(url: str) -> pa.Table:
    with urllib.request.urlopen(url) as answer:
        return pa.ipc.open_stream(answer).read_all()


async def test_a_slow_reader_slows_the_rows() -> None:
    tables = Tables(2_000, whole=True)
    async with (
        serving(tables) as address,
        httpx.AsyncClient() as client,
        client.stream(
            "GET", f"{address}/export/visits.csv?{WINDOW}", headers={"accept-encoding": "identity"}
        ) as answer,
    ):
        pieces = answer.aiter_bytes()
        await anext(pieces)
        made = -1
        while made < tables.made < 400:  # until every buffer on the way is full
            made = tables.made
            await asyncio.sleep(0.5)
        assert tables.made == made < 200
    assert tables.made < 400


@pytest.mark.parametrize("path", [f"/export/visits.csv?{WINDOW}", f"/export/visits.parquet?{WINDOW}"])
async def test_a_reader_who_leaves_ends_the_reading(path: str) -> None:
    tables = Tables(2_000, whole=True, pause=0.01)
    async with serving(tables) as address:
        async with httpx.AsyncClient() as client, client.stream("GET", address + path) as answer:
            await anext(answer.aiter_bytes())
        await asyncio.sleep(0.3)
        made = tables.made
        await asyncio.sleep(0.3)
        assert tables.made == made < 100


async def test_an_export_waits_behind_whoever_looks_at_a_screen() -> None:
    tables = Tables(1, whole=True)
    async with serving(tables) as address, httpx.AsyncClient() as client:
        for path in (f"/export/visits.csv?{WINDOW}", FEED):
            tables.lane = None
            assert (await client.get(address + path)).status_code == 200
            assert tables.lane is Lane.EXPORT


async def test_an_export_that_takes_longer_than_it_may_is_cut() -> None:
    tables = Tables(1_000, whole=True, pause=0.05)
    async with serving(tables, Settings(export_timeout=1)) as address, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{address}/export/visits.csv?{WINDOW}")
        assert tables.made < 40
    async with serving(_Silent(), Settings(export_timeout=1)) as address, httpx.AsyncClient() as client:
        answer = await client.get(f"{address}/export/visits.csv?{WINDOW}")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (504, "UPSTREAM_TIMEOUT")


class _Silent(Tables):
    """Never comes to its first row."""

    def __init__(self) -> None:
        super().__init__(1, whole=True)

    async def _made(self) -> AsyncIterator[Batch]:
        await asyncio.sleep(60)
        yield Batch([], 0)


async def test_a_whole_file_ends_like_one() -> None:
    async with serving(Tables(3, whole=True)) as address, httpx.AsyncClient() as client:
        answer = await client.get(f"{address}/export/visits.parquet?{WINDOW}")
    assert pq.read_table(io.BytesIO(answer.content)).num_rows == 3 * ROWS
