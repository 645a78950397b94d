"""Answers and prints as the pages show them, and whether the real ones are like those shown."""

from __future__ import annotations

from typing import Any

import orjson

ROWS = 2
WIDTH = 110
WHOLE = frozenset({"coverage", "codes", "scopes", "userErrors", "failures"})
"""Lists that say something only as a whole."""
TOLD = frozenset({"state", "code", "audience", "kpi", "scope", "mode", "__typename"})
"""Members whose values are part of the shape: other words would be another answer. So is the vendor of a `state`."""


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What pages show of an answer: without what stands in the extensions of every one."""
    kept = {name: answer[name] for name in ("errors", "data") if name in answer}
    failures = answer.get("extensions", {}).get("failures")
    return kept | ({"extensions": {"failures": failures}} if failures else {})


def cut(answer: dict[str, Any]) -> dict[str, Any]:
    """That, with the first rows of every list."""
    short: dict[str, Any] = _cut(told(answer))
    return short


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: inner if name in WHOLE else _cut(inner) for name, inner in value.items()}
    return [_cut(inner) for inner in value[:ROWS]] if isinstance(value, list) else value


def written(value: Any, indent: int = 0) -> str:
    """JSON in which what fits stands on one line."""
    line = _line(value)
    if len(line) + indent <= WIDTH and not (indent == 0 and isinstance(value, dict)):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [f"{pad}{_line(name)}: {written(inner, indent + 2)}" for name, inner in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(pad + written(inner, indent + 2) for inner in value) + "\n" + " " * indent + "]"
    return line


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{_line(name)}: {_line(inner)}" for name, inner in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_line, value)) + "]"
    return orjson.dumps(value).decode()


def differs(shown: Any, real: Any, at: str = "", *, rows: bool = True) -> str | None:
    """Where a real answer is not of the shape shown: other members, other types, or no `rows` where some are shown."""
    if shown is None or real is None:
        return None if at else "no answer"  # what may be null is the schema's business
    if isinstance(shown, dict) and isinstance(real, dict):
        return _members(shown, real, at, rows)
    if isinstance(shown, list) and isinstance(real, list):
        return _rows(shown, real, at, rows)
    if isinstance(shown, (int, float)) and isinstance(real, (int, float)):
        return None if isinstance(shown, bool) == isinstance(real, bool) else f"{at}: another type"
    return None if type(shown) is type(real) else f"{at}: another type"


def _members(shown: dict[str, Any], real: dict[str, Any], at: str, rows: bool) -> str | None:
    if shown.keys() != real.keys():
        return f"{at}: {sorted(shown.keys() ^ real.keys())}"
    words = TOLD | {"vendor"} if "state" in shown else TOLD
    for name, value in shown.items():
        if name in words and isinstance(value, str) and value != real[name]:
            return f"{at}.{name}: {real[name]!r} instead of {value!r}"
        if difference := differs(value, real[name], f"{at}.{name}", rows=rows):
            return difference
    return None


def _rows(shown: list[Any], real: list[Any], at: str, rows: bool) -> str | None:
    """Rows are shown in part: each one shown has its like, and the first real one has the members of one shown."""
    if not shown or not real:
        return f"{at}: no rows" if shown and rows else None
    for row in shown:
        found = [differs(row, other, f"{at}[]", rows=rows) for other in real]
        if None not in found:
            return found[0]
    first = [differs(row, real[0], f"{at}[]", rows=False) for row in shown]
    return None if None in first else first[0]


def lacking(shown: str, out: str) -> list[str]:
    """Lines shown that were not printed; a line of an ellipsis stands for any number."""
    lines = set(map(str.rstrip, out.splitlines()))
    return [line for line in shown.splitlines() if line.strip() != "…" and line.rstrip() not in lines]
