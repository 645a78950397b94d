"""Answers as the pages show them, and whether a real one is of the shape shown."""

from __future__ import annotations

from typing import Any

import orjson

ROWS = 2
WIDTH = 110
WHOLE = frozenset({"coverage", "codes", "scopes", "userErrors", "failures"})
"""Lists that say something only as a whole."""
TOLD = frozenset({"vendor", "state", "code", "definition", "audience", "kpi", "scope", "mode", "__typename"})
"""Members whose values are part of the shape: other words would be another answer."""


def cut(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what every answer has beside its data; the first rows of every list."""
    told = {name: answer[name] for name in ("errors", "data") if name in answer}
    if failures := answer.get("extensions", {}).get("failures"):
        told["extensions"] = {"failures": failures}
    short: dict[str, Any] = _cut(told)
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
        return "{ " + ", ".join(f"{_line(name)}: {_line(inner)}" for name, inner in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_line, value)) + "]"
    return orjson.dumps(value).decode()


def differs(shown: Any, real: Any, at: str = "") -> str | None:
    """Where a real answer is not of the shape shown: other members, other types, no rows where rows are shown."""
    if shown is None or real is None:
        return None if at else "no answer"  # what may be null is the schema's business
    if isinstance(shown, dict) and isinstance(real, dict):
        if shown.keys() != real.keys():
            return f"{at}: {sorted(shown.keys() ^ real.keys())}"
        return next(filter(None, (_member(name, shown[name], real[name], at) for name in shown)), None)
    if isinstance(shown, list) and isinstance(real, list):
        return _rows(shown, real, at)
    if isinstance(shown, (int, float)) and isinstance(real, (int, float)):
        return None if isinstance(shown, bool) == isinstance(real, bool) else f"{at}: another type"
    return None if type(shown) is type(real) else f"{at}: another type"


def _member(name: str, shown: Any, real: Any, at: str) -> str | None:
    if name in TOLD and isinstance(shown, str) and shown != real:
        return f"{at}.{name}: {real!r} instead of {shown!r}"
    return differs(shown, real, f"{at}.{name}")


def _rows(shown: list[Any], real: list[Any], at: str) -> str | None:
    """Rows are shown in part: each one shown has its like, and the first real one is like one shown."""
    if bool(shown) > bool(real):
        return f"{at}: no rows"
    for row in shown:
        found = [differs(row, other, f"{at}[]") for other in real]
        if None not in found:
            return found[0]
    told = [differs(row, real[0], f"{at}[]") for row in shown] if shown else [None]
    return None if None in told else told[0]
