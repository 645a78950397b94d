"""What the guides of docs/bi say can be asked, and the first rows they promise."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import orjson

DOCS = Path(__file__).parents[2] / "docs" / "bi"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(guide: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(guide.read_text("utf-8"))]


def promised(guide: Path) -> list[tuple[str, list[str] | None]]:
    """Each address of a guide, with the rows that the next block promises, if that comes before another address."""
    found: list[tuple[str, list[str] | None]] = []
    for language, text in blocks(guide):
        if language == "text":
            found += [(line, None) for line in text.splitlines() if line.startswith("/")]
        elif language == "csv" and found and found[-1][1] is None:
            found[-1] = (found[-1][0], text.splitlines())
    return found


def shown(address: str, content: bytes) -> list[str]:
    """An answer as lines of a sheet: the header, then its rows."""
    if ".csv" in address:
        return content.decode().splitlines()
    rows: list[dict[str, Any]] = orjson.loads(content)["value"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue().splitlines()


def _cell(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
