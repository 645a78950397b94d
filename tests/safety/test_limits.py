"""How large an operation may be: every limit refuses with its numbers, before anybody is asked, in linear time."""

from __future__ import annotations

import asyncio
from time import perf_counter, process_time
from typing import Any

import pytest
from graphql import get_introspection_query

from gateway.execution.documents import Documents
from gateway.execution.limits import CHECKED, Limits, size_of
from gateway.execution.operation import GraphQLRequest
from gateway.schema.build import build
from gateway.settings import LimitsSettings
from tests.safety.guarded import DAY, Gate, guarded

pytestmark = pytest.mark.anyio

SCHEMA = build()
DEEP = "{ sites { nodes { " + "campaigns { nodes { sites { " * 6 + "key" + " } } }" * 6 + " } } }"


def bomb(count: int, *, alias: bool = False) -> str:
    """`count` fragments, each spread twice by the one before: 2^count fields if anybody wrote them out."""
    parts = [f"fragment f{count} on Query {{ __typename }}"]
    for number in range(count):
        spread = f"...f{number + 1}"
        if alias:
            body = f"campaigns {{ nodes {{ sites {{ {spread} }} }} }}"
            parts.append(f"fragment f{number} on Site {{ a: {body} b: {body} }}")
        else:
            parts.append(f"fragment f{number} on Query {{ {spread} {spread} }}")
    if alias:
        parts[0] = f"fragment f{count} on Site {{ key }}"
        return "{ sites { nodes { ...f0 } } } " + " ".join(parts)
    return "{ ...f0 } " + " ".join(parts)


TOO_MUCH: dict[str, str] = {
    "depth": DEEP,
    "selections": "{ " + "... { viewer { name } } " * 1_100 + "}",
    "repeats": "{ " + "__typename " * 52 + "}",
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(101)) + " }",
    "directives": "{ __typename " + "@skip(if: false) " * 101 + "}",
    "fragments": bomb(76),
    "operations": " ".join(f"query q{n} {{ __typename }}" for n in range(21)),
    "tokens": "{ " + "__typename " * 10_000 + "}",
    "characters": "{ __typename } #" + "x" * 200_000,
}


@pytest.mark.parametrize("measure", TOO_MUCH)
async def test_a_document_beyond_a_limit_is_refused_with_the_numbers(gate: Gate, measure: str) -> None:
    answer = await gate.ask(TOO_MUCH[measure])
    limit = getattr(Limits(), measure)
    told = answer.errors[0]["extensions"]
    assert (answer.status, answer.codes, answer.calls) == (400, ["QUERY_TOO_COMPLEX"], {})
    assert (told["measure"], told["limit"]) == (measure, limit)
    assert told["found"] > limit
    assert str(limit) in answer.errors[0]["message"]
    assert "data" not in answer.response.json()


def test_every_limit_of_a_document_can_be_set_and_has_a_case_here() -> None:
    assert set(LimitsSettings().model_dump()) == set(Limits.__struct_fields__)
    assert LimitsSettings().model_dump() == {name: getattr(Limits(), name) for name in Limits.__struct_fields__}
    assert set(CHECKED) | {"tokens", "characters"} == set(TOO_MUCH)


async def test_limits_are_the_operators() -> None:
    async with guarded(limits={"depth": 3, "aliases": 1, "rows": 5, "calls": 1, "variables": 100}) as gate:
        for query, measure in (
            ("{ sites { nodes { coordinates { latitude } } } }", "depth"),
            ("{ a: __typename b: __typename }", "aliases"),
            ("{ sites(first: 6) { nodes { key } } }", "rows"),
            (f"{{ sessions(window: {DAY}, first: 2) {{ nodes {{ id }} }} }}", "upstreamCalls"),
        ):
            answer = await gate.ask(query)
            assert (answer.codes, answer.errors[0]["extensions"]["measure"]) == (["QUERY_TOO_COMPLEX"], measure)
            assert answer.calls == {}
        long = await gate.ask("query($s: String) { sites(filter: {search: $s}) { totalCount } }", {"s": "x" * 90})
        assert (long.codes, long.errors[0]["extensions"]["measure"]) == (["QUERY_TOO_COMPLEX"], "variables")
        assert (await gate.ask("{ sites(first: 5) { nodes { key } } }")).errors == []


