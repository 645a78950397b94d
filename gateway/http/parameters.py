"""From what came over HTTP to a GraphQLRequest, bounded in size, depth and time.

Whatever a caller can put there is a 4xx with a code: never a 500, never repeated back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.execution.operation import READ_AND_WRITE, READ_ONLY, GraphQLRequest
from gateway.http.reply import Receive, Refusal

DEEPEST = 100
PARAMETERS = frozenset({"query", "variables", "operationName", "extensions", "documentId"})


class Disconnected(Exception):
    """The caller went away before the question was whole."""


async def read_body(receive: Receive, declared: str | None, *, most: int, seconds: float) -> bytes:
    """The whole body; refused as `take_body` does."""
    parts: list[bytes] = []
    await take_body(receive, declared, parts.append, most=most, seconds=seconds)
    return b"".join(parts)


async def take_body(
    receive: Receive, declared: str | None, take: Callable[[bytes], object], *, most: int, seconds: float
) -> None:
    """Hands the body on as it comes. A 413 above `most` bytes, announced or not; a 408 where it drips too long."""
    if declared is not None and declared.isdigit() and int(declared[:20]) > most:
        raise too_large(most)
    size = 0
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise too_large(most)
                take(part)
                more = message.get("more_body", False)
    except TimeoutError:
        raise Refusal(408, "The question did not arrive in time.", headers=((b"connection", b"close"),)) from None


def of_body(body: bytes) -> GraphQLRequest:
    """A POST's question."""
    members = json(body, "The body")
    if isinstance(members, list):
        raise Refusal(400, "Batches are not taken: send one operation a request.")
    if not isinstance(members, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return of_members(members)


def of_members(members: Mapping[str, Any]) -> GraphQLRequest:
    """A question by its members."""
    extensions = _object(members.get("extensions"), "extensions")
    document_id = _id(members.get("documentId"))
    return GraphQLRequest(
        query=_query(members.get("query"), document_id, extensions),
        variables=_object(members.get("variables"), "variables"),
        operation_name=_name(members.get("operationName")),
        extensions=extensions,
        allowed=READ_AND_WRITE,
        document_id=document_id,
    )


def of_query_string(raw: bytes) -> GraphQLRequest:
    """A GET's question: reads only, so that a link can do no harm."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Refusal(400, "The query string is not percent-encoded UTF-8.") from None
    members: dict[str, str] = {}
    for name, value in pairs:
        if name not in PARAMETERS:
            continue
        if name in members:
            raise Refusal(400, f"The parameter {name} stands there twice.")
        members[name] = value
    extensions = _json_object(members.get("extensions"), "extensions")
    document_id = _id(members.get("documentId"))
    return GraphQLRequest(
        query=_query(members.get("query"), document_id, extensions),
        variables=_json_object(members.get("variables"), "variables"),
        operation_name=_name(members.get("operationName")),
        extensions=extensions,
        allowed=READ_ONLY,
        document_id=document_id,
    )


def _query(value: object, document_id: str | None, extensions: dict[str, Any]) -> str:
    """The text; "" where the question is named instead (persisted.py)."""
    if value is None and (document_id is not None or extensions.get("persistedQuery") is not None):
        return ""
    if not isinstance(value, str):
        raise Refusal(400, "The parameter query must be a string.")
    return value


def _id(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise Refusal(400, "The parameter documentId must be a string.")


def _name(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None  # clients send "" for none
    raise Refusal(400, "The parameter operationName must be a string.")


def _object(value: object, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(400, f"The parameter {name} must be a JSON object.")
    return value


def _json_object(text: str | None, name: str) -> dict[str, Any]:
    return _object(json(text.encode(), f"The parameter {name}") if text else None, name)


def json(text: bytes, what: str) -> object:
    """Any JSON value, not too deep. `what` begins the refusal of anything else."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(400, f"{what} is not JSON in UTF-8.") from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and _deep(value):
        raise Refusal(400, f"{what} is nested deeper than {DEEPEST} levels.")
    return value


def _deep(value: object) -> bool:
    """Level by level, so that the check itself cannot run out of stack."""
    level = [value]
    for _ in range(DEEPEST):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return False
        level = below
    return any(isinstance(item, (dict, list)) for item in level)


def too_large(most: int) -> Refusal:
    """A body, or a part of one, beyond its bound."""
    return Refusal(413, f"A question may have {most} bytes.", headers=((b"connection", b"close"),))
