"""Trusted documents and automatic persisted queries (rules.md 42)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.http.persisted import manifest
from gateway.settings import ConfigurationError, Settings
from tests.safety.guarded import NEW, Gate, guarded

pytestmark = pytest.mark.anyio

VIEWER = "query Viewer { viewer { name } }"
SITES = "query Sites($n: Int) { sites(first: $n) { nodes { key } } }"
OTHER = "{ viewer { scopes } }"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


RELAY = {"a1": VIEWER, "b2": SITES, "w": 'mutation M { createSite(input: {name: "x"}) { userErrors { code } } }'}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": sha(VIEWER), "name": "Viewer", "type": "query", "body": VIEWER}],
}


def written(folder: Path, listed: object) -> Path:
    path = folder / "documents.json"
    path.write_bytes(listed if isinstance(listed, bytes) else orjson.dumps(listed))
    return path


@pytest.fixture(scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    async with guarded(trusted_documents=written(tmp_path_factory.mktemp("m"), RELAY)) as running:
        yield running


@pytest.fixture(scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    path = written(tmp_path_factory.mktemp("m"), APOLLO)
    async with guarded(trusted_documents=path, trusted_documents_only=True) as running:
        yield running


async def post(gate: Gate, body: dict[str, Any], accept: str = NEW) -> httpx.Response:
    async with gate.client() as client:
        return await client.post("/graphql", json=body, headers={"accept": accept, **gate.headers("reader")})


async def get(gate: Gate, **parameters: str) -> httpx.Response:
    async with gate.client() as client:
        return await client.get("/graphql", params=parameters, headers={"accept": NEW, **gate.headers("everything")})


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


def hashed(text: str, **more: object) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha(text), **more}}


async def test_a_document_is_named_by_its_id_by_post_and_by_get(gate: Gate) -> None:
    assert (await post(gate, {"documentId": "a1"})).json()["data"] == {"viewer": {"name": "reader"}}
    body = {"documentId": "b2", "variables": {"n": 1}}
    assert len((await post(gate, body)).json()["data"]["sites"]["nodes"]) == 1
    assert (await get(gate, documentId="b2", variables='{"n": 2}')).status_code == 200


async def test_a_relay_manifest_answers_hashes_too(gate: Gate) -> None:
    assert (await post(gate, {"extensions": hashed(VIEWER)})).json()["data"] == {"viewer": {"name": "reader"}}


async def test_ids_that_are_no_bare_hashes_name_a_document_in_either_place(tmp_path: Path) -> None:
    """GraphQL Codegen writes `sha256:<hash>`; Apollo's tool whatever its `createOperationId` returns."""
    codegen = {f"sha256:{sha(VIEWER)}": VIEWER}
    apollo = {**APOLLO, "operations": [{"id": "Viewer-1", "name": "Viewer", "type": "query", "body": VIEWER}]}
    for listed, name in ((codegen, next(iter(codegen))), (apollo, "Viewer-1")):
        async with guarded(trusted_documents=written(tmp_path, listed), trusted_documents_only=True) as gate:
            for body in (
                {"documentId": name},
                {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}},
                {"query": "", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}},
                {"extensions": hashed(VIEWER)},
            ):
                assert (await post(gate, body)).json()["data"] == {"viewer": {"name": "reader"}}
            assert code(await post(gate, {"extensions": {"persistedQuery": {"sha256Hash": "x"}}})) == "BAD_USER_INPUT"
            assert code(await post(gate, {"query": OTHER, "documentId": name})) == "FORBIDDEN"


async def test_an_unknown_name_is_not_found(gate: Gate, strict: Gate) -> None:
    for each in (gate, strict):
        for body in ({"documentId": "zz"}, {"extensions": hashed("{ nobody }")}):
            response = await post(each, body)
            assert (response.status_code, code(response)) == (400, "PERSISTED_QUERY_NOT_FOUND")
            assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"
            assert (await post(each, body, "application/json")).status_code == 200


async def test_a_trusted_write_is_still_no_get_and_still_needs_the_scope(gate: Gate) -> None:
    assert (await get(gate, documentId="w")).status_code == 405
    assert code(await post(gate, {"documentId": "w"})) == "FORBIDDEN"


