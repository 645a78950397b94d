"""An operation from text to outcome: phases, grouping of errors, and that no value comes back."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from gateway.execution.errors import without_values
from gateway.execution.operation import READ_ONLY, GraphQLRequest, Operations, Outcome, Phase
from tests.execution.toy import ToyContext, schema

pytestmark = pytest.mark.anyio
OPERATIONS = Operations(schema())
SECRET = "canary-4711"


async def run(query: str, **more: Any) -> Outcome:
    return await OPERATIONS.run(GraphQLRequest(query=query, **more), ToyContext())


def codes(outcome: Outcome) -> list[str]:
    return [error["extensions"]["code"] for error in outcome.errors]


async def test_an_operation_answers_with_its_data_and_nothing_else() -> None:
    outcome = await run("{ hello rows(first: 2) { number } }")
    assert outcome.phase is Phase.RAN
    assert outcome.data == {"hello": "hello world", "rows": [{"number": 0}, {"number": 1}]}
    assert outcome.errors == []
    assert outcome.extensions == {}


async def test_one_vendor_down_is_one_error_however_many_rows_it_has() -> None:
    outcome = await run("{ rows(first: 40) { number visits } }")
    assert outcome.data is not None
    assert len(outcome.data["rows"]) == 40  # type: ignore[index]
    assert outcome.errors == [
        {
            "message": "Bespot did not answer.",
            "locations": [{"line": 1, "column": 28}],
            "path": ["rows", 0, "visits"],
            "extensions": {
                "code": "UPSTREAM_UNAVAILABLE",
                "vendor": "BESPOT",
                "retryable": True,
                "retryAfter": 2.5,
                "vendorStatus": 503,
                "count": 40,
            },
        }
    ]


async def test_two_selections_of_the_same_field_are_two_errors() -> None:
    outcome = await run("{ rows { a: visits b: visits } }")
    assert [(error["path"], error["extensions"]["count"]) for error in outcome.errors] == [
        (["rows", 0, "a"], 3),
        (["rows", 0, "b"], 3),
    ]


async def test_a_bug_is_internal_with_a_correlation_id_and_its_text_stays_inside() -> None:
    outcome = await run("{ rows { broken } }")
    (error,) = outcome.errors
    (incident,) = outcome.incidents
    assert error["extensions"] == {"code": "INTERNAL", "correlationId": incident.correlation_id, "count": 3}
    assert "secret" not in error["message"]
    assert isinstance(incident.error, ValueError)
    assert incident.count == 3


async def test_a_null_where_none_may_be_is_our_bug() -> None:
    outcome = await run("{ neverNull }")
    assert outcome.data is None
    assert codes(outcome) == ["INTERNAL"]
    assert len(outcome.incidents) == 1


async def test_errors_and_extensions_put_into_the_context_are_told() -> None:
    outcome = await run("{ told }")
    assert outcome.data == {"told": None}
    assert [(error["message"], error["extensions"]) for error in outcome.errors] == [
        ("told aside", {"code": "FORBIDDEN"})
    ]
    assert outcome.extensions == {"failures": [{"vendor": "BESPOT"}]}


async def test_an_argument_refused_by_a_resolver_names_its_path() -> None:
    window = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
    outcome = await run("query($w: Window!) { span(window: $w) }", variables={"w": window})
    assert codes(outcome) == ["BAD_USER_INPUT"]
    assert outcome.errors[0]["extensions"]["argument"] == ["window", "start"]
    assert outcome.incidents == []


@pytest.mark.parametrize(
    ("query", "phase", "code"),
    [
        ("{", Phase.PARSE, "GRAPHQL_PARSE_FAILED"),
        ("", Phase.PARSE, "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", Phase.VALIDATE, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", Phase.CHOOSE, "BAD_USER_INPUT"),
        ("fragment F on Query { hello }", Phase.VALIDATE, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { rows(first: $n) { number } }", Phase.VARIABLES, "BAD_USER_INPUT"),
    ],
)
async def test_what_never_ran_has_no_data_and_says_how_far_it_came(query: str, phase: Phase, code: str) -> None:
    outcome = await run(query)
    assert outcome.phase is phase
    assert codes(outcome) == [code]
    assert not isinstance(outcome.data, dict)
    assert outcome.data is not None, "UNSET: no member data at all"


async def test_an_operation_is_chosen_by_name_and_an_unknown_name_is_not_repeated() -> None:
    text = "query A { hello } query B { rows(first: 1) { number } }"
    assert (await run(text, operation_name="B")).data == {"rows": [{"number": 0}]}
    outcome = await run(text, operation_name=SECRET)
    assert outcome.phase is Phase.CHOOSE
    assert SECRET not in str(outcome.errors)


async def test_a_mutation_does_not_run_where_only_reads_may() -> None:
    outcome = await run("mutation { touch }", allowed=READ_ONLY)
    assert outcome.phase is Phase.NOT_ALLOWED
    assert (await run("mutation { touch }")).data == {"touch": True}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (f'{{ rows(first: "{SECRET}") {{ number }} }}', {}),
        (f'{{ span(window: {{ start: "{SECRET}", end: "{SECRET}" }}) }}', {}),
        (f'{{ span(window: "{SECRET}") }}', {}),
        (f'{{ span(window: {{ start: "{SECRET}" }}) }}', {}),
        ("{ hello(name: canary_4711) }".replace("_", "_"), {}),
        ("query($n: Int!) { rows(first: $n) { number } }", {"n": SECRET}),
        ("query($n: Int!) { rows(first: $n) { number } }", {"n": [SECRET]}),
        ("query($n: String!) { hello(name: $n) }", {"n": {SECRET: SECRET}}),
        ("query($w: Window!) { span(window: $w) }", {"w": {"start": SECRET, "end": SECRET}}),
        ("query($w: Window!) { span(window: $w) }", {"w": SECRET}),
        ("query($w: Window!) { span(window: $w) }", {"w": {"start": "2026-01-01T00:00:00Z", SECRET: 1}}),
        ("query($g: Granularity!) { hello @include(if: $g) }", {"g": SECRET}),
        (
            "query($g: Granularity!, $w: Window!) { span(window: $w, granularity: $g) }",
            {"g": SECRET, "w": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}},
        ),
        (f'{{ hello(name: "a" "{SECRET}") }}', {}),
        (f"{{ hello(name: {SECRET}) }}", {}),
        (f'{{ hello(name "{SECRET}, found") }}', {}),
        (f'{{ hello(name: """x""" """{SECRET}""") }}', {}),
    ],
)
async def test_an_error_about_a_value_never_repeats_the_value(query: str, variables: dict[str, Any]) -> None:
    outcome = await run(query, variables=variables)
    assert outcome.errors
    assert set(codes(outcome)) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert "4711" not in str(outcome.errors)


async def test_a_scalar_says_what_it_wants_and_where() -> None:
    window = {"start": "2026-01-01", "end": "2026-01-02T00:00:00Z"}
    outcome = await run("query($w: Window!) { span(window: $w) }", variables={"w": window})
    assert [error["message"] for error in outcome.errors] == [
        "Variable '$w' has invalid value at .start: not an RFC 3339 instant with an offset"
    ]
    literal = await run('{ span(window: { start: "2026", end: "2026-01-02T00:00:00Z" }) }')
    assert codes(literal) == ["BAD_USER_INPUT"]


async def test_no_error_suggests_a_name() -> None:
    outcome = await run("{ helo rows(frst: 1) { numbr } span(window: { strt: 1 }) }")
    assert len(outcome.errors) > 2
    assert "mean" not in str(outcome.errors).lower()


async def test_one_of_takes_exactly_one_member_and_breaks_on_nothing() -> None:
    assert (await run('{ site(by: { key: "a" }) }')).data == {"site": "a"}
    assert codes(await run('{ site(by: { key: "a", id: "b" }) }')) == ["GRAPHQL_VALIDATION_FAILED"]
    assert codes(await run("query($b: SiteBy!) { site(by: $b) }", variables={"b": {}})) == ["BAD_USER_INPUT"]
    both = {"b": {"key": "a", "id": "b"}}
    assert codes(await run("query($b: SiteBy!) { site(by: $b) }", variables=both)) == ["BAD_USER_INPUT"]
    in_fragment = "fragment F on Query { site(by: { key: $k }) } query($k: String!) { ...F }"
    assert (await run(in_fragment, variables={"k": "a"})).data == {"site": "a"}
    undefined = await run("fragment F on Query { site(by: { key: $k }) } query { ...F }")
    assert undefined.phase is Phase.VALIDATE


@pytest.mark.parametrize(
    "query",
    [
        "{ a" * 5_000,
        "{ rows" * 150 + "}" * 150,
        "query { hello(name: " + "[" * 3_000 + "]" * 3_000 + ") }",
        "{ " + "hello " * 20_000 + "}",
        "query A { ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "\x00",
        '{ hello(name: "\ud83d\ude00") }'.encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
async def test_a_hostile_document_is_an_error_of_the_caller_or_runs(query: str) -> None:
    outcome = await run(query)
    assert outcome.incidents == []


async def test_a_document_is_parsed_once_and_the_store_of_them_is_bounded() -> None:
    from gateway.execution.documents import MOST_CHARACTERS, Documents

    documents = Documents(schema())
    first = documents.prepare("{ hello }")
    assert documents.prepare("{ hello }") is first
    long = "#" + "x" * (MOST_CHARACTERS // 11)
    for number in range(15):
        documents.prepare(f"{{ hello }} {long}{number}")
    assert documents.prepare("{ hello }") is not first
    assert sum(len(text) for text in documents._kept) <= MOST_CHARACTERS


async def test_what_is_kept_of_a_first_run_holds_nothing_of_its_caller() -> None:
    operations = Operations(schema())
    context = ToyContext()
    held = weakref.ref(context)
    await operations.run(GraphQLRequest("{ hello }"), context)
    del context
    gc.collect()
    assert held() is None
    assert operations._documents.prepare("{ hello }").runs


@pytest.mark.parametrize(
    "query", ["mutation { made { broken } }", "query Q($on: Boolean!) { rows { broken @include(if: $on) } }"]
)
async def test_runs_of_one_operation_leave_nothing_behind(query: str) -> None:
    operations = Operations(schema())
    for _ in range(5):
        await operations.run(GraphQLRequest(query, variables={"on": True} if "$on" in query else {}), ToyContext())
    runs = operations._documents.prepare(query).runs
    assert runs
    assert not any(kept._relevant_sub_fields for kept in runs.values())


def test_messages_lose_their_values_and_keep_their_names() -> None:
    assert without_values('Int cannot represent non-integer value: "x"') == "Int cannot represent non-integer value."
    assert without_values("Value 'X' does not exist in 'Y' enum.") == "The value does not exist in its enum."
    kept = "Expected value of type 'Window!' to include required field 'to', found: {a: 1}."
    assert without_values(kept) == "Expected value of type 'Window!' to include required field 'to'."
    variable = "Variable '$first' has invalid value at .a[3]: String cannot represent a non string value: {'k': 1}"
    assert without_values(variable) == (
        "Variable '$first' has invalid value at .a[3]: String cannot represent a non string value."
    )
