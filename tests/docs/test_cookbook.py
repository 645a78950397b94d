"""The cookbook: its pages show the files as they are, and what is shown beside them is what is answered, on any day."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationType, build_schema, get_operation_ast, parse, validate

from gateway import runtime
from gateway.domain.clock import Clock, system
from gateway.domain.instant import from_datetime
from tests.docs.answers import differs, told, written
from tests.docs.cookbook import FOLDER, PAGES, TOPICS, Book, Question, events, opened, questions, variables
from tests.docs.pages import blocks, text
from tests.sandbox.hands import Hands

pytestmark = pytest.mark.anyio

EVERY = questions()
ASKED = [question for question in EVERY if question.topic != "live"]
DAYS: dict[str, Clock] = {
    "today": system,
    "a Monday": Hands(from_datetime(datetime(2026, 9, 7, 0, 30, tzinfo=UTC))),
    "the day after the clocks change": Hands(from_datetime(datetime(2026, 3, 30, 13, 0, tzinfo=UTC))),
    "New Year": Hands(from_datetime(datetime(2027, 1, 1, 23, 59, tzinfo=UTC))),
}


def shown(question: Question) -> list[Any]:
    """The answers its page shows, behind its text."""
    page = blocks(PAGES / f"{question.topic}.md")
    (place,) = [index for index, block in enumerate(page) if block.text == question.text]
    answers = []
    for block in page[place + 1 :]:
        if block.language != "json":
            break
        answers.append(json.loads(block.text))
    return answers


def test_there_are_enough_questions_of_every_topic() -> None:
    assert len(EVERY) >= 25
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(TOPICS)
    assert min(len(questions(topic)) for topic in TOPICS) >= 3


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_shows_its_topic_whole_and_in_order(topic: str) -> None:
    page = PAGES / f"{topic}.md"
    assert [block.text for block in blocks(page) if block.language == "graphql"] == [q.text for q in questions(topic)]
    assert re.findall(r"^`(gateway/cookbook/.+)`$", page.read_text("utf-8"), re.MULTILINE) == [
        question.path for question in questions(topic)
    ]
    assert f"]({topic}.md)" in text("docs/cookbook/README.md")


@pytest.mark.parametrize("question", EVERY, ids=lambda question: question.path)
def test_a_question_is_described_fits_the_schema_and_needs_nothing_but_what_is_filled_in(question: Question) -> None:
    assert re.match(r"# \S.*\n(?:# \S.*\n)*(?:query|mutation|subscription) [A-Z]\w+", question.text)
    assert max(map(len, question.text.splitlines())) <= 120
    document = parse(question.text)
    assert validate(build_schema(runtime.print_schema()), document) == []
    operation = get_operation_ast(document)
    assert operation
    assert (operation.operation is OperationType.SUBSCRIPTION) == (question.topic == "live")
    assert (operation.operation is OperationType.MUTATION) == (question.topic == "writes")
    required = {each.variable.name.value for each in operation.variable_definitions or () if not each.default_value} - {
        "after",
        "before",
    }
    assert required <= set(variables(datetime.now(UTC)))


@pytest.fixture(params=DAYS)
async def book(request: pytest.FixtureRequest) -> AsyncIterator[Book]:
    async with opened(DAYS[request.param]) as opened_book:
        yield opened_book


async def test_every_answer_is_of_the_shape_shown(book: Book) -> None:
    assert [question async for question in _unlike(book)] == []


async def _unlike(book: Book) -> AsyncIterator[str]:
    for question in ASKED:
        (expected,) = shown(question)
        answer = await book.ask(question.text)
        if "errors" in answer or (difference := differs(expected, told(answer))):
            yield f"{question.path}: {answer.get('errors') or difference}"


@pytest.mark.parametrize("question", questions("live"), ids=lambda question: question.name)
async def test_every_event_is_of_the_shape_shown(question: Question, tmp_path: Path) -> None:
    expected = shown(question)
    came = await events(question, tmp_path, len(expected))
    assert expected
    assert [differs(one, told(other)) for one, other in zip(expected, came, strict=True)] == [None] * len(expected)


async def test_a_page_is_followed_by_the_next_and_preceded_by_the_one_before() -> None:
    onwards, backwards = [question.text for question in questions("paging")[:2]]
    async with opened() as asked:
        first = (await asked.ask(onwards))["data"]["sessions"]
        second = (await asked.ask(onwards, after=first["pageInfo"]["endCursor"]))["data"]["sessions"]
        assert second["pageInfo"]["hasPreviousPage"]
        assert not _ids(first["edges"]) & _ids(second["edges"])
        last = (await asked.ask(backwards))["data"]["visits"]
        before = (await asked.ask(backwards, before=last["pageInfo"]["startCursor"]))["data"]["visits"]
        assert before["pageInfo"]["hasNextPage"]
        assert before["nodes"][-1]["startsAt"] <= last["nodes"][0]["startsAt"]


def _ids(edges: Iterable[Any]) -> set[str]:
    return {edge["node"]["id"] for edge in edges}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": "1"}),
        ({"a": True}, {"a": 1}),
        ({"a": [1]}, {"a": []}),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}),
        ({"state": "COMPLETE"}, {"state": "FAILED"}),
        ({"a": {"b": 1}}, {"a": 1}),
    ],
)
def test_another_shape_is_seen(one: Any, other: Any) -> None:
    assert differs(one, other)
    assert differs(one, one) is None


def test_answers_are_written_as_the_json_they_are() -> None:
    answer = {"data": {"rows": [{"a": 1.0, "b": None, "c": []}, {"a": -2, "b": "é\n", "c": [1]}], "none": {}}}
    assert json.loads(written(answer)) == answer
