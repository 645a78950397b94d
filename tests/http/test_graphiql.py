"""GraphiQL: for browsers only, from this host only, and a plain page where its files are missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import orjson
import pytest

from gateway.http.graphiql.page import FOLDER, SCRIPTS, STYLES, Page
from gateway.http.graphiql.recipes import COOKBOOK, FIRST, recipes

pytestmark = pytest.mark.anyio
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
ASSETS = ("graphiql.min.css", "react.production.min.js", "react-dom.production.min.js", "graphiql.min.js")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The real page with stand-ins for what is fetched."""
    shutil.copytree(FOLDER, tmp_path / "graphiql", ignore=shutil.ignore_patterns("assets", "__pycache__"))
    (tmp_path / "graphiql" / "assets").mkdir()
    for name in ASSETS:
        (tmp_path / "graphiql" / "assets" / name).write_text(f"/* {name} */")
    return tmp_path / "graphiql"


async def test_a_browser_gets_a_page_and_a_program_an_answer(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    answer = await client.get("/graphql", params={"query": "{ hello }"}, headers={"accept": "*/*"})
    assert answer.json() == {"data": {"hello": "hello world"}}


async def test_the_policy_allows_this_host_alone(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/graphql", headers={"accept": BROWSER})).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy


def test_the_page_names_no_other_host_and_all_it_names_is_served_for_ever(folder: Path) -> None:
    page = Page(sandbox=True, folder=folder)
    html = page.reply.body.decode()
    links = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert page.complete
    assert [link.rsplit("/", 1)[1] for link in links if link.startswith("/")] == [*STYLES, *SCRIPTS]
    assert {*ASSETS} <= {*STYLES, *SCRIPTS}
    assert not [link for link in links if not link.startswith(("/graphiql/", "data:"))]
    for link in links[1:]:
        reply = page.asset(link)
        assert reply is not None
        assert dict(reply.headers)[b"cache-control"] == b"public, max-age=31536000, immutable"
    assert page.asset("/graphiql/0000000000000000/start.js") is None


def test_the_page_brings_the_whole_cookbook(folder: Path) -> None:
    html = Page(sandbox=True, folder=folder).reply.body.decode()
    brought = orjson.loads(html.split('id="cookbook">')[1].split("</script>")[0])
    files = sorted(COOKBOOK.glob("*/*.graphql"))
    assert len(files) > 25
    assert sorted(each["query"] for each in brought) == sorted(file.read_text("utf-8") for file in files)
    assert all(each["title"] and each["about"] for each in brought)
    assert sum(each["first"] for each in brought) == len(FIRST) == 3


def test_recipes_stand_by_topic_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("writes/01-last", "a-new-topic/01-later", "joining/02-second", "joining/01-first"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.graphql").write_text("# What it is\n# for.\nmutation X { a }\n")
    (tmp_path / "joining/01-first.json").write_text('{"n": 1}')
    found = recipes(tmp_path)
    assert [each.title for each in found] == ["First", "Second", "Last", "Later"]
    assert (found[0].about, found[0].kind, found[0].variables) == ("What it is for.", "mutation", '{"n": 1}')
    assert found[1].variables is None


def test_a_question_cannot_end_the_element_it_stands_in(folder: Path) -> None:
    html = Page(sandbox=True, folder=folder).reply.body.decode()
    assert "<" not in html.split('id="cookbook">')[1].split("</script>")[0]
    assert html.count("<script") == html.count("</script>") == len(SCRIPTS) + 1


def test_no_script_of_ours_names_another_host_or_writes_markup() -> None:
    for name in {*SCRIPTS, *STYLES} - {*ASSETS}:
        text = (FOLDER / name).read_text("utf-8")
        assert not re.findall(r"https?://|innerHTML|dangerouslySetInnerHTML|eval\(", text), name


def test_without_its_files_the_page_says_how_to_get_them(folder: Path) -> None:
    shutil.rmtree(folder / "assets")
    page = Page(sandbox=True, folder=folder)
    assert not page.complete
    assert b"./scripts/graphiql-assets" in page.reply.body
    assert b"<script" not in page.reply.body
