"""What `explain` says of an operation: what is kept of it, what is left to be asked, and that it asks nobody itself.

The plan is held against what is then done: calls promised are made, and none beyond the most that was told.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.access.principal import Principal
from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.execution.operation import GraphQLRequest
from gateway.sandbox.faults import Fault
from gateway.sandbox.world import World
from gateway.schema.node import encode
from gateway.upstream.calls import tally
from tests.cache.valkey import Valkey
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import OPERATOR, READER, Running, running

pytestmark = pytest.mark.anyio

EXPLAIN = frozenset({"explain"})
ALL = ("bespot", "guest_wifi", "okube", "shopster")
MIDNIGHT = NOON // DAY * DAY


@pytest.fixture
async def graph() -> AsyncIterator[Running]:
    async with running(*ALL, cache="on", days=30, stores=6) as gateway:
        yield gateway


def window(start: Micros, end: Micros) -> str:
    return f'window: {{from: "{instant.text(start)}", to: "{instant.text(end)}"}}'


def bounds(start: Micros, end: Micros) -> dict[str, str]:
    return {"from": instant.text(start), "to": instant.text(end)}


def hourly(start: Micros, end: Micros) -> str:
    visits = f"visits({window(start, end)}, granularity: HOUR, first: 200) {{ nodes {{ net }} }}"
    return f"{{ sites {{ nodes {{ {visits} }} }} }}"


async def explained(graph: Running, query: str, caller: Principal = OPERATOR) -> dict[str, Any]:
    """`extensions.explain` of an operation that is not run. Fails where any vendor was asked."""
    with tally() as calls:
        outcome = await graph.gateway.explain(GraphQLRequest(query=query, shown=EXPLAIN), caller)
    assert outcome.errors == []
    assert calls.by_vendor == {}
    found: dict[str, Any] = outcome.extensions["explain"]
    return found


def parts(told: dict[str, Any], resource: str) -> list[tuple[str, dict[str, str]]]:
    return [(part["state"], part["window"]) for part in told["cached"] if part["resource"] == resource]


async def test_of_a_wider_window_exactly_the_missing_spans_are_planned_and_asked(graph: Running) -> None:
    a, b, c, d = (MIDNIGHT - days * DAY for days in (6, 5, 3, 1))
    cold = await explained(graph, hourly(b, c))
    assert parts(cold, "visits") == [("MISSING", bounds(b, c))]
    await graph.ask(hourly(b, c))
    told = await explained(graph, hourly(a, d))
    assert parts(told, "visits") == [
        ("MISSING", bounds(a, b)),
        ("CLOSED", bounds(b, c)),
        ("MISSING", bounds(c, d)),
    ]
    planned = [call for call in told["calls"] if call["vendor"] == "BESPOT"]
    assert [(call["endpoint"], call["window"]) for call in planned] == [
        ("visits", bounds(a, b)),
        ("visits", bounds(c, d)),
    ]
    assert (await graph.ask(hourly(a, d))).calls.get("BESPOT") == told["upstreamCalls"]["BESPOT"] == 2
    again = await explained(graph, hourly(a, d))
    assert again["upstreamCalls"] == {}
    assert parts(again, "visits") == [("CLOSED", bounds(a, d))]


async def test_an_open_end_is_told_as_open_and_once_overtaken_as_stale() -> None:
    clock = Hands(NOON)
    async with running("bespot", cache="on", clock=clock, days=30, stores=6) as graph:
        query = f"{{ occupancy({window(MIDNIGHT, NOON)}, granularity: HOUR, first: 200) {{ nodes {{ peak }} }} }}"
        await graph.ask(query)
        settled = NOON // (15 * MINUTE) * 15 * MINUTE - 30 * MINUTE
        told = await explained(graph, query)
        assert told["upstreamCalls"] == {}
        states = parts(told, "occupancy")
        # a site of two stores needs the quarter hour before
        assert states[0] == ("CLOSED", bounds(MIDNIGHT - 15 * MINUTE, settled))
        assert {state for state, _ in states[1:]} == {"OPEN"}
        assert all(part["expiresAt"] for part in told["cached"] if part["state"] == "OPEN")
        clock.now += 15 * MINUTE
        told = await explained(graph, query)
        assert {state for state, _ in parts(told, "occupancy")[1:]} == {"STALE"}
        (call,) = told["calls"]
        assert instant.parse(call["window"]["from"]) == settled
        assert call["calls"] == call["atMost"] == (await graph.ask(query)).calls["BESPOT"] == 1


async def test_with_no_cache_everything_is_planned_anew() -> None:
    async with running("bespot", cache="off", days=30, stores=6) as graph:
        query = f"{{ visits({window(MIDNIGHT - DAY, MIDNIGHT)}, granularity: DAY) {{ nodes {{ net }} }} }}"
        for _ in range(2):
            told = await explained(graph, query)
            assert (told["upstreamCalls"], told["cached"]) == ({"BESPOT": 1}, [])
            assert (await graph.ask(query)).calls == {"BESPOT": 1}


async def test_the_quota_is_told_with_what_remains_of_it(graph: Running) -> None:
    query = f"{{ sessions({window(MIDNIGHT - 3 * DAY, MIDNIGHT - 2 * DAY)}, first: 5) {{ nodes {{ id }} }} }}"
    (before,) = (await explained(graph, query))["quota"]
    assert (before["vendor"], before["endpoint"], before["limit"], before["perSeconds"]) == (
        "GUEST_WIFI",
        "sessions",
        60,
        60,
    )
    assert (before["remaining"], before["resetsAt"], before["calls"] >= 1) == (60, None, True)
    made = (await graph.ask(query)).calls["GUEST_WIFI"]
    assert (await explained(graph, query))["quota"] == []
    other = query.replace("first: 5", "first: 5, filter: {status: [OPEN]}")
    (after,) = (await explained(graph, other))["quota"]
    assert after["remaining"] == 60 - made
    assert after["resetsAt"] is not None


async def test_a_filter_is_told_of_and_what_it_holds_is_not(graph: Running) -> None:
    secret = "deadbeefcafe"
    query = f'{{ sessions({window(MIDNIGHT - DAY, MIDNIGHT)}, filter: {{guestId: "{secret}"}}) {{ nodes {{ id }} }} }}'
    told = await explained(graph, query)
    assert [call["filtered"] for call in told["calls"]] == [True]
    assert secret not in repr(told)
    leases = await explained(graph, '{ guestsByIp(addresses: ["10.9.8.7"]) { name } }')
    assert leases["upstreamCalls"] == {"GUEST_WIFI": 1}
    assert "10.9.8.7" not in repr(leases)


async def test_only_admins_are_told_and_writes_are_never_rehearsed(graph: Running) -> None:
    query = hourly(MIDNIGHT - DAY, MIDNIGHT)
    outcome = await graph.gateway.explain(GraphQLRequest(query=query, shown=EXPLAIN), READER)
    assert "explain" not in outcome.extensions
    study = '{key: "k", name: "n", from: "2026-01-01", to: "2026-02-01"}'
    write = f"mutation {{ createStudies(input: {{studies: [{study}]}}) {{ __typename }} }}"
    told = (await graph.gateway.explain(GraphQLRequest(query=write, shown=EXPLAIN), OPERATOR)).extensions
    assert "calls" not in told.get("explain", {})
    assert sum(sum(played.faults.calls.values()) for played in graph.hosted.vendors.values()) == 0


async def test_a_rehearsal_leaves_nothing_behind_and_a_failing_vendor_does_not_matter_to_it(graph: Running) -> None:
    query = hourly(MIDNIGHT - 2 * DAY, MIDNIGHT - DAY)
    graph.faults("bespot").on(Fault(kind="status", status=500))
    for _ in range(3):
        assert (await explained(graph, query))["upstreamCalls"] == {"BESPOT": 1, "OKUBE": 1}
    graph.faults("bespot").off()
    shown = GraphQLRequest(query=query, shown=EXPLAIN)
    with tally() as calls:
        outcome = await graph.gateway.execute(shown, OPERATOR)
    assert outcome.extensions["explain"]["upstreamCalls"] == {v.value: n for v, n in calls.by_vendor.items()}
    plain = await graph.ask(query)
    assert plain.data == outcome.data
    assert any(node["net"] for site in plain.data["sites"]["nodes"] for node in site["visits"]["nodes"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    server = Valkey(tmp_path)
    server.start()
    yield server.url
    server.kill()


async def test_what_replicas_keep_is_seen_by_one_that_has_just_started(store: str) -> None:
    world = World(seed=7, stores=6, days=30, clock=Hands(NOON))
    query = hourly(MIDNIGHT - 3 * DAY, MIDNIGHT - DAY)
    async with running("bespot", cache="on", cache_url=store, world=world) as one:
        await one.ask(query)
        wider = hourly(MIDNIGHT - 4 * DAY, MIDNIGHT - DAY)
        sections = {"bespot": {"base_url": one.hosted.vendors["bespot"].settings["base_url"]}}
        async with running("bespot", cache="on", cache_url=store, world=world, sections=sections) as two:
            assert (await explained(two, query))["upstreamCalls"] == {}
            (call,) = (await explained(two, wider))["calls"]
            assert call["window"] == bounds(MIDNIGHT - 4 * DAY, MIDNIGHT - 3 * DAY)


def question(chance: random.Random, keys: list[str], now: Micros) -> str:
    """Some operation of one to three fields."""
    start = MIDNIGHT - chance.randrange(1, 12) * DAY + chance.choice([0, 0, 6 * HOUR])
    end = min(start + chance.choice([HOUR, DAY, 3 * DAY]), now)
    over = window(start, end)
    grain = chance.choice(["QUARTER_HOUR", "HOUR", "DAY"])
    one = f'site(by: {{key: "{chance.choice(keys)}"}})'
    some = ", ".join(f'"{encode("Site", key)}"' for key in chance.sample(keys, chance.randrange(1, len(keys))))
    first, last = (instant.text(moment)[:10] for moment in (start, start + 2 * DAY))
    days = f'days: {{from: "{first}", to: "{last}"}}'
    return "{ " + " ".join(chance.sample([
        f"a: visits({over}, granularity: {grain}, first: 500) {{ nodes {{ entries }} }}",
        f"b: occupancy({over}, granularity: {grain}, first: 500, sites: [{some}]) {{ nodes {{ peak }} }}",
        f"c: {one} {{ visits({over}, granularity: {grain}) {{ totals {{ net }} }} }}",
        f"d: sites {{ nodes {{ occupancy({over}, granularity: {grain}, first: 300) {{ nodes {{ count }} }} }} }}",
        f"e: sessionCounts({over}) {{ count }}",
        f"f: uniqueUserCounts({over}, sites: [{some}]) {{ count }}",
        f"g: guestSessionCounts({days}, sites: [{some}]) {{ count }}",
        f"h: engagement({days}, sites: [{some}]) {{ object }}",
        f"i: presence({days}, kpis: [SESSIONS]) {{ kpi }}",
        "j: campaigns(first: 20) { nodes { key } }",
        f"k: sessions({over}, first: 10) {{ nodes {{ id }} }}",
        f"l: visits({over}, granularity: MINUTE, first: 30) {{ nodes {{ net }} }}",
    ], chance.choice([1, 2, 3]))) + " }"  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_planned_is_what_is_asked_whatever_was_kept_before(seed: int) -> None:
    chance, clock = random.Random(seed), Hands(NOON)
    async with running(*ALL, cache="on", clock=clock, days=30, stores=6) as graph:
        keys = [site.key for site in graph.gateway.catalog.known]
        for _ in range(12):
            query = question(chance, keys, clock.now)
            told = await explained(graph, query)
            answer = await graph.ask(query)
            assert answer.errors == [], (query, answer.errors)
            for vendor in ("BESPOT", "GUEST_WIFI", "OKUBE", "SHOPSTER"):
                least, made = told["upstreamCalls"].get(vendor, 0), answer.calls.get(vendor, 0)
                bounds = [call["atMost"] for call in told["calls"] if call["vendor"] == vendor]
                assert least <= made, (query, told, answer.calls)
                if None not in bounds:
                    assert made <= sum(bounds), (query, told, answer.calls)
            clock.now += chance.choice([0, 0, MINUTE, 20 * MINUTE, 3 * HOUR])
