"""`/export/okube/….csv`: the vendor's file passed on, to those who may have it, and never half of one as if whole."""

from __future__ import annotations

import asyncio
import csv
import io
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from structlog.testing import capture_logs

from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import Scope
from gateway.domain.errors import Unauthenticated, Unavailable
from gateway.domain.files import CsvEncoding, CsvList
from gateway.domain.vendor import VendorKey
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.sandbox.faults import Fault
from gateway.sandbox.world import World
from tests.execution.toy import ToyGraph
from tests.http.conftest import client_of, live
from tests.schema.okube import Okube, caller, clock, opened

pytestmark = pytest.mark.anyio


class Exporting(ToyGraph):
    """Serves a file made of pieces; an exception among them is raised there."""

    def __init__(self, pieces: list[bytes | Exception] | None = None, who: Principal | None = None) -> None:
        super().__init__()
        self.pieces = pieces or []
        self.who = who or caller(Scope.READ)
        self.asked: list[tuple[CsvList, CsvEncoding]] = []
        self.given = 0
        self.closed = False

    async def authenticate(self, headers: Any) -> Principal:
        if "authorization" in headers:
            raise Unauthenticated("The credential is not valid here.")
        return self.who

    def csv(self, which: CsvList, encoding: CsvEncoding) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        self.asked.append((which, encoding))
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            yield self._chunks()
        finally:
            self.closed = True

    async def _chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            self.given += 1
            yield piece


def edge_of(graph: Any) -> Edge:
    lifecycle = Lifecycle()
    lifecycle.graph = graph
    return Edge(live(), lifecycle)


async def got(graph: Any, path: str = "/export/okube/sites.csv", **more: Any) -> httpx.Response:
    async with client_of(edge_of(graph)) as client:
        return await client.get(path, **more)


@pytest.fixture(scope="module")
async def okube(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Okube]:
    async with opened(tmp_path_factory.mktemp("okube"), World(clock=clock)) as okube:
        yield okube


@pytest.mark.parametrize("name", ["sites", "pois", "campaigns", "studies"])
@pytest.mark.parametrize("encoding", ["utf8", "iso-8859-1", "windows-1252"])
async def test_each_list_comes_whole_as_utf_8_whatever_the_vendor_wrote_it_in(
    okube: Okube, name: str, encoding: str
) -> None:
    okube.faults.forget()
    response = await got(okube.gateway, f"/export/okube/{name}.csv", params={"encoding": encoding})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert response.headers["content-disposition"] == f'attachment; filename="okube-{name}.csv"'
    assert (response.headers["x-content-type-options"], response.headers["cache-control"]) == ("nosniff", "no-store")
    rows = list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))
    world = okube.world
    expected = {
        "sites": len([place for place in world.everywhere if place.okube]) + 1,
        "pois": len(world.points_of_interest),
        "campaigns": len(world.campaigns),
        "studies": len(world.studies),
    }[name]
    assert len(rows) == expected
    assert okube.faults.calls == {f"/applications/*/{name}": 1}
    if name == "sites":
        assert "'=The shop without a door" in {row["description"] for row in rows}


async def test_characters_and_cells_cut_between_pieces_are_put_together() -> None:
    text = "id,name\r\n1,é=\r\n2,=é\r\n3,-3.5\r\n"
    for encoding, mark in (("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("iso-8859-1", b"")):
        raw = mark + text.encode(encoding)
        graph = Exporting([raw[n : n + 1] for n in range(len(raw))])
        response = await got(graph, params={"encoding": "utf8" if encoding == "utf-8" else encoding})
        assert response.content.decode() == text.replace("2,=", "2,'=")
        assert graph.closed


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", CsvEncoding.UTF8),
        ("?encoding=utf8", CsvEncoding.UTF8),
        ("?encoding=UTF-8", CsvEncoding.UTF8),
        ("?encoding=iso-8859-1", CsvEncoding.ISO_8859_1),
        ("?encoding=Windows-1252", CsvEncoding.WINDOWS_1252),
    ],
)
async def test_the_encoding_asked_is_the_one_the_vendor_is_asked_for(query: str, asked: CsvEncoding) -> None:
    graph = Exporting([b"a\n"])
    assert (await got(graph, f"/export/okube/pois.csv{query}")).text == "a\n"
    assert graph.asked == [(CsvList.POINTS_OF_INTEREST, asked)]


@pytest.mark.parametrize(
    "query", ["encoding=utf-16", "encoding=", "encoding=utf8&encoding=utf8", "format=csv", "encoding=utf8&x=1", "%ff=1"]
)
async def test_another_encoding_or_parameter_is_bad_input(query: str) -> None:
    graph = Exporting([b"a\n"])
    response = await got(graph, f"/export/okube/sites.csv?{query}")
    assert (response.status_code, code(response), graph.asked) == (400, "BAD_USER_INPUT", [])


async def test_only_callers_that_may_read_every_site_get_one() -> None:
    stranger = Principal(CallerKind.ANONYMOUS, "anonymous")
    for who, status, error in (
        (stranger, 401, "UNAUTHENTICATED"),
        (caller(Scope.WRITE), 403, "FORBIDDEN"),
        (caller(Scope.READ, sites=frozenset({"ath-1"})), 403, "FORBIDDEN"),
        (caller(Scope.READ, sites=frozenset()), 403, "FORBIDDEN"),
    ):
        graph = Exporting([b"a\n"], who)
        response = await got(graph)
        assert (response.status_code, code(response), graph.asked) == (status, error, [])
    bad = await got(Exporting([b"a\n"]), headers={"authorization": "Bearer wrong"})
    assert (bad.status_code, code(bad), bad.headers["www-authenticate"]) == (
        401,
        "UNAUTHENTICATED",
        'Bearer realm="gateway"',
    )


