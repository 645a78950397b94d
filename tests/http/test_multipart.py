"""GraphQL multipart requests: files reach their variables, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.sandbox.world import World
from tests.http.conftest import client_of
from tests.schema.okube import Okube, clock, opened

pytestmark = pytest.mark.anyio

QUERY = """mutation ($file: Upload!) {
  importPointsOfInterest(input: {file: $file}) { accepted result userErrors { code path } }
}"""
OPERATIONS = {"query": QUERY, "variables": {"file": None}}
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
CSV = b"key,name,longitude,latitude\nk,Kiosk,23.7,37.9\n"
PLACES = {"0": ["variables.file"]}


@pytest.fixture(scope="module")
async def okube(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Okube]:
    async with opened(tmp_path_factory.mktemp("okube"), World(clock=clock)) as okube:
        yield okube


@pytest.fixture
async def client(okube: Okube) -> AsyncIterator[httpx.AsyncClient]:
    okube.faults.forget()
    lifecycle = Lifecycle()
    lifecycle.graph = okube.gateway
    settings = okube.settings.model_copy(update={"max_upload_bytes": 20_000, "max_body_bytes": 5_000})
    async with client_of(Edge(settings, lifecycle)) as client:
        yield client


async def send(
    client: httpx.AsyncClient,
    operations: Any = OPERATIONS,
    places: Any = PLACES,
    content: bytes = CSV,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> httpx.Response:
    data = {"operations": orjson.dumps(operations), "map": orjson.dumps(places)}
    files = {"0": ("f.csv", content, "text/csv"), **(more or {})}
    return await client.post("/graphql", data=data, files=files, headers=PREFLIGHT if headers is None else headers)


async def test_a_file_of_the_form_arrives_at_the_vendor(client: httpx.AsyncClient, okube: Okube) -> None:
    for headers in (PREFLIGHT, {"Apollo-Require-Preflight": "true"}):
        response = await send(client, headers=headers)
        assert (response.status_code, response.json()["data"]["importPointsOfInterest"]["accepted"]) == (200, True)
    assert okube.faults.calls == {"/applications/*/pois": 2}


async def test_a_thumbnail_deep_in_the_variables_is_found(client: httpx.AsyncClient) -> None:
    query = "mutation ($input: CreateSiteInput!) { createSite(input: $input) { site { name } userErrors { path } } }"
    operations = {"query": query, "variables": {"input": {"name": "Pictured", "tags": ["a"], "thumbnail": None}}}
    more = {"pic": ('é"x.png', b"\x89PNG\r\n--not-a-boundary\r\n", "image/png")}
    response = await client.post(
        "/graphql",
        data={"operations": orjson.dumps(operations), "map": b'{"pic": ["variables.input.thumbnail"]}'},
        files=more,
        headers=PREFLIGHT,
    )
    assert response.json()["data"]["createSite"] == {"site": {"name": "Pictured"}, "userErrors": []}


@pytest.mark.parametrize("headers", [{}, {"GraphQL-Require-Preflight": ""}, {"X-Requested-With": "x"}])
async def test_a_form_of_a_foreign_page_is_refused(
    client: httpx.AsyncClient, okube: Okube, headers: dict[str, str]
) -> None:
    response = await send(client, headers=headers)
    assert (response.status_code, code(response), okube.faults.calls) == (415, "BAD_USER_INPUT", {})


@pytest.mark.parametrize(
    ("operations", "places"),
    [
        ([OPERATIONS], {"0": ["0.variables.file"]}),
        ([OPERATIONS], PLACES),
        (OPERATIONS, {"0": ["0.variables.file"]}),
        (OPERATIONS, {"0": ["query"]}),
        (OPERATIONS, {"0": ["variables"]}),
        (OPERATIONS, {"0": ["variables.nope"]}),
        (OPERATIONS, {"0": ["variables.file.deeper"]}),
        (OPERATIONS, {"0": ["variables.file", "variables.file"]}),
        (OPERATIONS, {"0": ["variables." + "a." * 200 + "file"]}),
        (OPERATIONS, {"0": ["variables.file"] * 101}),
        (OPERATIONS, {"0": []}),
        (OPERATIONS, {"0": "variables.file"}),
        (OPERATIONS, {}),
        (OPERATIONS, ["variables.file"]),
        (OPERATIONS, {**PLACES, "1": ["variables.file"]}),
        ({"query": QUERY, "variables": {"file": "there is something"}}, PLACES),
        ({"query": QUERY, "variables": {"file": [None]}}, {"0": ["variables.file.00000000000"]}),
        ({"query": QUERY, "variables": {"file": [None]}}, {"0": ["variables.file.-1"]}),
        ({"query": QUERY, "variables": {"file": [None]}}, {"0": ["variables.file.1"]}),
    ],
)
async def test_a_map_that_leads_nowhere_is_bad_input(
    client: httpx.AsyncClient, okube: Okube, operations: Any, places: Any
) -> None:
    response = await send(client, operations, places)
    assert (response.status_code, code(response), okube.faults.calls) == (400, "BAD_USER_INPUT", {})
    assert "nope" not in response.text


async def test_a_form_has_bounds(client: httpx.AsyncClient, okube: Okube) -> None:
    assert (await send(client, content=b"x" * 20_000)).status_code == 413
    assert (await send(client, {**OPERATIONS, "query": QUERY + " " * 6_000})).status_code == 413
    many = {str(number): ("f", b"", "") for number in range(1, 25)}
    assert (await send(client, more=many)).status_code == 400
    assert (await send(client, more={"1": ("not in the map", b"", "")})).status_code == 400

    async def unannounced() -> AsyncIterator[bytes]:
        yield (GOOD + FILE.removesuffix("\r\n")).encode()
        for _ in range(30):
            yield b"x" * 1_000

    headers = {**PREFLIGHT, "content-type": "multipart/form-data; boundary=b"}
    chunked = await client.post("/graphql", content=unannounced(), headers=headers)
    assert chunked.status_code == 413
    assert okube.faults.calls == {}


def part(name: str, content: str, more: str = "") -> str:
    return f'--b\r\ncontent-disposition: form-data; name="{name}"{more}\r\n\r\n{content}\r\n'


GOOD = part("operations", orjson.dumps(OPERATIONS).decode()) + part("map", '{"0": ["variables.file"]}')
FILE = part("0", CSV.decode(), '; filename="f"')


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (GOOD + FILE + "--b--", "multipart/form-data"),
        (GOOD + FILE + "--b--", "multipart/form-data; boundary=other"),
        (GOOD + FILE + "--b--", "multipart/form-data; boundary=" + "b" * 300),
        (GOOD + FILE, "multipart/form-data; boundary=b"),
        (GOOD + FILE[:-20], "multipart/form-data; boundary=b"),
        ("", "multipart/form-data; boundary=b"),
        ("--b--", "multipart/form-data; boundary=b"),
        (GOOD + part("0", "no file") + "--b--", "multipart/form-data; boundary=b"),
        (GOOD + GOOD + "--b--", "multipart/form-data; boundary=b"),
        (GOOD + "--b\r\n\r\nbare\r\n--b--", "multipart/form-data; boundary=b"),
        (part("operations", "{") + part("map", "{}") + "--b--", "multipart/form-data; boundary=b"),
        (part("operations", "{}", "; x" * 3000) + "--b--", "multipart/form-data; boundary=b"),
    ],
)
async def test_a_broken_form_is_bad_input(
    client: httpx.AsyncClient, okube: Okube, body: str, content_type: str
) -> None:
    response = await client.post("/graphql", content=body.encode(), headers={**PREFLIGHT, "content-type": content_type})
    assert (response.status_code, code(response), okube.faults.calls) == (400, "BAD_USER_INPUT", {})


async def test_a_whole_form_by_hand_is_taken_in_any_order_and_not_compressed(client: httpx.AsyncClient) -> None:
    headers = {**PREFLIGHT, "content-type": 'Multipart/Form-Data; boundary="b"'}
    for body in (GOOD + FILE, FILE + GOOD):
        response = await client.post("/graphql", content=(body + "--b--\r\n").encode(), headers=headers)
        assert response.json()["data"]["importPointsOfInterest"]["userErrors"] == []
    squeezed = await client.post("/graphql", content=b"x", headers={**headers, "content-encoding": "gzip"})
    assert (squeezed.status_code, code(squeezed)) == (415, "BAD_USER_INPUT")


async def test_a_question_without_files_may_come_as_a_form_too(client: httpx.AsyncClient) -> None:
    body = part("operations", '{"query": "{ __typename }"}') + part("map", "{}") + "--b--"
    headers = {**PREFLIGHT, "content-type": "multipart/form-data; boundary=b"}
    response = await client.post("/graphql", content=body.encode(), headers=headers)
    assert response.json()["data"] == {"__typename": "Query"}


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])
