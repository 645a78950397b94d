"""`/graphql` as GraphQL over HTTP has it: methods, media types, what is refused and with which status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from tests.execution.toy import ToyGraph
from tests.http.conftest import client_of, live

pytestmark = pytest.mark.anyio
NEW = "application/graphql-response+json"
OLD = "application/json"
JSON_HEADERS = {"content-type": OLD}


async def post(client: httpx.AsyncClient, body: object, accept: str = NEW, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.post("/graphql", content=content, headers={**JSON_HEADERS, "accept": accept, **headers})


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", OLD),
        ("*/*", OLD),
        ("application/*", OLD),
        (OLD, OLD),
        (NEW, NEW),
        (f"{NEW}, {OLD}", NEW),
        (f"{OLD}, {NEW}", OLD),
        (f"{OLD};q=0.5, {NEW}", NEW),
        (f"{NEW};q=0, */*", OLD),
        (f"{OLD};q=0, application/*", NEW),
        (f"text/html, {OLD};q=0.1", OLD),
        ("application/json, multipart/mixed", OLD),
        ("APPLICATION/JSON; charset=utf-8", OLD),
    ],
)
async def test_the_answer_has_the_type_asked_for(client: httpx.AsyncClient, accept: str, media: str) -> None:
    response = await post(client, {"query": "{ hello }"}, accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.json() == {"data": {"hello": "hello world"}}
    assert response.headers["vary"] == "Authorization, X-API-Key, Accept"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "server" not in response.headers


@pytest.mark.parametrize("accept", ["text/html", "text/plain", f"{OLD};q=0, {NEW};q=0", "image/*", "x"])
async def test_a_type_nobody_has_is_406(client: httpx.AsyncClient, graph: ToyGraph, accept: str) -> None:
    response = await post(client, {"query": "{ hello }"}, accept)
    assert (response.status_code, code(response), graph.ran) == (406, "BAD_USER_INPUT", 0)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($n: Int!) { rows(first: $n) { number } }", "variables": {"n": None}}, "BAD_USER_INPUT"),
        ({"query": "query A { hello } query B { hello }"}, "BAD_USER_INPUT"),
    ],
)
async def test_what_never_ran_is_400_in_the_new_type_and_200_in_the_old(
    client: httpx.AsyncClient, body: dict[str, Any], error: str
) -> None:
    for accept, status in ((NEW, 400), (OLD, 200)):
        response = await post(client, body, accept)
        assert (response.status_code, code(response)) == (status, error)
        assert "data" not in response.json()
        assert response.headers["cache-control"] == "no-store"


async def test_a_partial_answer_is_200_in_both_types(client: httpx.AsyncClient) -> None:
    for accept in (NEW, OLD):
        response = await post(client, {"query": "{ rows(first: 1) { number visits } }"}, accept)
        assert response.status_code == 200
        assert response.json()["data"] == {"rows": [{"number": 0, "visits": None}]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"3",
        b'"text"',
        b"[]",
        b'[{"query": "{ hello }"}]',
        b"{",
        b"\xff\xfe",
        b'{"query": "\xff"}',
        b'\xef\xbb\xbf{"query": "{ hello }"}',
        b'{"query": NaN}',
        b'{"query": "{ hello }", "variables": {"n": 1e999}}',
        b'{"query": "\\ud800"}',
        b"{}",
        b'{"query": null}',
        b'{"query": ["{ hello }"]}',
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "variables": "{}"}',
        b'{"query": "{ hello }", "operationName": 1}',
        b'{"query": "{ hello }", "extensions": false}',
        b'{"query": "{ hello }", "variables": {"a": ' + b"[" * 200 + b"]" * 200 + b"}}",
        b"[" * 4_000,
        b'{"a":' * 700 + b"1" + b"}" * 700,
    ],
)
async def test_a_body_that_is_no_question_is_400_with_a_code(
    client: httpx.AsyncClient, graph: ToyGraph, body: bytes
) -> None:
    for accept in (NEW, OLD):
        response = await post(client, body, accept)
        assert (response.status_code, code(response), graph.ran) == (400, "BAD_USER_INPUT", 0)


async def test_a_huge_number_is_the_callers_error_and_not_ours(client: httpx.AsyncClient) -> None:
    query = "query($n: Int!) { rows(first: $n) { number } }"
    for number in (b"9" * 400, b"2147483648", b"18446744073709551616", b"-1e300"):
        body = b'{"query": "%s", "variables": {"n": %s}}' % (query.encode(), number)
        response = await post(client, body)
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
        assert "99999" not in response.text


async def test_null_members_count_as_absent(client: httpx.AsyncClient) -> None:
    body = {"query": "{ hello }", "variables": None, "operationName": None, "extensions": None}
    assert (await post(client, body)).json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/json, text/plain",
    ],
)
async def test_what_a_foreign_page_can_send_is_415(
    client: httpx.AsyncClient, graph: ToyGraph, content_type: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = await client.post("/graphql", content=b'{"query": "mutation { touch }"}', headers=headers)
    assert (response.status_code, code(response), graph.ran) == (415, "BAD_USER_INPUT", 0)


async def test_a_compressed_body_is_415(client: httpx.AsyncClient) -> None:
    response = await post(client, b"x", **{"content-encoding": "gzip"})
    assert response.status_code == 415


async def test_a_body_too_large_is_413_announced_or_chunked(client: httpx.AsyncClient, graph: ToyGraph) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    announced = await post(client, b" " * 5_001)
    chunked = await client.post("/graphql", content=chunks(), headers=JSON_HEADERS)
    for response in (announced, chunked):
        assert (response.status_code, code(response), graph.ran) == (413, "BAD_USER_INPUT", 0)
    assert (await post(client, orjson.dumps({"query": "{ hello }"}).ljust(5_000))).status_code == 200


async def test_a_get_asks_and_never_writes(client: httpx.AsyncClient) -> None:
    query = "query($n: String!) { hello(name: $n) }"
    response = await client.get("/graphql", params={"query": query, "variables": '{"n": "you"}'})
    assert response.json() == {"data": {"hello": "hello you"}}
    for accept in (NEW, OLD, "*/*"):
        refused = await client.get("/graphql", params={"query": "mutation { touch }"}, headers={"accept": accept})
        assert (refused.status_code, refused.headers["allow"], code(refused)) == (405, "POST", "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "search",
    [
        "",
        "variables={}",
        "query=%7Bhello%7D&variables=%7B",
        "query=%7Bhello%7D&variables=3",
        "query=%7Bhello%7D&extensions=[]",
        "query=%7Bhello%7D&query=%7Bhello%7D",
        "query=%ff",
        "&".join(f"a{n}=1" for n in range(60)),
    ],
)
async def test_a_get_that_is_no_question_is_400(client: httpx.AsyncClient, graph: ToyGraph, search: str) -> None:
    response = await client.get(f"/graphql?{search}")
    assert (response.status_code, code(response), graph.ran) == (400, "BAD_USER_INPUT", 0)


async def test_a_link_too_long_is_414(client: httpx.AsyncClient, graph: ToyGraph) -> None:
    response = await client.get("/graphql", params={"query": "{ hello }" + " " * 5_000})
    assert (response.status_code, code(response), graph.ran) == (414, "BAD_USER_INPUT", 0)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
async def test_other_methods_are_405_and_told_which_there_are(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert code(response) == "BAD_USER_INPUT"


async def test_options_tells_the_methods_and_opens_nothing_to_other_origins(client: httpx.AsyncClient) -> None:
    response = await client.options("/graphql", headers={"origin": "https://elsewhere.example"})
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_bad_credential_is_401_in_both_types(client: httpx.AsyncClient, graph: ToyGraph) -> None:
    for accept in (NEW, OLD):
        response = await post(client, {"query": "{ hello }"}, accept, authorization="Bearer canary-4711")
        assert (response.status_code, code(response), graph.ran) == (401, "UNAUTHENTICATED", 0)
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert "4711" not in response.text


async def test_an_operation_that_takes_too_long_is_cut_off(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": "{ slow(seconds: 30) }"})
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert code(response) == "UPSTREAM_TIMEOUT"


async def test_more_requests_than_places_are_503_at_once(client: httpx.AsyncClient, graph: ToyGraph) -> None:
    slow = [asyncio.create_task(post(client, {"query": "{ slow(seconds: 0.1) }"})) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert graph.ran == 2
    refused = await post(client, {"query": "{ hello }"})
    assert (refused.status_code, refused.headers["retry-after"], code(refused)) == (503, "1", "OVERLOADED")
    assert [(await task).json() for task in slow] == [{"data": {"slow": "done"}}] * 2
    assert (await post(client, {"query": "{ hello }"})).status_code == 200


async def test_the_sandbox_says_so_in_every_answer(lifecycle: Lifecycle) -> None:
    lifecycle.graph = ToyGraph(sandbox=True)
    async with client_of(Edge(live(), lifecycle)) as client:
        assert (await post(client, {"query": "{ hello }"})).json()["extensions"] == {"sandbox": True}
        assert (await post(client, {"query": "{"})).json()["extensions"] == {"sandbox": True}


async def test_the_path_with_a_slash_at_its_end_is_another_path(client: httpx.AsyncClient) -> None:
    assert (await client.post("/graphql/")).status_code == 404