async def test_variables_have_a_size(gate: Gate) -> None:
    query = "query($s: String) { sites(filter: {search: $s}) { totalCount } }"
    answer = await gate.ask(query, {"s": "x" * 500_000})
    assert (answer.codes, answer.errors[0]["extensions"]["limit"]) == (["QUERY_TOO_COMPLEX"], 500_000)
    assert (await gate.ask(query, {"s": "x" * 400_000})).errors == []
    assert size_of({"a": ["x" * 10, 1, None, {"b": True}]}, 1_000) == 7 * 10 + len("a" + "xxxxxxxxxx" + "b")


@pytest.mark.parametrize("alias", [False, True])
def test_fragments_spread_twice_cost_linear_time(alias: bool) -> None:
    """At a hundred deep, 2^100 fields: under 50 ms of CPU time, refused or not."""
    for count in (100, 70):
        took = []
        for _ in range(3):
            documents, text = Documents(SCHEMA, Limits(aliases=1_000, depth=1_000)), bomb(count, alias=alias)
            began = process_time()
            documents.prepare(text)
            took.append(process_time() - began)
        assert min(took) < 0.05


async def test_what_fragments_hide_is_priced_whole_and_at_once(gate: Gate) -> None:
    """Ten fragments deep within every limit of the text, and a thousand million rows."""
    spread = [
        f"fragment f{n} on Site {{ a: campaigns(first: 10) {{ nodes {{ sites {{ ...f{n + 1} }} }} }} "
        f"b: campaigns(first: 10) {{ nodes {{ sites {{ ...f{n + 1} }} }} }} }}"
        for n in range(5)
    ]
    query = "{ sites { nodes { ...f0 } } } " + " ".join(spread) + " fragment f5 on Site { key }"
    began = perf_counter()
    answer = await gate.ask(query)
    assert perf_counter() - began < 1
    assert (answer.codes, answer.calls) == (["QUERY_TOO_COMPLEX"], {})
    assert answer.errors[0]["extensions"]["measure"] == "rows"
    assert answer.errors[0]["extensions"]["rows"] > 10**9


async def test_selections_that_merge_in_exponentially_many_ways_end(gate: Gate) -> None:
    """Two fragments a level whose merges differ on every path: the walk stops, whatever the library makes of it."""
    levels = 17
    parts = [
        f"fragment {x}{n} on Site {{ p: campaigns {{ nodes {{ sites {{ ...f{n + 1} ...g{n + 1} }} }} }} "
        f"q: campaigns {{ nodes {{ sites {{ ...{y}{n + 1} }} }} }} }}"
        for n in range(levels)
        for x, y in (("f", "g"), ("g", "f"))
    ]
    ends = f"fragment f{levels} on Site {{ key }} fragment g{levels} on Site {{ name }}"
    limits: dict[str, Any] = {"depth": 200, "aliases": 1_000}
    async with guarded(limits=limits) as lenient:
        began = perf_counter()
        answer = await lenient.ask("{ sites { nodes { ...f0 ...g0 } } } " + " ".join(parts) + " " + ends)
        assert perf_counter() - began < 1
        assert (answer.codes, answer.calls) == (["QUERY_TOO_COMPLEX"], {})
    assert (await gate.ask("{ viewer { name } }")).errors == []


async def test_introspection_by_tools_is_within_the_limits(gate: Gate) -> None:
    answer = await gate.ask(get_introspection_query(descriptions=True, input_value_deprecation=True))
    assert answer.errors == []
    assert answer.data["__schema"]["queryType"]["name"] == "Query"
    nested = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert (await gate.ask(nested)).codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_a_long_document_does_not_hold_the_loop(gate: Gate) -> None:
    """It is read beside the loop; meanwhile a trivial question is answered."""
    long = "{ viewer { name } } #" + " ".join(f"{n} " for n in range(1_000))
    heavy = "{ " + " ".join(f'a{n}: node(id: "{n}") {{ id }}' for n in range(100)) + " #" + "x" * 20_000 + "\n}"
    who = await gate.gateway.authenticate(gate.headers("reader"))
    assert (await gate.gateway.execute(GraphQLRequest(long), who)).errors == []

    async def slowest() -> float:
        worst = 0.0
        for _ in range(20):
            began = perf_counter()
            await asyncio.sleep(0.002)
            worst = max(worst, perf_counter() - began - 0.002)
        return worst

    ticking = asyncio.ensure_future(slowest())
    outcome = await gate.gateway.execute(GraphQLRequest(heavy), who)
    assert outcome.errors == []
    assert await ticking < 0.1
