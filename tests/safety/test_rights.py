"""Every field of the graph, asked by those who may not: the list of rules is whole, and the rules hold."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_input_field,
    print_schema,
)

from gateway.domain.files import File
from gateway.execution.operation import GraphQLRequest
from gateway.schema.build import printed
from gateway.schema.node import encode
from gateway.schema.rights import RULES, Rule, fields_of, uncovered
from gateway.upstream.calls import tally
from tests.safety.guarded import DAY, DAYS, OWN, Gate

pytestmark = pytest.mark.anyio

SCHEMA = build_schema(printed())
ERMOU = encode("Site", OWN[0])

ARGUMENTS: dict[str, str] = {
    "Query.node": f'(id: "{ERMOU}")',
    "Query.nodes": f'(ids: ["{ERMOU}"])',
    "Query.site": f'(by: {{key: "{OWN[0]}"}})',
    "Query.guestsByIp": '(addresses: ["172.31.0.1"])',
    "Query.engagement": f'(sites: ["{ERMOU}"], days: {DAYS})',
    "Query.guestSessionCounts": f"(days: {DAYS})",
    "Query.geoMarketing": f'(study: "5e1834b0e12d62a85d000001", days: {DAYS}, kpis: [ATTENDANCE])',
    "Query.conversion": f"(days: {DAYS}, kpis: [COST])",
    "Query.presence": f"(days: {DAYS}, kpis: [ATTENDANCE])",
    **{
        f"Query.{name}": f"(window: {DAY})"
        for name in ("sessions", "visits", "occupancy", "sessionCounts", "uniqueUserCounts")
    },
}


def selection(field: GraphQLField) -> str:
    """Something small to select of what a field answers with."""
    named: Any = get_named_type(field.type)
    if is_leaf_type(named):
        return ""
    return "{ __typename }"


def roots(rule: Rule) -> list[str]:
    """Fields of the root types under a rule."""
    return sorted(name for name in RULES if RULES[name] is rule and name.split(".")[0] in ("Query", "Mutation"))


def asking(name: str) -> str:
    type_, field = name.split(".")
    parent: Any = SCHEMA.type_map[type_]
    return f"{field}{ARGUMENTS.get(name, '')} {selection(parent.fields[field])}"


def draft(type_: Any) -> Any:
    """The least value of an input type that is required."""
    inner: Any = getattr(type_, "of_type", type_)
    named: Any = get_named_type(inner)
    if isinstance(inner, GraphQLList):
        return []
    if isinstance(named, GraphQLInputObjectType):
        return {name: draft(field.type) for name, field in named.fields.items() if is_required_input_field(field)}
    return {"Float": 1.0, "Upload": File("a.csv", "text/csv", b"a")}.get(named.name, "x")


def test_every_field_has_a_rule_and_every_rule_a_field() -> None:
    assert uncovered(SCHEMA) == []
    known = set(fields_of(SCHEMA))
    assert sorted(name for name in RULES if name not in known and not name.startswith("Subscription.")) == []


def test_a_field_that_somebody_adds_without_a_rule_is_found() -> None:
    text = print_schema(SCHEMA)
    grown = build_schema(
        text.replace("type Site implements Node {", "type Site implements Node {\n  turnover: Float", 1)
    )
    assert uncovered(grown) == ["Site.turnover"]
    types = dict(SCHEMA.type_map)
    types["Loyalty"] = GraphQLObjectType("Loyalty", {"card": GraphQLField(GraphQLString)})
    assert uncovered(GraphQLSchema(query=SCHEMA.query_type, types=[types["Loyalty"]])) == ["Loyalty.card"]


@pytest.mark.parametrize("name", roots(Rule.READ) + roots(Rule.PII))
async def test_without_the_scope_a_read_is_refused_and_nobody_is_asked(gate: Gate, name: str) -> None:
    for caller, code in ((None, "UNAUTHENTICATED"), ("writer", "FORBIDDEN"), ("useless", "FORBIDDEN")):
        answer = await gate.ask(f"{{ {asking(name)} }}", caller=caller)
        assert (answer.codes, answer.calls) == ([code], {}), name
        assert answer.data is None or set(answer.data.values()) == {None}


@pytest.mark.parametrize("name", roots(Rule.PII))
async def test_people_need_their_own_scope(gate: Gate, name: str) -> None:
    answer = await gate.ask(f"{{ {asking(name)} }}", caller="reader")
    assert (answer.codes, answer.calls) == (["FORBIDDEN"], {})


@pytest.mark.parametrize("name", roots(Rule.WRITE))
async def test_without_the_scope_a_write_is_refused_and_nobody_is_asked(gate: Gate, name: str) -> None:
    field = name.split(".")[1]
    of = SCHEMA.mutation_type.fields[field].args["input"].type  # type: ignore[union-attr]
    query = f"mutation($i: {of}) {{ {field}(input: $i) {{ userErrors {{ code }} }} }}"
    for caller, code in ((None, "UNAUTHENTICATED"), ("reader", "FORBIDDEN"), ("people", "FORBIDDEN")):
        who = await gate.gateway.authenticate(gate.headers(caller))
        with tally() as calls:
            outcome = await gate.gateway.execute(GraphQLRequest(query, {"i": draft(of)}), who)
        assert [error["extensions"]["code"] for error in outcome.errors] == [code]
        assert (outcome.data, calls.by_vendor) == (None, {})


async def test_open_fields_are_open_to_everybody(gate: Gate) -> None:
    answer = await gate.ask("{ __typename viewer { name scopes } }", caller=None)
    assert answer.data == {"__typename": "Query", "viewer": {"name": "anonymous", "scopes": []}}
    assert answer.errors == []


@pytest.mark.parametrize(
    "query", ["{ __schema { queryType { name } } }", '{ viewer { name } __type(name: "Site") { name } }']
)
async def test_introspection_needs_read(gate: Gate, query: str) -> None:
    for caller, code in ((None, "UNAUTHENTICATED"), ("writer", "FORBIDDEN")):
        answer = await gate.ask(query, caller=caller)
        assert answer.codes == [code]
        assert not answer.data
    assert (await gate.ask(query, caller="reader")).errors == []


@pytest.mark.parametrize(
    "name", [name for name, rule in RULES.items() if rule is Rule.PII and name.split(".")[0] != "Query"]
)
async def test_a_raw_identifier_is_masked_without_the_scope(gate: Gate, name: str) -> None:
    type_, field = name.split(".")
    query = f"{{ sessions(window: {DAY}, first: 500) {{ nodes {{ ... on {type_} {{ __typename {field} }} }} }} }}"
    seen = await gate.ask(query, caller="people")
    masked = await gate.ask(query, caller="reader")
    raw = {node[field] for node in seen.data["sessions"]["nodes"] if node and node[field]}
    assert raw, "the sandbox holds such values"
    assert not [value for value in raw if value in masked.text]
    assert {node[field] for node in masked.data["sessions"]["nodes"] if node} == {None}
    assert masked.codes == ["FORBIDDEN"]


async def test_codes_nobody_claims_are_for_admins_who_see_every_site(gate: Gate) -> None:
    await gate.ask(f"{{ visits(window: {DAY}, first: 1) {{ totalCount }} }}")
    for caller, allowed in (("everything", True), ("reader", False), ("nowhere", False)):
        answer = await gate.ask("{ vendors { unclaimedCodes } }", caller=caller)
        codes = [code for vendor in answer.data["vendors"] for code in vendor["unclaimedCodes"]]
        assert (bool(codes), answer.codes) == ((True, []) if allowed else (False, ["FORBIDDEN"]))
