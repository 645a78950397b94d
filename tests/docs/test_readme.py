"""What README and docs promise is there: links lead somewhere, questions fit the schema, commands exist."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import typer
from graphql import build_schema, parse, validate

from gateway import runtime
from gateway.cli.commands import app
from gateway.domain.vendor import VendorKey
from gateway.http.app import Edge
from gateway.http.graphiql.recipes import FIRST
from gateway.http.lifecycle import Lifecycle
from gateway.settings import Settings
from gateway.upstream.calls import tally
from tests.docs.pages import PAGES, ROOT, anchors, fenced, links, text

pytestmark = pytest.mark.anyio
README = text("README.md")
EXAMPLES = [ROOT / "gateway/cookbook" / f"{name}.graphql" for name in FIRST]
COMMAND = re.compile(r"^(?:python -m |\./\S+/)?gateway ([a-z]+(?: [a-z]+)?)(.*)", re.MULTILINE)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The edge over the sandbox, as `./scripts/serve` makes it, without the socket."""
    settings, lifecycle = Settings(), Lifecycle()
    async with runtime.gateway(settings) as lifecycle.graph:
        transport = httpx.ASGITransport(app=Edge(settings, lifecycle))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


async def test_the_first_question_is_answered_by_two_vendors_in_the_shape_shown(client: httpx.AsyncClient) -> None:
    (question,), (shown,) = fenced(README, "graphql"), fenced(README, "json")
    with tally() as calls:
        answer = (await client.get("/graphql", params={"query": question})).json()
    assert dict(calls.by_vendor) == {VendorKey.BESPOT: 2, VendorKey.OKUBE: 2}  # the four calls it speaks of
    assert _shape(answer) == _shape(orjson.loads(shown))
    for site in answer["data"]["sites"]["nodes"]:
        assert site["visits"]["nodes"][0]["entries"] > 0
        assert [line["vendor"] for line in site["visits"]["coverage"]] == ["BESPOT"]
        assert [line["vendor"] for line in site["campaigns"]["coverage"]] == ["OKUBE"]


def test_the_file_that_the_readme_sends_is_the_question_it_shows() -> None:
    assert fenced(README, "graphql") == [text("docs/first.graphql")]


def test_the_two_commands_stand_on_the_first_screen() -> None:
    first = README.splitlines()[:24]
    assert any(line.startswith("./scripts/serve") for line in first)
    assert any(line.startswith("./scripts/test") for line in first)
    assert (ROOT / "scripts/serve").stat().st_mode & (ROOT / "scripts/test").stat().st_mode & 0o111


BESIDE = sorted((ROOT / "gateway").rglob("README.md"))


@pytest.mark.parametrize("page", [*PAGES, *BESIDE], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


def test_every_question_in_the_docs_fits_the_schema() -> None:
    schema = build_schema(runtime.print_schema())
    questions = [question for page in PAGES for question in fenced(page.read_text("utf-8"), "graphql")]
    questions += [example.read_text("utf-8") for example in EXAMPLES]
    assert len(questions) >= len(EXAMPLES) + 3
    assert [error.message for question in questions for error in validate(schema, parse(question))] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_what_graphiql_opens_with_is_answered_with_rows(client: httpx.AsyncClient, example: Path) -> None:
    yesterday = (await client.post("/graphql", json=_asked(example))).json()
    assert "errors" not in yesterday
    rows = next(iter(yesterday["data"].values()))["nodes"]
    assert len(rows) >= 3


def _asked(example: Path) -> dict[str, Any]:
    """As cookbook.js fills the variables in."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = {"from": (midnight - timedelta(days=1)).isoformat(), "to": midnight.isoformat()}
    first, last = midnight - timedelta(days=7), midnight - timedelta(days=1)
    days = {"from": first.date().isoformat(), "to": last.date().isoformat()}
    return {"query": example.read_text("utf-8"), "variables": {"window": window, "days": days}}


def test_every_command_in_the_docs_exists_with_its_options() -> None:
    known = _commands(typer.main.get_command(app))
    told: dict[str, set[str]] = {}
    for page in PAGES:
        for name, rest in COMMAND.findall("\n".join(_code(page.read_text("utf-8")))):
            command = next((words for words in (name, name.split()[0]) if words in known), None)
            assert command, f"{page.name}: gateway {name}"
            told[command] = told.get(command, set()) | set(re.findall(r"--[a-z-]+", rest))
    assert set(told) == set(known)
    assert {name: options - known[name] for name, options in told.items() if options - known[name]} == {}


def _code(markdown: str) -> list[str]:
    """Code of a page: blocks line by line, and words in backticks."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", prose)


def _commands(group: Any, prefix: str = "") -> dict[str, set[str]]:
    """Options by command."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= _commands(command, f"{prefix}{name} ")
        else:
            found[prefix + name] = {text for parameter in command.params for text in parameter.opts} | {"--help"}
    return found


def _shape(value: Any) -> Any:
    """Member names, without the values; rows of a list are one shape."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        shapes = [_shape(inner) for inner in value]
        assert all(shape == shapes[0] for shape in shapes)
        return shapes[:1]
    return None
