"""What a router's questions cost, which vendors are asked for them, and whose the answers are that are kept."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import runtime
from gateway.execution.operation import GraphQLRequest
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.sandbox.faults import Fault
from gateway.schema.entities import KEYS
from gateway.schema.node import encode
from gateway.settings import Settings
from tests.schema.routers import ENTITIES, LISTS, entities, listed, of_ids
from tests.schema.running import OPERATOR, Running, running

pytestmark = pytest.mark.anyio

DAY = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
OWNERS = {"Study": 1}
"""Calls that tell whose a record is, whatever its number: studies alone are fetched without naming an application."""
FEW = '[[site]]\nkey = "only"\ntimezone = "Europe/Athens"\nbespot = ["1"]\n'


@pytest.fixture(scope="module")
async def graph() -> AsyncIterator[Running]:
    async with running("bespot", "okube", subgraph=True) as gateway:
        yield gateway


@pytest.fixture(scope="module")
async def alone() -> AsyncIterator[Running]:
    """Okube alone knows its hundred sites and more."""
    async with running("okube", stores=110, sites=FEW, subgraph=True) as gateway:
        yield gateway


# cost ---------------------------------------------------------------------------------------------------------------


async def test_a_hundred_sites_cost_the_calls_of_one_page() -> None:
    fields = f"id name tags visits({DAY}, granularity: DAY) {{ nodes {{ entries }} }}"
    async with running("bespot", "okube", stores=100, subgraph=True) as graph:
        page = await graph.ask(f"{{ sites(first: 100) {{ nodes {{ {fields} }} }} }}")
        rows = page.data["sites"]["nodes"]
        assert len(rows) == 100
        query = f"query ($of: [_Any!]!) {{ _entities(representations: $of) {{ ... on Site {{ {fields} }} }} }}"
        answer = await graph.ask(query, {"of": of_ids("Site", rows)})
    assert answer.errors == []
    assert answer.data["_entities"] == rows
    assert answer.calls == page.calls


@pytest.mark.parametrize("kind", KEYS)
async def test_a_hundred_of_okubes_records_cost_the_calls_of_their_list(alone: Running, kind: str) -> None:
    rows = [row for row in await listed(alone, kind) if row["key"] != "only"][:100]
    page = await alone.ask(f"{{ {LISTS[kind]}(first: 100) {{ nodes {{ id }} }} }}")
    answer = await alone.ask(ENTITIES, {"of": of_ids(kind, rows)})
    assert [found["id"] for found in answer.data["_entities"]] == [row["id"] for row in rows]
    assert len(rows) > 2
    assert answer.calls == {"OKUBE": page.calls["OKUBE"] + OWNERS.get(kind, 0)}


async def test_one_record_costs_one_call_however_long_its_list(alone: Running) -> None:
    for kind in KEYS:
        rows = await listed(alone, kind)
        answer = await alone.ask(ENTITIES, {"of": of_ids(kind, rows[-1:])})
        assert answer.calls == {"OKUBE": 1 + OWNERS.get(kind, 0)}


async def test_representations_are_priced_before_anybody_is_asked(graph: Running) -> None:
    of = [
        {"__typename": "Site", "key": "ath-116500"},
        *({"__typename": "Campaign", "id": encode("Campaign", f"okube:{n}")} for n in range(7)),
    ]
    request = GraphQLRequest(ENTITIES, {"of": of}, shown=frozenset({"cost"}))
    outcome = await graph.gateway.execute(request, OPERATOR)
    assert outcome.extensions["cost"]["rows"] == 8
    assert outcome.extensions["cost"]["upstreamCalls"] == {"OKUBE": 7}


async def test_more_than_a_thousand_representations_are_refused(graph: Running) -> None:
    of = [{"__typename": "Site", "key": "ath-116500"}] * 1000
    assert len(await entities(graph, of)) == 1000
    answer = await graph.ask(ENTITIES, {"of": [*of, of[0]]})
    assert (answer.codes, answer.data, answer.calls) == (["BAD_USER_INPUT"], None, {})
    assert answer.errors[0]["extensions"]["argument"] == ["representations"]


async def test_a_vendor_that_is_down_is_told_at_the_place_of_the_entity(alone: Running) -> None:
    rows = await listed(alone, "Study")
    alone.faults("okube").on(Fault(kind="status", status=500))
    try:
        answer = await alone.ask(ENTITIES, {"of": [{"__typename": "Site", "key": "only"}, *of_ids("Study", rows[:3])]})
    finally:
        alone.faults("okube").off()
    assert [found and found["key"] for found in answer.data["_entities"]] == ["only", None, None, None]
    assert [(e["path"], e["extensions"]["code"], e["extensions"]["count"]) for e in answer.errors] == [
        (["_entities", 1], "UPSTREAM_UNAVAILABLE", 3)
    ]


# answers that are kept ----------------------------------------------------------------------------------------------


async def test_equal_keys_are_one_question_and_more_than_keys_is_nobody_elses(graph: Running) -> None:
    async def signature(of: Any) -> bytes | None:
        return await graph.gateway.signature(GraphQLRequest(ENTITIES, {"of": of}))

    keys = {"__typename": "Site", "id": "x"}
    assert await signature([keys]) is not None
    assert await signature([keys, {"__typename": "Site", "key": "y"}]) is not None
    assert await signature([keys, {**keys, "ownerEmail": "someone@example.com"}]) is None
    assert await signature({**keys, "ownerEmail": "someone@example.com"}) is None


def keys_file(folder: Path, **sites: str | None) -> tuple[Path, dict[str, dict[str, str]]]:
    """A keys file, and the header each caller proves himself with. None: every site."""
    headers: dict[str, dict[str, str]] = {}
    lines: list[str] = []
    for name, site in sites.items():
        key = urlsafe_b64encode(sha256(name.encode()).digest()).rstrip(b"=").decode()
        headers[name] = {"authorization": f"Bearer {key}"}
        lines += [
            "[[key]]",
            f'name = "{name}"',
            f'hash = "sha256:{sha256(key.encode()).hexdigest()}"',
            'scopes = ["read"]',
        ]
        lines += [f'sites = ["{site}"]'] if site else []
    path = folder / "keys.toml"
    path.write_text("\n".join(lines))
    return path, headers


async def test_kept_answers_to_a_router_are_each_callers_own(tmp_path: Path) -> None:
    path, headers = keys_file(tmp_path, everywhere=None, somewhere="ath-116500")
    configured, lifecycle = Settings(api_keys=path, anonymous_scopes=(), subgraph=True), Lifecycle()
    keys = ["ath-116500", "skg-116501", "nowhere"]
    body = {"query": ENTITIES, "variables": {"of": [{"__typename": "Site", "key": key} for key in keys]}}
    async with runtime.gateway(configured) as lifecycle.graph:
        transport = httpx.ASGITransport(app=Edge(configured, lifecycle))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as router:
            for _ in range(2):
                for caller, seen in (("everywhere", keys[:2]), ("somewhere", keys[:1])):
                    answer = await router.post("/graphql", json=body, headers=headers[caller])
                    found = answer.json()["data"]["_entities"]
                    assert [thing and thing["key"] for thing in found] == [k if k in seen else None for k in keys]
                    assert answer.headers["cache-control"].startswith("private, max-age=")
            refused = (await router.post("/graphql", json={"query": "{ _service { sdl } }"})).json()
            assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
