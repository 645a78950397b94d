"""The cookbook as the page shows it: questions by topic, each with its title and what it says of itself.

Read from files at start. Nothing here runs a question.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

COOKBOOK = Path(__file__).parents[2] / "cookbook"
TOPICS = ("joining", "footfall", "sessions", "engagement", "campaigns", "freshness", "paging", "live", "writes")
"""In the order they are shown in. Topics nobody thought of here come after these."""
FIRST = (
    "joining/01-who-came-and-who-logged-in",
    "sessions/01-stays-of-every-vendor",
    "joining/02-campaigns-and-who-stayed",
)
"""Those that are open when somebody comes for the first time."""

_KIND = re.compile(r"^(query|mutation|subscription)\b", re.MULTILINE)


class Recipe(msgspec.Struct):
    """One question. `kind` is query, mutation or subscription; `about` is the comment it begins with.

    `variables`: of a file beside it, as JSON text; the page fills in windows itself.
    """

    topic: str
    title: str
    about: str
    kind: str
    query: str
    variables: str | None = None
    first: bool = False


def recipes(folder: Path = COOKBOOK) -> list[Recipe]:
    """All of them, by topic and number."""
    paths = sorted(folder.glob("*/*.graphql"), key=lambda path: (_rank(path.parent.name), path.parent.name, path.name))
    return [_recipe(path) for path in paths]


def _rank(topic: str) -> int:
    return TOPICS.index(topic) if topic in TOPICS else len(TOPICS)


def _recipe(path: Path) -> Recipe:
    query = path.read_text(encoding="utf-8")
    comments = [line.removeprefix("#").strip() for line in query.split("\n{", 1)[0].splitlines() if line[:1] == "#"]
    kind, beside = _KIND.search(query), path.with_suffix(".json")
    return Recipe(
        path.parent.name,
        path.stem.partition("-")[2].replace("-", " ").capitalize(),
        " ".join(comments),
        kind[1] if kind else "query",
        query,
        beside.read_text(encoding="utf-8") if beside.is_file() else None,
        first=f"{path.parent.name}/{path.stem}" in FIRST,
    )
