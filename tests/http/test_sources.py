"""What an answer was made of, told as it was: calls the vendors counted, what was kept, and whose calls they were."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.sandbox.faults import Fault
from tests.safety.guarded import DAY, DAYS, OWN, Answer, Gate, guarded

pytestmark = pytest.mark.anyio

SOURCES = {"x-gateway-sources": "1"}
VISITS = f"visits(window: {DAY}, granularity: DAY) {{ nodes {{ net }} }}"
LONGEST = 4_000


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with guarded() as running:
        yield running


async def sources(gate: Gate, query: str, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = (await gate.ask(query, headers=SOURCES, **more)).extensions["sources"]
    return told


def counted(gate: Gate) -> dict[str, int]:
    """What the simulators say they were asked, by vendor."""
    sums = {folder.upper(): sum(played.faults.calls.values()) for folder, played in gate.hosted.vendors.items()}
    return {vendor: calls for vendor, calls in sums.items() if calls}


def summed(told: dict[str, Any]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for line in told["calls"]:
        sums[line["vendor"]] += line["calls"]
    return dict(sums)


def outcomes(told: dict[str, Any], vendor: str) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for line in told["calls"]:
        if line["vendor"] == vendor:
            sums.update(line["outcomes"])
    return dict(sums)


def part(told: dict[str, Any], vendor: str) -> dict[str, Any]:
    return next(each for each in told["parts"] if each["vendor"] == vendor)


WIDE = (
    f"{{ {VISITS} sessions(window: {DAY}, first: 500) {{ nodes {{ id }} }} "
    f"sites {{ nodes {{ engagement(days: {DAYS}) {{ audience }} campaigns(first: 2) {{ nodes {{ key }} }} }} }} }}"
)


async def test_the_calls_told_are_the_calls_the_vendors_counted(gate: Gate) -> None:
    told = await sources(gate, WIDE)
    assert told["answer"] == "MADE"
    assert summed(told) == counted(gate)
    assert set(summed(told)) == {"BESPOT", "GUEST_WIFI", "OKUBE", "SHOPSTER"}
    for line in told["calls"]:
        assert line["outcomes"] == {"ok": line["calls"]}
        assert line["bytes"] > 0
        assert 0 < line["slowestMs"] <= line["ms"]
        assert (line["retries"], line["refused"]) == (0, {})


async def test_what_is_kept_is_told_as_kept_and_asks_nobody(gate: Gate) -> None:
    first = await sources(gate, f"{{ {VISITS} }}")
    assert part(first, "BESPOT")["read"] == 1
    assert part(first, "BESPOT")["closed"] == 0
    again = await sources(gate, f"{{ again: {VISITS} }}")
    assert (again["answer"], again["calls"]) == ("MADE", [])
    assert part(again, "BESPOT")["read"] == 0
    assert part(again, "BESPOT")["closed"] > 0


async def test_only_what_is_lacking_is_told_as_read(gate: Gate) -> None:
    await gate.ask(f"{{ {VISITS} }}")
    told = await sources(gate, f"{{ {VISITS.replace('2026-11-09', '2026-11-08')} }}")
    assert part(told, "BESPOT")["read"] == 1
    assert part(told, "BESPOT")["closed"] > 0


async def test_a_kept_answer_says_so_and_is_not_kept_with_what_is_told_beside_it(gate: Gate) -> None:
    query = f"{{ {VISITS} }}"
    made = await gate.ask(query, headers=SOURCES)
    plain = await gate.ask(query)
    assert (made.calls, plain.calls) == ({"BESPOT": 1}, {})
    assert "sources" not in plain.extensions
    kept = await gate.ask(query, headers=SOURCES)
    told = kept.extensions["sources"]
    assert (told["answer"], told["calls"], told["parts"], kept.calls) == ("KEPT", [], [], {})
    assert kept.data == made.data == plain.data
    assert kept.extensions["freshness"] == plain.extensions["freshness"]
    for answer in (made, kept):
        assert answer.response.headers["cache-control"] == "no-store"
        assert "etag" not in answer.response.headers
    assert plain.response.headers["cache-control"].startswith("private, max-age=")


async def test_it_is_told_on_request_to_those_who_may_read(gate: Gate) -> None:
    for headers in ({}, {"x-gateway-sources": "0"}, {"x-gateway-sources": "yes"}):
        assert "sources" not in (await gate.ask("{ viewer { name } }", headers=headers)).extensions
    assert "sources" in (await gate.ask("{ viewer { name } }", caller="reader", headers=SOURCES)).extensions
    assert "sources" not in (await gate.ask("{ viewer { name } }", caller="writer", headers=SOURCES)).extensions


async def test_a_caller_of_some_sites_is_not_told_how_much_the_vendors_sent(gate: Gate) -> None:
    told = await sources(gate, f"{{ {VISITS} }}", caller="limited")
    assert summed(told) == counted(gate) == {"BESPOT": 1}
    assert all("bytes" not in line for line in told["calls"])


async def test_what_is_told_holds_names_of_the_code_and_numbers_only(gate: Gate) -> None:
    told = await sources(gate, WIDE)
    assert set(told) == {"answer", "age", "ms", "calls", "parts"}
    members = {
        "vendor",
        "endpoint",
        "calls",
        "outcomes",
        "refused",
        "retries",
        "quotaWaitMs",
        "ms",
        "slowestMs",
        "bytes",
    }
    assert all(set(line) == members for line in told["calls"])
    assert all(set(line) == {"vendor", "closed", "open", "stale", "read", "joined"} for line in told["parts"])
    text = orjson.dumps(told).decode()
    codes = [code for site in gate.world.sites for code in site.bespot]
    assert not [code for code in (*codes, *OWN, "2026", "http", "127.0.0.1") if code in text]
    assert len(text) < LONGEST


async def test_every_try_is_told_and_how_it_ended(gate: Gate) -> None:
    faults = gate.hosted.vendors["bespot"].faults
    faults.on(Fault(kind="status", status=503, times=1))
    told = await sources(gate, f"{{ {VISITS} }}")
    assert outcomes(told, "BESPOT") == {"ok": 1, "UPSTREAM_UNAVAILABLE": 1}
    assert summed(told) == counted(gate) == {"BESPOT": 2}
    assert told["calls"][0]["retries"] == 1


async def test_a_vendor_that_fails_is_told_beside_those_that_do_not(gate: Gate) -> None:
    gate.hosted.vendors["bespot"].faults.on(Fault(kind="status", status=503))
    answer = await gate.ask(f"{{ {VISITS} campaigns(first: 1) {{ nodes {{ key }} }} }}", headers=SOURCES)
    told = answer.extensions["sources"]
    assert answer.codes == ["UPSTREAM_UNAVAILABLE"]
    assert outcomes(told, "BESPOT") == {"UPSTREAM_UNAVAILABLE": 3}
    assert [line["retries"] for line in told["calls"] if line["vendor"] == "BESPOT"] == [2]
    assert set(outcomes(told, "OKUBE")) == {"ok"}
    assert summed(told) == counted(gate)


async def test_what_was_refused_before_it_left_is_told_as_no_call(gate: Gate) -> None:
    gate.hosted.vendors["bespot"].faults.on(Fault(kind="status", status=503))
    refused: dict[str, int] = {}
    for number in range(20):
        window = DAY.replace("T00:00", f"T{number:02}:00")
        told = await sources(gate, f"{{ visits(window: {window}) {{ nodes {{ net }} }} }}")
        (line,) = told["calls"]
        refused = line["refused"]
        if refused and not line["calls"]:
            break
    assert refused == {"CIRCUIT_OPEN": 1}


async def test_want_of_quota_is_told() -> None:
    async with guarded() as gate:
        counts = f"guestSessionCounts(days: {DAYS}) {{ count }}"
        await gate.ask(f"{{ {counts} }}")
        asked = sum(gate.hosted.vendors["guest_wifi"].faults.calls.values())
        assert asked > 0
        ends = [await sources(gate, f"{{ guestSessionCounts(days: {span}) {{ count }} }}") for span in spans(60)]
    refused = [line["refused"] for told in ends for line in told["calls"] if line["refused"]]
    assert refused[0] == {"OUT_OF_QUOTA": refused[0]["OUT_OF_QUOTA"]}


def spans(count: int) -> list[str]:
    """Pairs of days nobody asked for before."""
    return [f'{{from: "2026-10-{1 + n % 28:02}", to: "2026-11-{1 + n // 28:02}"}}' for n in range(count)]


async def test_two_who_ask_the_same_at_once_are_told_who_of_them_asked(gate: Gate) -> None:
    gate.hosted.vendors["bespot"].faults.on(Fault(kind="latency", seconds=0.2))
    both = await asyncio.gather(*(sources(gate, f"{{ {VISITS} }}") for _ in range(2)))
    assert [(told["answer"], summed(told)) for told in both] == [("MADE", {"BESPOT": 1}), ("SHARED", {})]
    assert counted(gate) == {"BESPOT": 1}


async def test_a_call_two_questions_wait_for_counts_for_the_one_that_began_it(gate: Gate) -> None:
    gate.hosted.vendors["bespot"].faults.on(Fault(kind="latency", seconds=0.2))
    first, second = await asyncio.gather(
        sources(gate, f"{{ {VISITS} }}"), sources(gate, f"{{ other: {VISITS} campaigns(first: 1) {{ totalCount }} }}")
    )
    assert summed(first) == {"BESPOT": 1}
    assert "BESPOT" not in summed(second)
    assert part(second, "BESPOT")["joined"] >= 1
    assert (first["answer"], second["answer"]) == ("MADE", "MADE")
    together = Counter(summed(first)) + Counter(summed(second))
    assert dict(together) == counted(gate)


@pytest.mark.parametrize("cache", ["off", "coalesce"])
async def test_without_a_cache_every_answer_is_made_and_told(cache: str) -> None:
    async with guarded(cache=cache) as gate:
        for asked in (1, 2):
            told = await sources(gate, f"{{ {VISITS} }}")
            assert (told["answer"], summed(told)) == ("MADE", {"BESPOT": 1})
            assert counted(gate) == {"BESPOT": asked}


async def test_round_the_cache_everything_is_read(gate: Gate) -> None:
    query = f"{{ {VISITS} }}"
    await gate.ask(query)
    answer = await gate.ask(query, headers={**SOURCES, "cache-control": "no-cache"})
    told = answer.extensions["sources"]
    assert (told["answer"], summed(told)) == ("MADE", {"BESPOT": 1})
    assert part(told, "BESPOT") == {"vendor": "BESPOT", "closed": 0, "open": 0, "stale": 0, "read": 1, "joined": 0}


@pytest.mark.parametrize(
    "query", ["{ nothing", "{ nothing }", "query A { viewer { name } } query B { viewer { name } }"]
)
async def test_a_question_that_never_ran_asked_nobody(gate: Gate, query: str) -> None:
    answer = await gate.ask(query, headers=SOURCES)
    assert answer.errors
    assert (answer.extensions["sources"]["calls"], answer.data) == ([], None)


async def test_an_answer_over_events_tells_it_too(gate: Gate) -> None:
    body = orjson.dumps({"query": f"{{ {VISITS} }}"})
    headers = {"content-type": "application/json", "accept": "text/event-stream", **gate.headers("reader"), **SOURCES}
    async with gate.client() as client:
        text = (await client.post("/graphql", content=body, headers=headers)).text
    (told,) = [orjson.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    assert summed(told["extensions"]["sources"]) == counted(gate) == {"BESPOT": 1}


async def test_cost_and_sources_stand_side_by_side(gate: Gate) -> None:
    answer: Answer = await gate.ask(f"{{ {VISITS} }}", headers={**SOURCES, "x-gateway-cost": "1"})
    assert {"cost", "sources", "freshness"} <= set(answer.extensions)
    assert answer.extensions["cost"]["upstreamCalls"]["BESPOT"] >= summed(answer.extensions["sources"])["BESPOT"]
    again = await gate.ask(f"{{ {VISITS} }}", headers={**SOURCES, "x-gateway-cost": "1"})
    assert again.extensions["sources"]["answer"] == "KEPT"
    assert again.extensions["cost"] == answer.extensions["cost"]
    assert "cost" not in (await gate.ask(f"{{ {VISITS} }}", headers=SOURCES)).extensions
