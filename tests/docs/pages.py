"""The pages of the documentation as the tests read them: tables, fenced blocks, links. Nothing is judged here."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))


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
