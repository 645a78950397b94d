"""Rows as CSV and as JSON lines. What a spreadsheet would run as a formula never gets there as one (contract/bi.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from gateway.bi.tables import Batch, Column, Kind
from gateway.domain import instant

FORMULA = ("=", "+", "-", "@", "\t", "\r")
_QUOTED = frozenset(',"\r\n')


class CsvWriter:
    """Commas, CRLF, a header, UTF-8 without a mark. Nulls are empty; numbers stay bare."""

    content_type = "text/csv; charset=utf-8"
    compressible = True

    def __init__(self, columns: Sequence[Column], places: Sequence[int]) -> None:
        self._columns = columns
        self._places = places
        self._texts = [_texts(column.kind) for column in columns]

    def begin(self) -> bytes:
        return (",".join(column.name for column in self._columns) + "\r\n").encode()

    def rows(self, batch: Batch) -> bytes:
        if not batch.count:
            return b""
        shown = [batch.columns[place] for place in self._places]
        cells = [texts(values) for texts, values in zip(self._texts, shown, strict=True)]
        return ("\r\n".join(map(",".join, zip(*cells, strict=True))) + "\r\n").encode(errors="replace")

    def end(self) -> bytes:
        return b""


class NdjsonWriter:
    """One object a line; numbers are numbers, instants and days texts, nulls null."""

    content_type = "application/x-ndjson; charset=utf-8"
    compressible = True

    def __init__(self, columns: Sequence[Column], places: Sequence[int]) -> None:
        self._columns = columns
        self._places = places
        self._names = [column.name for column in columns]

    def begin(self) -> bytes:
        return b""

    def rows(self, batch: Batch) -> bytes:
        names = self._names
        return b"".join(
            orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            for row in json_rows(batch, self._columns, self._places)
        )

    def end(self) -> bytes:
        return b""


def json_rows(batch: Batch, columns: Sequence[Column], places: Sequence[int]) -> zip[tuple[Any, ...]]:
    """Rows whose values JSON can hold."""
    shown = [batch.columns[place] for place in places]
    return zip(*map(_plain, columns, shown), strict=True)


def _plain(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    if column.kind is Kind.INSTANT:
        return _instants(values, None)
    if column.kind is Kind.TEXT:
        return [value if value is None or value.isascii() else _sound(value) for value in values]
    return values


def _sound(text: str) -> str:
    """Without halves of surrogate pairs, which UTF-8 cannot hold."""
    return text.encode(errors="replace").decode()


def _texts(kind: Kind) -> Callable[[Sequence[Any]], Sequence[str]]:
    match kind:
        case Kind.TEXT:
            return _cells
        case Kind.INSTANT:
            return lambda values: _instants(values, "")
        case Kind.BOOLEAN:
            return lambda values: ["" if value is None else "true" if value else "false" for value in values]
        case _:
            return lambda values: ["" if value is None else str(value) for value in values]


def _cells(values: Sequence[str | None]) -> Sequence[str]:
    known: dict[str | None, str] = {None: ""}
    for value in set(values) - {None}:
        assert value is not None
        known[value] = cell(value)
    return [known[value] for value in values]


def cell(text: str) -> str:
    """Harmless and, where it must be, quoted."""
    if text.startswith(FORMULA):
        text = "'" + text
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _instants(values: Sequence[int | None], missing: str | None) -> list[Any]:
    known: dict[int | None, str | None] = {value: instant.text(value) for value in set(values) if value is not None}
    known[None] = missing
    return [known[value] for value in values]
