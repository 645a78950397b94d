"""What an operation costs is told before it runs, in rows and in calls to vendors, and it is no less than it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.schema.node import encode
from tests.safety.guarded import DAY, DAYS, Gate, guarded

pytestmark = pytest.mark.anyio

COST = {"x-gateway-cost": "1"}
EXPLAIN = {"x-gateway-explain": "1"}
YEAR = '{from: "2025-11-01T00:00:00Z", to: "2026-11-01T00:00:00Z"}'


@pytest.fixture(scope="module")
async def gate() -> AsyncIterator[Gate]:
    async with guarded(cache="off") as running:
        yield running


async def cost(gate: Gate, query: str) -> tuple[int, dict[str, int]]:
    answer = await gate.ask(query, headers=COST)
    figures = answer.extensions["cost"]
    return figures["rows"], figures["upstreamCalls"]


@pytest.mark.parametrize(
    ("query", "rows", "calls"),
    [
        ("{ viewer { name } }", 0, {}),
        ("{ vendors { key } }", 4, {}),
        ("{ sites(first: 3) { nodes { key } } }", 3, {"OKUBE": 1}),
        ("{ sites(first: 3) { nodes { key } edges { cursor } } }", 6, {"OKUBE": 1}),
        ("{ sites(first: 1000) { nodes { key } } }", 6, {"OKUBE": 1}),  # the crosswalk has no more
        ("{ sites(first: 3) { nodes { key tags codes { code } } } }", 33, {"OKUBE": 1}),
        ("{ a: sites(first: 3) { nodes { key } } b: sites(first: 2) { nodes { key } } }", 5, {"OKUBE": 1}),
        ("{ sites(first: 3) { totalCount } }", 0, {"OKUBE": 1}),
        ("{ campaigns(first: 250) { nodes { key } } }", 250, {"OKUBE": 3}),
        ("{ campaigns { nodes { key } } }", 50, {"OKUBE": 1}),
        ("{ campaigns(first: 7) { nodes { sites { key } } } }", 7 + 70, {"OKUBE": 2}),
        (
            f"{{ sessions(window: {DAY}, first: 10, filter: {{vendors: [BESPOT]}}) {{ nodes {{ id }} }} }}",
            10,
            {"BESPOT": 3},
        ),
        (f"{{ visits(window: {DAY}, granularity: HOUR, first: 10000) {{ nodes {{ net }} }} }}", 6 * 25, {"BESPOT": 2}),
        (f"{{ visits(window: {YEAR}, first: 5) {{ nodes {{ net }} }} }}", 5, {"BESPOT": 2}),
        (f"{{ visits(window: {YEAR}, first: 5) {{ totals {{ net }} nodes {{ net }} }} }}", 5, {"BESPOT": 317}),
        (f"{{ visits(window: {YEAR}, granularity: MONTH, first: 12) {{ nodes {{ net }} }} }}", 12, {"BESPOT": 53}),
        (f"{{ sessionCounts(window: {DAY}) {{ count }} }}", 6, {"BESPOT": 1}),
        (f"{{ guestSessionCounts(days: {DAYS}) {{ count }} }}", 6, {"GUEST_WIFI": 5}),
        ('{ nodes(ids: ["x", "U2l0ZTphdGgtMTE2NTAw"]) { id } }', 2, {}),
        ('{ node(id: "Q2FtcGFpZ246b2t1YmU6MQ") { id } }', 0, {"OKUBE": 1}),
        ('{ site(by: {key: "ath-116500"}) { key } }', 0, {}),
        ('{ guestsByIp(addresses: ["10.0.0.1", "10.0.0.2"]) { name } }', 2, {"GUEST_WIFI": 1}),
    ],
)
async def test_the_price_of_a_question(gate: Gate, query: str, rows: int, calls: dict[str, int]) -> None:
    assert await cost(gate, query) == (rows, calls)


async def test_page_sizes_multiply_and_batches_are_shared(gate: Gate) -> None:
    inner = f"visits(window: {DAY}, granularity: HOUR, first: 20) {{ nodes {{ net }} }}"
    assert await cost(gate, f"{{ sites(first: 4) {{ nodes {{ {inner} }} }} }}") == (
        4 + 4 * 20,
        {"BESPOT": 2, "OKUBE": 1},
    )
    once = f"sessions(window: {DAY}, first: 20, filter: {{vendors: [BESPOT]}}) {{ nodes {{ id }} }}"
    assert await cost(gate, f"{{ sites(first: 4) {{ nodes {{ {once} }} }} }}") == (84, {"BESPOT": 12, "OKUBE": 1})


async def test_merged_selections_are_priced_once(gate: Gate) -> None:
    query = (
        "{ sites(first: 3) { nodes { key } } ...A ...B } fragment A on Query { sites(first: 3) { nodes { name } } } "
    )
    assert (await cost(gate, query + "fragment B on Query { sites(first: 3) { nodes { key } } }"))[0] == 3


async def test_variables_and_their_defaults_are_priced(gate: Gate) -> None:
    query = "query($n: Int = 4) { campaigns(first: $n) { nodes { key } } }"
    for variables, rows in (({}, 4), ({"n": 9}, 9), ({"n": None}, 50)):
        answer = await gate.ask(query, variables, headers=COST)
        assert answer.extensions["cost"]["rows"] == rows


async def test_the_cost_is_told_only_on_request(gate: Gate) -> None:
    assert "cost" not in (await gate.ask("{ viewer { name } }")).extensions
    assert "cost" not in (await gate.ask("{ viewer { name } }", headers={"x-gateway-cost": "0"})).extensions
    told = (await gate.ask("{ viewer { name } }", headers=COST)).extensions["cost"]
    assert told == {
        "rows": 0,
        "upstreamCalls": {},
        "limit": 250_000,
        "values": 2,
        "limits": {"rows": 250_000, "upstreamCalls": 1_000, "values": 2_500_000},
    }


async def test_the_plan_is_for_admins(gate: Gate) -> None:
    query = f"{{ sites(first: 2) {{ nodes {{ sessions(window: {DAY}, first: 5) {{ nodes {{ id }} }} }} }} }}"
    plan = (await gate.ask(query, headers=EXPLAIN)).extensions["explain"]
    assert plan["plan"][:2] == [
        {"path": "sites", "vendor": "OKUBE", "calls": 1, "shared": True},
        {"path": "sites.nodes.sessions", "vendor": "BESPOT", "calls": 6, "shared": False},
    ]
    (quota,) = plan["quota"]
    assert (quota["vendor"], quota["endpoint"], quota["limit"], quota["perSeconds"]) == (
        "GUEST_WIFI",
        "sessions",
        60,
        60,
    )
    assert quota["calls"] == plan["upstreamCalls"]["GUEST_WIFI"] <= plan["atMost"]["GUEST_WIFI"]
    assert "explain" not in (await gate.ask(query, caller="reader", headers=EXPLAIN)).extensions


async def test_a_refusal_carries_the_figures_and_asks_nobody(gate: Gate) -> None:
    query = "{ campaigns(first: 100) { nodes { sites { campaigns(first: 100) { nodes { sites { campaigns(first: 100) "
    query += "{ nodes { key } } } } } } } } }"
    answer = await gate.ask(query)
    told = answer.errors[0]["extensions"]
    assert (answer.codes, answer.calls, answer.status) == (["QUERY_TOO_COMPLEX"], {}, 400)
    assert told["rows"] == answer.extensions["cost"]["rows"] == 100 + 1_000 + 100_000 + 1_000_000 + 100_000_000
    assert (told["upstreamCalls"], told["limit"], told["measure"]) == ({"OKUBE": 3}, 250_000, "rows")


async def test_a_thousand_calls_to_one_vendor_are_too_many(gate: Gate) -> None:
    ids = ", ".join(f'"{encode("Campaign", f"okube:{n}")}"' for n in range(1_000))
    answer = await gate.ask(f"{{ nodes(ids: [{ids}]) {{ id }} a: campaigns {{ totalCount }} }}")
    assert (answer.codes, answer.calls) == (["QUERY_TOO_COMPLEX"], {})
    assert answer.errors[0]["extensions"]["measure"] == "upstreamCalls"
    assert answer.errors[0]["extensions"]["upstreamCalls"] == {"OKUBE": 1_001}


FOOTFALL = f"visits(window: {DAY}) {{ nodes {{ net }} }} occupancy(window: {DAY}) {{ nodes {{ count }} }}"
FIGURES = f"engagement(days: {DAYS}) {{ object }} presence(days: {DAYS}, kpis: [SESSIONS]) {{ kpi }}"
REAL = (
    "{ sites { nodes { key tags kind active campaigns(first: 5) { nodes { key sites { key } } } } } }",
    f"{{ sites {{ nodes {{ {FOOTFALL} }} }} }}",
    f"{{ visits(window: {DAY}, granularity: DAY) {{ nodes {{ net }} totals {{ entries }} }} }}",
    f"{{ occupancy(window: {DAY}, first: 2000) {{ nodes {{ count }} }} }}",
    f"{{ sessions(window: {DAY}, first: 200) {{ nodes {{ id }} totalCount }} }}",
    f"{{ sessions(window: {DAY}, first: 5, filter: {{vendors: [BESPOT]}}) {{ nodes {{ id }} totalCount }} }}",
    f"{{ sites(first: 3) {{ nodes {{ sessions(window: {DAY}, first: 20) {{ nodes {{ id }} }} }} }} }}",
    f"{{ sites {{ nodes {{ sessionCount(window: {DAY}) uniqueUserCount(window: {DAY}) }} }} }}",
    f"{{ sites {{ nodes {{ {FIGURES} }} }} }}",
    f"{{ guestSessionCounts(days: {DAYS}) {{ count }} sessionCounts(window: {DAY}) {{ count }} }}",
    "{ studies { nodes { key sites { key } pointsOfInterest { key } } } applications { nodes { key } } }",
    f"{{ presence(days: {DAYS}, kpis: [SESSIONS], scopes: [SITES]) {{ entity }} }}",
)


@pytest.mark.parametrize("query", REAL)
async def test_an_operation_takes_no_more_calls_than_it_was_priced(gate: Gate, query: str) -> None:
    answer = await gate.ask(query, headers=COST)
    priced = answer.extensions["cost"]["upstreamCalls"]
    assert answer.errors == []
    over = {
        vendor: (calls, priced.get(vendor)) for vendor, calls in answer.calls.items() if calls > priced.get(vendor, 0)
    }
    assert over == {}
