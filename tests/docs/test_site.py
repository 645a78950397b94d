"""The site is built from docs/ with every warning an error, and asks no other host for anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)[^>]*\s(?:src|srcset)=["']?(?:https?:)?//[^"'\s>]*"""
    r"""|<link[^>]*\shref=["']?(?:https?:)?//[^"'\s>]*|url\(["']?(?:https?:)?//[^)]*|@import[^;]*//[^;]*"""
)
LAZY = re.compile(r'class="[^"]*\bmermaid\b')
"""What would make the theme's script fetch another one."""


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    where = ["--config-file", str(config), "--site-dir", str(site)]
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", *where]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_of_the_docs_is_in_the_site(site: Path) -> None:
    pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    expected = {page.with_name("index.html" if page.stem == "README" else f"{page.stem}.html") for page in pages}
    assert {page for page in expected if not (site / page).is_file()} == set()


def test_every_page_of_the_docs_is_in_the_navigation(site: Path) -> None:
    front = (site / "index.html").read_text("utf-8").split("md-content", 1)[0]
    linked = set(re.findall(r'href="([^"#]+\.html)"', front))
    built = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    assert {page for page in built if page not in linked and not page.startswith(("source/", "404"))} <= {"index.html"}


def test_nothing_is_asked_of_another_host(site: Path) -> None:
    texts = {page: page.read_text("utf-8") for page in site.rglob("*.*") if page.suffix in {".html", ".css"}}
    assert len(texts) > 30
    assert {page.name: found for page, text in texts.items() if (found := LOADED.findall(text))} == {}
    assert [page.name for page, text in texts.items() if LAZY.search(text)] == []


def test_what_lies_beside_the_docs_is_published_with_them(site: Path) -> None:
    assert (site / "source/schema.graphql").read_text("utf-8") == (ROOT / "schema.graphql").read_text("utf-8")
    assert 'href="source/gateway/vendors/okube/index.html"' in (site / "vendors.html").read_text("utf-8")


def test_broken_links_stop_the_build_each_by_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "docs").mkdir()
    config = (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:", 1)[0]
    (tmp_path / "mkdocs.yml").write_text(f"{config}\nnav: [index.md]\n", "utf-8")
    (tmp_path / "docs/index.md").write_text("# Site\n\n[sound](#site), [beside](../mkdocs.yml)\n", "utf-8")
    sound = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert sound.returncode == 0, sound.stderr
    broken = ("nowhere.md", "#nowhere", "../nowhere.toml")
    (tmp_path / "docs/index.md").write_text("# Site\n\n" + " ".join(f"[x]({link})" for link in broken), "utf-8")
    stopped = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert stopped.returncode != 0
    assert [link for link in broken if f"'{link}'" not in stopped.stderr] == []


@pytest.mark.parametrize(
    "loaded",
    [
        '<script src="https://cdn.example/x.js">',
        "<link rel=stylesheet href=//fonts.example/x>",
        "a{background:url(https://x/y)}",
    ],
)
def test_what_would_ask_another_host_is_seen(loaded: str) -> None:
    assert LOADED.search(loaded)
