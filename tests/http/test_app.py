"""What every answer of the edge has, and the paths beside `/graphql`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import LogCapture

from gateway.execution.operation import GraphQLRequest, Outcome
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from tests.execution.toy import ToyGraph
from tests.http.conftest import client_of, live

pytestmark = pytest.mark.anyio


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


async def test_alive_while_the_process_lives_whatever_its_state(lifecycle: Lifecycle) -> None:
    async with client_of(Edge(live(), lifecycle)) as client:
        for graph, draining in ((lifecycle.graph, False), (None, False), (lifecycle.graph, True)):
            lifecycle.graph, lifecycle.draining = graph, draining
            response = await client.get("/healthz")
            assert (response.status_code, response.json()) == (200, {"status": "alive", "sandbox": False})


async def test_ready_only_between_start_and_drain(lifecycle: Lifecycle) -> None:
    async with client_of(Edge(live(), lifecycle)) as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json() == {"status": "ready", "sandbox": False, "vendors": {"BESPOT": {"state": "HEALTHY"}}}
        lifecycle.draining = True
        assert ((await client.get("/readyz")).status_code, (await client.get("/readyz")).json()["status"]) == (
            503,
            "draining",
        )
        assert (await client.post("/graphql", json={"query": "{ hello }"})).headers["connection"] == "close"
        lifecycle.draining, lifecycle.graph = False, None
        starting = await client.get("/readyz")
        assert (starting.status_code, starting.json()) == (503, {"status": "starting"})
        assert (await client.post("/graphql", json={"query": "{ hello }"})).status_code == 503


async def test_the_vendors_states_are_for_this_machine_only(lifecycle: Lifecycle) -> None:
    async with client_of(Edge(live(), lifecycle), address="198.51.100.7") as client:
        assert (await client.get("/readyz")).json() == {"status": "ready", "sandbox": False}


async def test_an_unknown_path_is_404_and_a_known_one_takes_reads_only(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).status_code == 404
    assert (await client.post("/nothing")).status_code == 404
    assert (await client.post("/healthz")).status_code == 405
    assert (await client.get("/graphiql/../../etc/passwd")).status_code == 404
    assert (await client.get("/")).headers["location"] == "/graphql"


async def test_a_request_is_one_line_without_anything_of_the_caller(
    client: httpx.AsyncClient, lines: list[Any]
) -> None:
    await client.get("/graphql", params={"query": '{ hello(name: "canary-4711") }'}, headers={"x-note": "canary-4711"})
    await client.get("/canary-4711")
    await client.get("/healthz")
    await client.get("/readyz")
    assert [(line["path"], line["status"], line["log_level"]) for line in lines] == [
        ("/graphql", 200, "info"),
        ("other", 404, "info"),
    ]
    assert "4711" not in str(lines)


async def test_a_bug_in_a_resolver_is_one_error_line_with_the_whole_story(
    client: httpx.AsyncClient, lines: list[Any]
) -> None:
    response = await client.post("/graphql", json={"query": "{ rows { broken } }"})
    (line,) = lines
    (incident,) = line["incidents"]
    assert line["log_level"] == "error"
    assert incident["correlation_id"] == response.json()["errors"][0]["extensions"]["correlationId"]
    assert incident["traceback"].endswith("ValueError: secret of row\n")
    assert "secret" not in response.text


async def test_a_mistake_of_the_caller_is_no_error_line(client: httpx.AsyncClient, lines: list[Any]) -> None:
    await client.post("/graphql", json={"query": "{ nope"})
    await client.post("/graphql", json={"query": "{ rows { visits } }"})
    assert [line["log_level"] for line in lines] == ["info", "info"]


async def test_a_bug_in_the_edge_is_500_with_a_correlation_id(lifecycle: Lifecycle, lines: list[Any]) -> None:
    class Broken(ToyGraph):
        async def execute(self, request: GraphQLRequest, principal: object) -> Outcome:
            raise RuntimeError("secret of edge")

    lifecycle.graph = Broken()
    async with client_of(Edge(live(), lifecycle)) as client:
        response = await client.post("/graphql", json={"query": "{ hello }"})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
    assert "secret" not in response.text
    assert lines[0]["incidents"][0]["correlation_id"] == error["extensions"]["correlationId"]
