"""The edge over the toy graph, asked in process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.settings import Settings
from tests.execution.toy import ToyGraph

KEY = "00" * 32


def live(**more: object) -> Settings:
    """Settings outside the sandbox."""
    return Settings.model_validate({"sandbox": "none", "pseudonym_key": KEY, **more})


@pytest.fixture
def graph() -> ToyGraph:
    return ToyGraph()


@pytest.fixture
def lifecycle(graph: ToyGraph) -> Lifecycle:
    lifecycle = Lifecycle()
    lifecycle.graph = graph
    return lifecycle


def client_of(edge: Edge, address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=edge, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


@pytest.fixture
async def client(lifecycle: Lifecycle) -> AsyncIterator[httpx.AsyncClient]:
    edge = Edge(live(max_body_bytes=5_000, request_timeout=0.3, max_concurrent_requests=2), lifecycle)
    async with client_of(edge) as client:
        yield client