async def test_in_the_only_mode_nothing_else_runs(strict: Gate) -> None:
    assert (await post(strict, {"extensions": hashed(VIEWER)})).json()["data"] == {"viewer": {"name": "reader"}}
    assert (await post(strict, {"documentId": sha(VIEWER)})).json()["data"] == {"viewer": {"name": "reader"}}
    for body in ({"query": OTHER}, {"query": VIEWER}, {"query": VIEWER, "extensions": hashed(VIEWER)}):
        assert code(await post(strict, body)) == "FORBIDDEN"
    assert code(await post(strict, {"query": OTHER, "extensions": hashed(OTHER)})) == "FORBIDDEN"
    assert code(await post(strict, {"extensions": hashed(OTHER)})) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(await get(strict, query=VIEWER)) == "FORBIDDEN"


async def test_callers_register_questions_by_their_hash(gate: Gate) -> None:
    lookup = {"extensions": hashed(OTHER)}
    assert code(await post(gate, lookup)) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(gate, {"query": OTHER, **lookup})).status_code == 200
    assert (await post(gate, lookup)).json()["data"] == {"viewer": {"scopes": ["read"]}}
    by_get = await get(gate, extensions=orjson.dumps(hashed(OTHER)).decode())
    assert by_get.json()["data"]["viewer"]["scopes"]


async def test_a_hash_that_does_not_match_is_refused_and_not_kept(gate: Gate) -> None:
    wrong = "{ viewer { name scopes } }"
    response = await post(gate, {"query": OTHER, "extensions": hashed(wrong)})
    assert (code(response), "data" in response.json()) == ("BAD_USER_INPUT", False)
    assert code(await post(gate, {"extensions": hashed(wrong)})) == "PERSISTED_QUERY_NOT_FOUND"
    trusted = await post(gate, {"query": OTHER, "extensions": hashed(VIEWER)})
    assert code(trusted) == "BAD_USER_INPUT"
    assert (await post(gate, {"extensions": hashed(VIEWER)})).json()["data"] == {"viewer": {"name": "reader"}}


@pytest.mark.parametrize(
    "persisted", [3, "x", [], {}, {"sha256Hash": 3}, {"sha256Hash": "xyz"}, {"version": 2, "sha256Hash": sha(VIEWER)}]
)
async def test_what_is_no_hash_is_bad_input(gate: Gate, persisted: object) -> None:
    assert code(await post(gate, {"extensions": {"persistedQuery": persisted}})) == "BAD_USER_INPUT"


async def test_a_question_comes_by_its_text_or_by_its_name(gate: Gate) -> None:
    assert code(await post(gate, {"query": OTHER, "documentId": "a1"})) == "BAD_USER_INPUT"
    for body in ({"documentId": 3}, {"documentId": ""}, {}):
        assert (await post(gate, body)).status_code == 400


async def test_registering_can_be_switched_off() -> None:
    async with guarded(persisted_queries=False) as gate:
        assert (await post(gate, {"query": OTHER, "extensions": hashed(OTHER)})).status_code == 200
        assert code(await post(gate, {"extensions": hashed(OTHER)})) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        ([], "neither Relay's nor Apollo's"),
        ({"a": 1}, "operation 0"),
        ({"": VIEWER}, "operation 0"),
        ({"a": "{ secret-canary"}, "not a GraphQL document"),
        ({"format": "other", "version": 1, "operations": []}, "version 1 of Apollo"),
        ({"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}, "version 1 of Apollo"),
        ({"format": "apollo-persisted-query-manifest", "version": 1, "operations": {}}, "version 1 of Apollo"),
        ({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [3]}, "operation 0"),
        (
            {
                "format": "apollo-persisted-query-manifest",
                "version": 1,
                "operations": [{"id": "a", "body": VIEWER}, {"id": "a", "body": OTHER}],
            },
            "operation 1",
        ),
    ],
)
def test_a_broken_manifest_stops_the_start_with_one_line(tmp_path: Path, listed: object, says: str) -> None:
    with pytest.raises(ConfigurationError) as stopped:
        manifest(written(tmp_path, listed))
    assert says in str(stopped.value)
    assert str(stopped.value).startswith("GATEWAY_TRUSTED_DOCUMENTS: ")
    assert "canary" not in str(stopped.value)


def test_a_manifest_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        manifest(tmp_path / "none.json")
    with pytest.raises(ValueError, match="GATEWAY_TRUSTED_DOCUMENTS"):
        Settings.model_validate({"trusted_documents_only": True})


async def test_an_edge_with_a_broken_manifest_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        async with guarded(trusted_documents=written(tmp_path, b"{")):
            raise AssertionError("it must not start")
