"""`@defer` and `@stream` are not there, and who sends them is told so before anybody is asked."""

from __future__ import annotations

import pytest

from tests.schema.running import Running

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("{ sites { nodes { key ... @defer { name } } } }", "defer"),
        ('{ sites { nodes { ...F @defer(if: false, label: "x") } } } fragment F on Site { name }', "defer"),
        ("{ sites { nodes @stream(initialCount: 1) { key } } }", "stream"),
    ],
)
async def test_an_answer_in_parts_is_refused_in_words_that_help(graph: Running, query: str, name: str) -> None:
    answer = await graph.ask(query)
    assert (answer.codes, answer.data, answer.calls) == (["GRAPHQL_VALIDATION_FAILED"], None, {})
    (error,) = answer.errors
    assert error["message"].startswith(f"Unknown directive '@{name}'. Answers come whole here: leave it out")
    assert error["locations"]


async def test_any_other_unknown_directive_is_told_as_before(graph: Running) -> None:
    answer = await graph.ask("{ sites { nodes { key @deferred } } }")
    assert [error["message"] for error in answer.errors] == ["Unknown directive '@deferred'."]


async def test_the_schema_does_not_promise_them(graph: Running) -> None:
    told = await graph.data("{ __schema { directives { name } } }")
    assert {"defer", "stream"}.isdisjoint(each["name"] for each in told["__schema"]["directives"])
