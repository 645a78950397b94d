"""A newcomer can follow every page by copy and paste: what can run is run here, the rest is named with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationType, get_operation_ast, parse

from gateway.access.key_file import list_keys
from gateway.federation import crosswalk
from gateway.settings import load
from tests.docs.answers import differs, lacking
from tests.docs.cookbook import Question, events, opened
from tests.docs.newcomer import Newcomer, free_port, printed, ready
from tests.docs.pages import PAGES, ROOT, Block, blocks

pytestmark = pytest.mark.anyio

PROSE = {"", "text"}
"""Addresses, and what commands print. Addresses of docs/bi are asked by tests/bi/test_guides.py."""
ELSEWHERE = {
    ("docs/cookbook/*", "graphql"): "tests/docs/test_cookbook.py asks it",
    ("docs/cookbook/*", "json"): "tests/docs/test_cookbook.py compares it",
    ("docs/sandbox.md", "sh"): "test_the_sandbox_is_as_its_page_shows_it",
    ("docs/sandbox.md", "json"): "test_the_sandbox_is_as_its_page_shows_it",
}
CANNOT = {
    ("README.md", "sh", "./scripts/serve"): "makes .venv; what it then starts is started here",
    ("docs/quickstart.md", "sh", "./scripts/serve"): "makes .venv; what it then starts is started here",
    ("docs/running.md", "sh", "./scripts/serve"): "makes .venv; what it then starts is started here",
    ("docs/running.md", "sh", "docker build"): "there is no container runtime here; the page says so",
    ("docs/quickstart.md", "sh", "export GATEWAY_PSEUDONYM_KEY=…"): "needs the reader's own vendors",
    ("docs/scaling.md", "sh", "GATEWAY_CACHE_URL="): "needs a store named cache; tests/replicas serves over a store",
    ("docs/performance.md", "", "python -m bench"): "minutes of benchmarks",
    (
        "docs/live.md",
        "js",
        "import { createClient }",
    ): "needs graphql-ws of npm; tests/live/test_websocket.py speaks it",
    ("docs/live.md", "js", "const request ="): "needs graphql-ws of npm; scripts/check-live does it",
    ("docs/bi/notebooks.md", "python", ""): "needs pandas and polars; run by scripts/check-bi-clients",
    ("docs/bi/notebooks.md", "sql", ""): "needs DuckDB; run by scripts/check-bi-clients",
    ("docs/bi/notebooks.md", "r", ""): "needs R; the page says that it was not run",
    ("docs/bi/metabase.md", "sql", ""): "needs DuckDB; run by scripts/check-bi-clients",
    ("docs/bi/superset.md", "sql", ""): "needs sqlalchemy-odata; run by scripts/check-bi-clients",
    ("docs/bi/superset.md", "python", ""): "needs sqlalchemy-odata; run by scripts/check-bi-clients",
    ("docs/bi/*", "csv", ""): "first rows of an answer; compared by tests/bi/test_guides.py",
    ("docs/bi/power-bi.md", "powerquery", ""): "runs in Power BI only; the page says that it was not run",
    ("docs/subgraph.md", "sh", "GATEWAY_SUBGRAPH=true ./scripts/serve"): "makes .venv; what it starts is started here",
    ("docs/subgraph.md", "sdl", ""): "of other subgraphs; scripts/check-composition composes and asks them",
    ("docs/subgraph.md", "yaml", ""): "for Apollo's router, which is no Python package",
    **{
        ("docs/frontend/*", language, ""): "scripts/check-frontends builds and uses the guides' pages; needs Node"
        for language in ("sh", "graphql", "html", "ts", "tsx", "js")
    },
}
SETTINGS = {"docs/subgraph.md": "GATEWAY_SUBGRAPH=true"}
"""What a page has the gateway started with."""
PREPARED = {
    "docs/operations.md": "export GATEWAY_API_KEYS=keys.toml\n"
    "gateway keys create wall-screens --scope read --file api-keys.toml || true\n",
    "docs/writes.md": "printf 'Code;Nom\\nath-1;Ath\\350nes\\n' > sites.csv\n",
}
"""What a page supposes is there already."""
VARIABLES = {"site": "U2l0ZTphdGgtMTE2NTAw", "sites": ["U2l0ZTphdGgtMTE2NTAw"]}
"""What a reader fills in, beside the window and the days of the cookbook."""

EVERY = [block for page in PAGES for block in blocks(page)]


def excused(block: Block) -> bool:
    """Whether it is named among those that cannot run."""
    return any(
        fnmatch(block.page, page) and block.language == language and block.text.startswith(begin)
        for page, language, begin in CANNOT
    )


def elsewhere(block: Block) -> bool:
    """Whether another test runs it."""
    return any(fnmatch(block.page, page) and block.language == language for page, language in ELSEWHERE)


def here(*languages: str) -> list[Block]:
    """Blocks this module has to run."""
    return [each for each in EVERY if each.language in languages and not excused(each) and not elsewhere(each)]


def test_every_block_is_run_or_named_with_its_reason() -> None:
    run = {"graphql", "json", "toml", "sh", "python"}
    left = [str(each) for each in EVERY if each.language not in run | PROSE and not excused(each)]
    assert left == [], "neither run nor named in CANNOT"
    assert [str(each) for each in EVERY if not each.language and not excused(each)] == [], "no language"


@pytest.mark.parametrize("named", CANNOT, ids=str)
def test_what_is_named_is_on_its_page(named: tuple[str, str, str]) -> None:
    page, language, begin = named
    written = "*" not in page and (ROOT / page).exists()
    assert not written or any(
        (each.page, each.language) == (page, language) and each.text.startswith(begin) for each in EVERY
    )


async def test_every_question_is_answered_without_errors_and_in_the_shape_shown(tmp_path: Path) -> None:
    wrong = []
    async with opened() as book:
        for block in here("graphql"):
            operation = get_operation_ast(parse(block.text))
            assert operation, str(block)
            if operation.operation is OperationType.SUBSCRIPTION:
                (answer,) = await events(Question("", str(block), block.text), tmp_path, 1, **VARIABLES)
            else:
                answer = await book.ask(block.text, **VARIABLES)
            if "errors" in answer or not any(answer["data"].values()):
                wrong.append(f"{block}: {answer}")
            elif shown := following(block, "json"):
                wrong += [f"{block}: {told}"] if (told := unlike(shown, answer)) else []
    assert wrong == []


@pytest.mark.parametrize("block", here("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    assert isinstance(json.loads(block.text), (dict, list))


@pytest.mark.parametrize("block", here("toml"), ids=str)
def test_toml_is_taken_by_what_reads_it(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "shown.toml"
    file.write_text(block.text, "utf-8")
    if block.text.startswith("[[site]]"):
        assert crosswalk.parse(block.text).sites
    elif block.text.startswith("[[key]]"):
        assert list_keys(file)
    else:
        assert load(file, environment={"GATEWAY_PSEUDONYM_KEY": "5a" * 32}).config == file


def test_python_runs() -> None:
    for block in here("python"):
        exec(compile(block.text, str(block), "exec"), {})


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], int]]:
    """Starts what `./scripts/serve` starts, once for the same settings, and tells its port."""
    with ExitStack() as stack:

        @cache
        def started(settings: str) -> int:
            operator = Newcomer(tmp_path_factory.mktemp("serving"), port := free_port())
            process = stack.enter_context(operator.leaves_running(f"export {settings}\ngateway serve"))
            ready(f"http://127.0.0.1:{port}/readyz", process)
            return port

        yield started


@pytest.mark.parametrize("page", sorted({each.page for each in here("sh")}))
def test_every_line_for_the_shell_does_what_is_said(page: str, serving: Callable[[str], int], tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path, serving(SETTINGS.get(page, "GATEWAY_SANDBOX=auto")))
    for block in [each for each in here("sh") if each.page == page]:
        said = newcomer.pastes(PREPARED.get(page, "") + block.text)
        assert said.status == 0, f"{block}: {said.err}"
        assert said.out or said.err, f"{block} says nothing"
        if said.out.startswith("{") and "\n" not in said.out.strip():
            answer = json.loads(said.out)
            assert "errors" not in answer, f"{block}: {said.out}"
            if shown := following(block, "json"):
                assert unlike(shown, answer) is None, str(block)


def test_the_sandbox_is_as_its_page_shows_it(tmp_path: Path) -> None:
    alone, over, calls, faults = texts("docs/sandbox.md", "sh")
    says, counts = texts("docs/sandbox.md", "text")
    (shown,) = texts("docs/sandbox.md", "json")
    newcomer = Newcomer(tmp_path, free_port())
    with newcomer.leaves_running(alone) as simulators:
        told = printed(simulators, "GATEWAY_PSEUDONYM_KEY")
        assert lacking(newcomer.moved(says), told) == []
        settings = "\n".join(line for line in told.splitlines() if line.lstrip().startswith("export ")) + "\n"
        with newcomer.leaves_running(settings + over) as gateway:
            ready(newcomer.moved("http://127.0.0.1:8000/readyz"), gateway)
            assert newcomer.pastes("\n".join(calls.splitlines()[:-1])).status == 0
            counted = json.loads(newcomer.pastes(calls.splitlines()[-1]).out)
            assert {path: each["calls"] for path, each in counted.items()} == {
                path: each["calls"] for path, each in json.loads(counts).items()
            }
            first, *others = faults.splitlines()
            assert newcomer.pastes(first).status == 0
            ask = "curl -sG http://127.0.0.1:8000/graphql --data-urlencode query@docs/first.graphql"
            answer = json.loads(newcomer.pastes(ask).out)
            assert unlike(shown, answer) is None
            assert all(site["campaigns"]["nodes"] for site in answer["data"]["sites"]["nodes"])
            assert [newcomer.pastes(line).status for line in others] == [0, 0]


def texts(page: str, language: str) -> list[str]:
    """The blocks of one language on a page."""
    return [each.text for each in EVERY if (each.page, each.language) == (page, language)]


def following(block: Block, language: str) -> str | None:
    """The next block of its page, where it is of that language."""
    place = next(index for index, each in enumerate(EVERY) if each is block) + 1
    after = EVERY[place] if place < len(EVERY) else None
    return after.text if after and (after.page, after.language) == (block.page, language) else None


def unlike(shown: str, answer: dict[str, Any]) -> str | None:
    """Where the answer has not the shape shown. A page may leave out whole members of the top."""
    told = json.loads(shown)
    return differs(told, {name: answer.get(name) for name in told})


def test_the_walk_sees_the_whole_of_docs() -> None:
    fences = sum(page.read_text("utf-8").count("```") for page in PAGES)
    assert fences == 2 * len(EVERY)
    assert (ROOT / "docs/index.md") in PAGES
