"""`/metrics` over the toy graph: who may see it (rules.md 35), what it counts, and that its labels stay few."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import Scope
from gateway.domain.errors import Unauthenticated
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.telemetry import Telemetry
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.names import MOST_NAMES, OTHER, UNNAMED, Names
from tests.execution.toy import ToyGraph
from tests.http.conftest import client_of, live
from tests.telemetry.watching import samples, value

pytestmark = pytest.mark.anyio

FAR = "198.51.100.7"


class KeyedGraph(ToyGraph):
    """Knows two keys; a stranger may do nothing."""

    async def authenticate(self, headers):  # type: ignore[no-untyped-def]
        scopes = {"Bearer admin": {Scope.ADMIN}, "Bearer reader": {Scope.READ}, None: set()}
        sent = headers.get("authorization")
        if sent not in scopes:
            raise Unauthenticated("The credential is not valid here.")
        kind = CallerKind.KEY if sent else CallerKind.ANONYMOUS
        return Principal(kind=kind, label="caller", scopes=frozenset(scopes[sent]))


def edge(telemetry: Telemetry | None = None, **more: object) -> Edge:
    lifecycle = Lifecycle()
    lifecycle.graph = KeyedGraph()
    return Edge(live(**more), lifecycle, telemetry)


async def asked(client: httpx.AsyncClient, query: str, **more: object) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **more})


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 401, "UNAUTHENTICATED"),
        ({"authorization": "Bearer wrong"}, 401, "UNAUTHENTICATED"),
        ({"authorization": "Bearer reader"}, 403, "FORBIDDEN"),
        ({"authorization": "Bearer admin"}, 200, None),
    ],
)
async def test_from_elsewhere_the_figures_need_scope_admin(sent: dict[str, str], status: int, code: str | None) -> None:
    async with client_of(edge(), FAR) as client:
        answer = await client.get("/metrics", headers=sent)
        states = (await client.get("/readyz", headers=sent)).json()
    assert answer.status_code == status
    assert ("vendors" in states) is (status == 200)
    if code is not None:
        assert answer.json()["errors"][0]["extensions"]["code"] == code
        assert "gateway_" not in answer.text
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_from_this_machine_the_figures_are_open() -> None:
    async with client_of(edge()) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_setting_opens_the_figures_and_the_vendors_states() -> None:
    async with client_of(edge(metrics_open=True), FAR) as client:
        assert (await client.get("/metrics")).status_code == 200
        assert "vendors" in (await client.get("/readyz")).json()


async def test_somebody_behind_a_proxy_is_not_this_machine() -> None:
    async with client_of(edge()) as client:
        assert (await client.get("/metrics", headers={"x-forwarded-for": FAR})).status_code == 401


async def test_figures_are_read_not_written() -> None:
    async with client_of(edge()) as client:
        assert (await client.post("/metrics")).status_code == 405


async def test_requests_are_counted_by_operation_and_outcome() -> None:
    async with client_of(edge()) as client:
        await asked(client, "query Greeting { hello }")
        await asked(client, "query Greeting { hello }")
        await asked(client, "{ hello }")
        await asked(client, "query Aside { told }")
        await asked(client, "query Wrong { nothing }")
        await client.get("/nowhere/secret")
        text = (await client.get("/metrics")).text
    assert value(text, "gateway_operations_total", operation="Greeting", outcome="ok") == 2
    assert value(text, "gateway_operations_total", operation=UNNAMED, outcome="ok") == 1
    assert value(text, "gateway_operations_total", operation="Aside", outcome="FORBIDDEN") == 1
    assert value(text, "gateway_operations_total", operation=UNNAMED, outcome="GRAPHQL_VALIDATION_FAILED") == 1
    assert value(text, "gateway_operation_seconds_count", operation="Greeting") == 2
    assert value(text, "gateway_http_requests_total", path="/graphql", status="200") == 5
    assert value(text, "gateway_http_requests_total", path="other", status="404") == 1
    assert value(text, "gateway_requests_in_flight") == 1, "the one that asks"
    assert "secret" not in text


async def test_an_operation_that_is_no_operation_leaves_no_name() -> None:
    async with client_of(edge()) as client:
        await asked(client, "query AdaCanary { nothing }", operationName="AdaCanary")
        await asked(client, "query Ok { hello }", operationName="AdaCanary")
        text = (await client.get("/metrics")).text
    assert "AdaCanary" not in text


async def test_callers_cannot_make_the_metrics_grow_without_end() -> None:
    telemetry = Telemetry()
    async with client_of(edge(telemetry)) as client:
        for number in range(MOST_NAMES + 20):
            await asked(client, f"query Name{number} {{ hello }}")
        text = (await client.get("/metrics")).text
    told = {dict(labels)["operation"] for name, labels in samples(text) if name == "gateway_operations_total"}
    assert len(told) == MOST_NAMES + 1
    assert value(text, "gateway_operations_total", operation=OTHER, outcome="ok") == 20


async def test_trusted_documents_keep_their_names_whatever_others_send(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"one": "query Wall { hello }"}), "utf-8")
    telemetry = Telemetry()
    async with client_of(edge(telemetry, trusted_documents=str(manifest))) as client:
        for number in range(MOST_NAMES):
            await asked(client, f"query Name{number} {{ hello }}")
        await client.post("/graphql", json={"documentId": "one"})
        text = (await client.get("/metrics")).text
    assert value(text, "gateway_operations_total", operation="Wall", outcome="ok") == 1


def test_names_are_told_first_come_first_served() -> None:
    names = Names(most=1)
    names.trust(["Trusted"])
    assert [names.told(name) for name in ("A", "B", "Trusted", "A", "", None)] == [
        "A", OTHER, "Trusted", "A", UNNAMED, UNNAMED,
    ]  # fmt: skip


async def test_a_probe_that_breaks_takes_no_other_figure_with_it() -> None:
    telemetry = Telemetry()

    async def broken(metrics: Metrics) -> None:
        raise RuntimeError

    async def sound(metrics: Metrics) -> None:
        metrics.cache_bytes.set(7)

    telemetry.add(broken)
    telemetry.add(sound)
    async with client_of(edge(telemetry)) as client:
        assert value((await client.get("/metrics")).text, "gateway_cache_bytes") == 7
