"""Runs the stories: each Markdown file here is a question, its answer, and what it cost upstream.

A story has a title, a sentence or two, a line `Vendors:` (folders that are played; all others are not configured), and
fenced blocks: `graphql` (the question), `json answer` (`data`, and `errors` and `failures` where there are any), and
perhaps `json variables`, `json caller` (`scopes`, `sites`, `tags`), `json faults` (by vendor) and `toml sites`. A line
`Upstream calls:` names every vendor that is asked. The world stands still at 2026-11-02T12:07:30Z.

In an answer `"<id>"`, `"<cursor>"` and `"<text>"` stand for a text that is not empty, `"<number>"` for a number, and
`["<7 times>", x]` for a list of seven that all look like x.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.access.principal import Principal
from gateway.access.scopes import Scope
from gateway.sandbox.faults import Fault
from gateway.sandbox.world import World
from tests.sandbox.hands import Hands
from tests.schema.running import OPERATOR, reader_of, running

pytestmark = pytest.mark.anyio

STORIES = sorted(Path(__file__).parent.glob("*.md"))
WORLD = World(clock=Hands())
_BLOCK = re.compile(r"^```(\w+(?: \w+)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r"<(\d+) times>")


class Story:
    """One file, read."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self.blocks = dict(_BLOCK.findall(text))
        self.vendors = tuple(self._line(text, "Vendors").split(", "))
        calls = self._line(text, "Upstream calls")
        self.calls = {} if calls == "none" else {k: int(n) for k, n in (part.split(" ") for part in calls.split(", "))}

    def json(self, name: str) -> Any:
        return json.loads(self.blocks[f"json {name}"]) if f"json {name}" in self.blocks else {}

    @property
    def caller(self) -> Principal:
        told = self.json("caller")
        if not told:
            return OPERATOR
        scopes = frozenset(Scope(scope) for scope in told["scopes"])
        if "sites" in told or "tags" in told:
            return reader_of(*told.get("sites", ()), tags=told.get("tags"), scopes=scopes)
        return Principal(kind=OPERATOR.kind, label="caller", scopes=scopes)

    @staticmethod
    def _line(text: str, name: str) -> str:
        found = re.search(rf"^{name}: (.+)$", text, re.MULTILINE)
        assert found, f"a story has a line `{name}:`"
        return found[1]


def assert_like(found: Any, told: Any, where: str = "$") -> None:
    """`found` is what the story tells."""
    if isinstance(told, str) and told.startswith("<") and told.endswith(">"):
        kind = (int, float) if told == "<number>" else str
        assert isinstance(found, kind), where
        assert not isinstance(found, bool), where
        assert found != "", where
    elif isinstance(told, dict):
        assert isinstance(found, dict), where
        assert set(found) == set(told), where
        for name, value in told.items():
            assert_like(found[name], value, f"{where}.{name}")
    elif isinstance(told, list):
        assert isinstance(found, list), where
        if told and isinstance(told[0], str) and (times := _TIMES.fullmatch(told[0])):
            told = told[1:] * int(times[1])
        assert len(found) == len(told), where
        for index, (one, other) in enumerate(zip(found, told, strict=True)):
            assert_like(one, other, f"{where}[{index}]")
    else:
        assert found == told, where


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12


@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
async def test_a_story_is_true(path: Path) -> None:
    story = Story(path)
    async with running(*story.vendors, world=WORLD, sites=story.blocks.get("toml sites")) as graph:
        for vendor, faults in story.json("faults").items():
            for fault in faults:
                graph.faults(vendor).on(Fault(**fault))
        answer = await graph.ask(story.blocks["graphql"], story.json("variables"), story.caller)
    told = story.json("answer")
    assert_like(answer.data, told["data"])
    assert_like([shown(error) for error in answer.errors], told.get("errors", []), "errors")
    assert_like([shown(failure) for failure in answer.failures], told.get("failures", []), "failures")
    assert answer.calls == story.calls


def shown(problem: dict[str, Any]) -> dict[str, Any]:
    """Path and code of an error or a failure, the vendor and the count where it has them."""
    more = problem.get("extensions", problem)
    return {"path": problem["path"], **{name: more[name] for name in ("code", "vendor", "count") if name in more}}
