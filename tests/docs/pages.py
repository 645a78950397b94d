"""The pages of the documentation as the tests read them: tables, fenced blocks, links. Nothing is judged here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if not {"node_modules", "dist"} & set(page.parts)),
)
BLOCK = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its page by its path from the root, its language and what stands in it."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.language} {self.text.splitlines()[0]}"


def text(name: str) -> str:
    """A page by its path from the root."""
    return (ROOT / name).read_text("utf-8")


def section(page: str, heading: str) -> str:
    """What stands under `## heading`, up to the next heading of that rank."""
    return page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def rows(markdown: str, columns: int) -> list[list[str]]:
    """Cells of every table row with so many columns, heads and rules left out. `\\|` is a bar inside a cell."""
    found = []
    lines = markdown.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|") and not line.startswith("|---") and not following.startswith("|---"):
            cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == columns:
                found.append(cells)
    return found


def words(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(page: Path) -> list[Block]:
    """All of a page, in their order."""
    name = page.relative_to(ROOT).as_posix()
    found = BLOCK.findall(page.read_text("utf-8"))
    return [Block(name, language, re.sub(rf"^{pad}", "", inner, flags=re.MULTILINE)) for pad, language, inner in found]


def fenced(markdown: str, language: str) -> list[str]:
    """Contents of the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def links(markdown: str) -> list[str]:
    """Targets of links and pictures, code left out."""
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(markdown: str) -> set[str]:
    """Anchors of the headings, as code forges make them."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
