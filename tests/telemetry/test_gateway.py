"""The whole gateway watched: one span per operation and call, cache and freshness told, nothing of a person anywhere.

The people of the sandbox are marked (gateway/sandbox/people.py): whatever of them got out is found by its pattern.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr
from typing import Any

import httpx
import orjson
import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan

from gateway import runtime, telemetry
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.telemetry.logs import DELAY
from tests.http.conftest import client_of
from tests.sandbox.hands import NOON, Hands
from tests.telemetry.watching import Watching, samples, value

pytestmark = pytest.mark.anyio

CANARY = re.compile(
    r"(?i)ca9[ade][0-9a-f]{4}|ALT-CANARY|Canary-\d|canary\.\d|\bCAN[0-9A-F]{5}\b|gCa\w{8}|02:ca:9a|172\.31\.\d|CANARY-"
)
WINDOW = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T12:00:00Z"}
VISITS = "query Wall($w: Window!) { sites(first: 3) { nodes { key visits(window: $w) { nodes { entries } } } } }"
RAW = "... on AppSession { deviceId userId alternateUserId } ... on WifiSession { deviceMac deviceIp guestId yasId }"
PEOPLE = f"query People($w: Window!) {{ sessions(window: $w, last: 200) {{ nodes {{ id device status {RAW} }} }} }}"
GUESTS = "query Guests($a: [String!]!) { guestsByIp(addresses: $a) { username name email } }"
ATTRIBUTES = {
    "graphql.operation.name",
    "gateway.outcome",
    "gateway.cost",
    "gateway.vendor",
    "gateway.endpoint",
    "gateway.attempts",
    "gateway.cache",
    "gateway.quota.waited_ms",
    "http.response.status_code",
}


class Watched:
    """A client of the edge, and what its telemetry saw."""

    def __init__(self, client: httpx.AsyncClient, watching: Watching, hands: Hands) -> None:
        self.client = client
        self.watching = watching
        self.hands = hands

    async def ask(self, query: str, **variables: object) -> dict[str, Any]:
        answer = await self.client.post("/graphql", json={"query": query, "variables": variables})
        told: dict[str, Any] = answer.json()
        return told

    async def figures(self) -> str:
        return (await self.client.get("/metrics")).text


@asynccontextmanager
async def watched(**more: object) -> AsyncIterator[Watched]:
    hands, watching, lifecycle = Hands(NOON), Watching(), Lifecycle()
    settings = Settings.model_validate({"sandbox": "all", **more})
    world = World(seed=7, stores=3, days=10, clock=hands)
    async with runtime.gateway(settings, clock=hands, world=world, telemetry=watching.telemetry) as graph:
        lifecycle.graph = graph
        async with client_of(Edge(settings, lifecycle, watching.telemetry)) as client:
            yield Watched(client, watching, hands)


def of(spans: list[ReadableSpan], name: str) -> list[dict[str, Any]]:
    return [dict(span.attributes or {}) for span in spans if span.name == name]


async def test_an_operation_has_one_span_and_one_below_it_for_each_call() -> None:
    async with watched() as gate:
        answer = await gate.ask(VISITS, w=WINDOW)
        assert "errors" not in answer
        text = await gate.figures()
        spans = gate.watching.spans()
    (operation,) = [span for span in spans if span.parent is None]
    assert operation.name == "graphql Wall"
    assert dict(operation.attributes or {})["gateway.outcome"] == "ok"
    calls = [span for span in spans if span.parent is not None]
    assert operation.context is not None
    assert {span.parent.span_id for span in calls if span.parent} == {operation.context.span_id}
    counted = sum(number for (name, _), number in samples(text).items() if name == "gateway_vendor_calls_total")
    assert len(calls) == counted > 1
    assert {attributes["gateway.cache"] for attributes in of(spans, "BESPOT visits")} == {"miss"}


async def test_the_cache_tells_its_parts_by_the_state_of_their_window() -> None:
    async with watched() as gate:
        await gate.ask(VISITS, w=WINDOW)
        cold = await gate.figures()
        gate.hands.now += 1
        await gate.ask(VISITS.replace("entries", "exits"), w=WINDOW)
        warm = await gate.figures()
    assert (value(cold, "gateway_cache_parts_total", state="miss") or 0) > 0
    assert value(warm, "gateway_cache_parts_total", state="miss") == value(
        cold, "gateway_cache_parts_total", state="miss"
    )
    closed = [value(text, "gateway_cache_parts_total", state="closed") or 0 for text in (cold, warm)]
    assert closed[1] > closed[0]
    assert (value(warm, "gateway_cache_bytes") or 0) > 1_000
    assert value(warm, "gateway_store_away") == 0


async def test_the_age_of_what_is_told_is_a_figure() -> None:
    async with watched() as gate:
        await gate.ask(VISITS, w=WINDOW)
        fresh = value(await gate.figures(), "gateway_freshness_lag_seconds", vendor="OKUBE")
        gate.hands.now += 40_000_000
        await gate.ask(VISITS.replace("entries", "exits"), w=WINDOW)
        later = value(await gate.figures(), "gateway_freshness_lag_seconds", vendor="OKUBE")
    assert (fresh, later) == (0, 40)


async def test_going_round_the_cache_is_told_as_such() -> None:
    async with watched() as gate:
        headers = {"cache-control": "no-cache"}
        await gate.client.post("/graphql", json={"query": VISITS, "variables": {"w": WINDOW}}, headers=headers)
        spans = gate.watching.spans()
    assert {attributes["gateway.cache"] for attributes in of(spans, "BESPOT visits")} == {"bypass"}


async def test_nothing_of_a_person_and_no_credential_gets_into_spans_metrics_or_logs() -> None:
    out = io.StringIO()
    with redirect_stderr(out):  # what a log is: whichever test made the loggers, and whenever
        telemetry.configure("info", readable=False)
        async with watched() as gate:
            seen = await gate.ask(PEOPLE, w=WINDOW)
            raw = next(row["deviceId"] for row in seen["data"]["sessions"]["nodes"] if row.get("deviceId"))
            rows = [row for row in seen["data"]["sessions"]["nodes"] if row.get("deviceIp")]
            address = next(row["deviceIp"] for row in rows if row["status"] == "OPEN")
            lease = await gate.ask(GUESTS, a=[address])
            assert CANARY.search(orjson.dumps(lease).decode()), "else the search below proves nothing"
            await gate.ask(f'{{ sessions(window: {{from: "{raw}", to: "x"}}) {{ totalCount }} }}')
            await gate.ask(PEOPLE, w={"from": address, "to": raw})
            await gate.client.get("/graphql", params={"query": f'{{ site(key: "{raw}") {{ key }} }}'})
            await gate.client.get(f"/{raw}", headers={"traceparent": raw, "tracestate": f"v={raw}", "baggage": raw})
            await gate.client.post(
                "/graphql", json={"query": "{ __typename }"}, headers={"authorization": f"Bearer {raw}.b.c"}
            )
            text = await gate.figures()
            spans = gate.watching.spans()
            await asyncio.sleep(5 * DELAY)  # lines of requests are written together
        telemetry.configure("info", readable=True)
    structlog.reset_defaults()
    told = {"log": out.getvalue(), "metrics": text, "spans": "".join(span.to_json() for span in spans)}
    assert all(len(each) > 500 for each in told.values())
    assert {kind: CANARY.findall(each) for kind, each in told.items()} == {"log": [], "metrics": [], "spans": []}
    assert {kind for kind, each in told.items() if "Bearer" in each or "Basic" in each} == set()
    names = {name for span in spans for name in span.attributes or {}}
    assert {name for name in names if not name.startswith("gateway.attempts.")} <= ATTRIBUTES
    assert {span.events for span in spans} == {()}
    assert {span.status.description for span in spans} == {None}
