"""How the feed's answers are written: rows, links and errors as OData 4.0 JSON has them. Asks nobody anything."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec
import orjson

from gateway.bi.tables import Batch, Column, Kind, Table
from gateway.bi.texts import json_rows
from gateway.http.reply import Headers

JSON = b"application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8"
BARE = JSON.replace(b"minimal", b"none")
"""As for who wants no control information; whoever asks for all of it gets the minimum, and is told so."""


class Answer(msgspec.Struct):
    """What goes back: its first piece is made before anything is sent."""

    content_type: bytes
    pieces: AsyncGenerator[bytes]
    headers: Headers = ()


class Asked(msgspec.Struct, frozen=True):
    """One request, alone or of a batch. `path` is what comes behind the root; `base` ends with it."""

    path: str
    pairs: Sequence[tuple[str, str]]
    base: str
    headers: Mapping[str, str]


def bare(asked: Asked) -> bool:
    """Whether control information is not wanted; `$format` wins over Accept."""
    form = next((value for name, value in asked.pairs if name == "$format"), asked.headers.get("accept", ""))
    return "odata.metadata=none" in form.lower().replace(" ", "")


def head(context: str | None, count: int | None) -> bytes:
    """Up to the first row."""
    members = {} if context is None else {"@odata.context": context}
    counted = {} if count is None else {"@odata.count": count}
    told = orjson.dumps({**members, **counted})[1:-1]
    return b"{" + told + (b"," if told else b"") + b'"value":['


def tail(token: str | None, asked: Asked, table: Table) -> bytes:
    if token is None:
        return b"]}"
    kept = [pair for pair in asked.pairs if pair[0] not in ("$skiptoken", "$skip", "$count")]
    options = urlencode([*kept, ("$skiptoken", token)], quote_via=quote, safe="$,:'()")
    return b'],"@odata.nextLink":' + orjson.dumps(f"{asked.base}{table.entity_set}?{options}") + b"}"


def objects(batch: Batch, columns: Sequence[Column], places: Sequence[int], *, strings: bool) -> bytes:
    """Objects, with commas between them."""
    names = [column.name for column in columns]
    if strings:
        batch = Batch([list(column) for column in batch.columns], batch.count)
        for column, place in zip(columns, places, strict=True):
            if column.kind is Kind.INTEGER:
                batch.columns[place] = [None if value is None else str(value) for value in batch.columns[place]]
    found = json_rows(batch, columns, places)
    return b",".join(orjson.dumps(dict(zip(names, row, strict=True))) for row in found)


def strings(headers: Mapping[str, str]) -> bool:
    """Whether whole numbers are asked as texts, for readers whose numbers are doubles."""
    return "ieee754compatible=true" in headers.get("accept", "").lower().replace(" ", "")


def selected(shown: Sequence[Column], places: Sequence[int], width: int) -> str:
    return "" if len(places) == width else "(" + ",".join(column.name for column in shown) + ")"


async def whole(body: bytes) -> AsyncGenerator[bytes]:
    yield body


def error_body(code: str, message: str) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": message}})