async def test_other_methods_and_other_names_are_refused() -> None:
    async with client_of(edge_of(Exporting([b"a\n"]))) as client:
        posted = await client.post("/export/okube/sites.csv")
        assert (posted.status_code, posted.headers["allow"]) == (405, "GET")
        for path in ("/export/okube/applications.csv", "/export/okube/sites", "/export/bespot/sites.csv"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault(kind="status", status=503, headers={"retry-after": "7200"}), 503, "UPSTREAM_UNAVAILABLE"),
        (Fault(kind="status", status=403), 502, "UPSTREAM_REJECTED"),
        (Fault(kind="status", status=422, body='{"message": "secret"}'), 502, "UPSTREAM_REJECTED"),
        (Fault(kind="redirect"), 502, "UPSTREAM_REJECTED"),
        (Fault(kind="html"), 502, "UPSTREAM_MALFORMED"),
        (Fault(kind="error_body"), 502, "UPSTREAM_MALFORMED"),
    ],
)
async def test_a_vendor_that_fails_before_the_first_byte_is_an_error_in_json(
    okube: Okube, fault: Fault, status: int, error: str
) -> None:
    okube.faults.on(fault)
    try:
        response = await got(okube.gateway)
    finally:
        okube.faults.off()
    entry = response.json()["errors"][0]
    assert (response.status_code, entry["extensions"]["code"], entry["extensions"]["vendor"]) == (
        status,
        error,
        "OKUBE",
    )
    assert "secret" not in response.text
    if fault.headers:
        assert response.headers["retry-after"] == "7200"


@pytest.mark.parametrize(
    "pieces", [[], [b""], [b"\xff\xfe"], [Unavailable(VendorKey.OKUBE, "gone")], [ValueError("secret")]]
)
async def test_a_file_without_a_usable_beginning_is_no_file(pieces: list[bytes | Exception]) -> None:
    graph = Exporting(pieces)
    response = await got(graph)
    assert response.status_code in (500, 502, 503)
    assert response.headers["content-type"].startswith("application/json")
    assert "secret" not in response.text
    assert graph.closed


async def test_a_vendor_that_is_not_configured_has_no_export() -> None:
    class Bare(ToyGraph):
        async def authenticate(self, headers: Any) -> Principal:
            return caller(Scope.READ)

    response = await got(Bare())
    assert (response.status_code, code(response)) == (503, "VENDOR_NOT_CONFIGURED")


@asynccontextmanager
async def served(graph: Any) -> AsyncIterator[str]:
    """The edge on a real port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(edge_of(graph), log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@pytest.mark.parametrize("broken", [Unavailable(VendorKey.OKUBE, "gone"), ValueError("a bug"), b"\xff\xff"])
async def test_a_file_that_breaks_off_midway_never_looks_whole(broken: bytes | Exception) -> None:
    graph = Exporting([b"id,name\r\n1,a\r\n", broken, b"2,b\r\n"])
    async with served(graph) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{url}/export/okube/sites.csv")
    assert graph.closed


async def test_no_more_is_read_of_the_vendor_than_the_caller_takes() -> None:
    graph = Exporting([b"id,name\r\n", *[b"x" * 65_536 + b",y\r\n"] * 400])
    async with served(graph) as url, httpx.AsyncClient() as client:
        async with client.stream("GET", f"{url}/export/okube/sites.csv") as response:
            assert response.status_code == 200
            await anext(response.aiter_bytes(1_024))
            await asyncio.sleep(0.2)
            assert graph.given < 200
        for _ in range(50):  # the caller has left: the vendor's answer is given up
            await asyncio.sleep(0.02)
            if graph.closed:
                break
    assert graph.closed
    assert graph.given < 400


async def test_a_cut_file_is_one_log_line_that_says_why() -> None:
    sent = await by_hand(Exporting([b"a\n1\n", Unavailable(VendorKey.OKUBE, "gone")]))
    assert [message["type"] for message in sent[:-1]] == ["http.response.start", "http.response.body"]
    assert sent[-2]["more_body"] is True
    line = sent[-1]
    assert (line["path"], line["status"], line["cut"]) == ("/export/okube/sites.csv", 200, "UPSTREAM_UNAVAILABLE")


async def test_a_caller_that_could_not_tell_a_cut_file_gets_none() -> None:
    graph = Exporting([b"a\n"])
    sent = await by_hand(graph, http_version="1.0")
    assert (sent[0]["status"], graph.asked) == (505, [])


async def by_hand(graph: Exporting, **more: str) -> list[Any]:
    """What the edge sends, and its one log line."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    place = {"path": "/export/okube/sites.csv", "query_string": b"", "headers": []}
    with capture_logs() as lines:
        await edge_of(graph)({"type": "http", "method": "GET", "http_version": "1.1", **place, **more}, receive, send)
    (line,) = lines
    return [*sent, line]


def code(response: httpx.Response) -> str:
    return str(orjson.loads(response.content)["errors"][0]["extensions"]["code"])
