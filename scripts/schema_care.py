#!/usr/bin/env python3
"""Whether schema.graphql changed with care: nothing taken from callers, deprecations dated, the changelog told.

Run by scripts/check. Exit 1 with what is wrong; what cannot be compared is said and passes. Nothing is written.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)
from graphql.utilities import find_breaking_changes, find_dangerous_changes

SCHEMA, CHANGELOG, RELEASES = "schema.graphql", "CHANGELOG.md", "releases"
STANDS_IN = "contract.graphql"
MAIN = ("origin/main", "main", "origin/master", "master")
"""Where a branch is taken to have left from."""

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)\.graphql")
_REASON = re.compile(r"\S.{8,}\. Since (\d{4}-\d{2}-\d{2})\.", re.DOTALL)
FORM = "a sentence that says what to use instead, then `Since YYYY-MM-DD.`"


def breaking(old: GraphQLSchema, new: GraphQLSchema) -> list[str]:
    """What callers of `old` can no longer do."""
    told = [f"{change.type.name}: {change.description}" for change in find_breaking_changes(old, new)]
    one_of = sorted(_one_of(new) & (old.type_map.keys() - _one_of(old)))  # the library does not look there
    return [*told, *(f"INPUT_BECAME_ONE_OF: {name} takes one member only." for name in one_of)]


def _one_of(schema: GraphQLSchema) -> set[str]:
    types = schema.type_map.values()
    return {type_.name for type_ in types if isinstance(type_, GraphQLInputObjectType) and type_.is_one_of}


def dangerous(old: GraphQLSchema, new: GraphQLSchema) -> list[str]:
    """What may surprise a caller of `old`."""
    return [f"{change.type.name}: {change.description}" for change in find_dangerous_changes(old, new)]


def undated(schema: GraphQLSchema, today: date) -> list[str]:
    """Deprecations whose reason is not of the form, or from a day that has not come."""
    return [f"{name}: {wrong}" for name, reason in _deprecations(schema) if (wrong := _wrong(reason, today))]


def _wrong(reason: str, today: date) -> str | None:
    found = _REASON.fullmatch(reason)
    try:
        since = date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        since = None
    if since is None:
        return f"a deprecation's reason is {FORM}"
    return f"deprecated since {since}, which has not come" if since > today else None


def _deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for name, type_ in schema.type_map.items():
        members: dict[str, object] = {}
        if isinstance(type_, GraphQLEnumType):
            members = {f"{name}.{value}": told for value, told in type_.values.items()}
        elif isinstance(type_, GraphQLInputObjectType):
            members = {f"{name}.{field}": told for field, told in type_.fields.items()}
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field, told in type_.fields.items():
                members[f"{name}.{field}"] = told
                members |= {f"{name}.{field}({argument})": of for argument, of in told.args.items()}
        for place, told in members.items():
            reason = getattr(told, "deprecation_reason", None)
            if reason is not None:
                yield place, reason


def released(folder: Path) -> tuple[Path, tuple[int, ...] | None] | None:
    """The schema of the latest release and its version; without one, what stands in for it."""
    files = folder.glob("*.graphql")
    versions = {tuple(map(int, m.groups())): file for file in files if (m := _RELEASE.fullmatch(file.name))}
    if versions:
        latest = max(versions)
        return versions[latest], latest
    stand_in = folder / STANDS_IN
    return (stand_in, None) if stand_in.is_file() else None


def may_break(version: tuple[int, ...] | None, coming: tuple[int, ...]) -> bool:
    """Whether the version to come is allowed to take something away, as semantic versioning has it."""
    if version is None:
        return False
    leading = 1 if coming[0] else 2
    return coming[:leading] > version[:leading]


def unlogged(before: str, after: str) -> bool:
    """Whether [Unreleased] of a changelog says nothing that the changelog before did not."""
    known = set(before.splitlines())
    section = re.split(r"^## \[Unreleased\].*$", after, maxsplit=1, flags=re.MULTILINE)
    added = re.split(r"^## ", section[1], maxsplit=1, flags=re.MULTILINE)[0] if len(section) == 2 else ""
    return not any(line.strip() and not line.startswith("#") and line not in known for line in added.splitlines())


class History:
    """What git knows of the tree."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _git(self, *arguments: str) -> str | None:
        try:
            done = subprocess.run(  # noqa: S603
                ["git", "-C", str(self._root), *arguments],  # noqa: S607
                capture_output=True,
                check=False,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            )
        except OSError:
            return None
        return done.stdout.decode() if done.returncode == 0 else None

    def base(self) -> str | None:
        """The commit this change began at: where the branch left, else the commit before. None: git cannot tell."""
        head = (self._git("rev-parse", "--verify", "--quiet", "HEAD") or "").strip()
        if not head or self._git("rev-parse", "--show-prefix") != "\n":  # ours is the top of its repository
            return None
        for name in MAIN:
            left = (self._git("merge-base", "HEAD", name) or "").strip()
            if left and left != head:
                return left
        return (self._git("rev-parse", "--verify", "--quiet", "HEAD~1^{commit}") or "").strip() or None

    def text(self, commit: str, file: str) -> str:
        """A file as it was; empty where there was none."""
        return self._git("show", f"{commit}:{file}") or ""


def examine(root: Path, today: date) -> tuple[list[str], list[str]]:
    """What is said, and what is wrong."""
    said: list[str] = []
    text = (root / SCHEMA).read_text(encoding="utf-8")
    schema = build_schema(text, assume_valid_sdl=True)
    wrong = undated(schema, today)
    found = released(root / RELEASES)
    if found is None:
        said.append(f"{SCHEMA}: nothing to compare with: {RELEASES}/ holds no schema.")
    else:
        file, version = found
        old = build_schema(file.read_text(encoding="utf-8"), assume_valid_sdl=True)
        why = "no release yet, the contract stands in" if version is None else "the latest release"
        said.append(f"{SCHEMA}: compared with {RELEASES}/{file.name} ({why}).")
        said += [f"  dangerous: {line}" for line in dangerous(old, schema)]
        lost = [f"  breaking: {line}" for line in breaking(old, schema)]
        if may_break(version, _coming(root)):
            said += [*lost, "  the version's leading number is new: this may be."] if lost else []
        else:
            wrong += lost
    history = History(root)
    base = history.base()
    if base is None:
        said.append(f"{CHANGELOG}: not compared: git knows no earlier commit here.")
    elif history.text(base, SCHEMA) != text:
        after = (root / CHANGELOG).read_text(encoding="utf-8")
        if unlogged(history.text(base, CHANGELOG), after):
            wrong.append(f"{SCHEMA} changed since {base[:7]}: say so under [Unreleased] in {CHANGELOG}.")
        else:
            said.append(f"{CHANGELOG}: {SCHEMA} changed since {base[:7]}, and [Unreleased] has new lines.")
    return said, wrong


def _coming(root: Path) -> tuple[int, ...]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(int(part) for part in re.findall(r"\d+", project["version"])[:3])


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    said, wrong = examine(root, datetime.now(UTC).date())
    for line in said:
        print(line)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
