"""`/odata/v4/`: the tables as an OData 4.0 feed (contract/bi.md). Read-only; JSON only; errors in OData's own shape.

An answer that broke off midway is cut, like an export. Nothing of the question is repeated in an error or a log line.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from gateway.access.principal import Principal, require
from gateway.access.scopes import Scope as Right
from gateway.bi.ask import parse
from gateway.bi.odata import query as asking
from gateway.bi.odata.metadata import metadata, service_document
from gateway.bi.odata.pages import PAGE, Pages
from gateway.bi.odata.refusals import NotSupported, NotThere, ReadOnly
from gateway.bi.reading import Tables
from gateway.bi.tables import BY_ENTITY_SET, Batch
from gateway.domain.errors import GatewayError, InputError
from gateway.execution.errors import Incident, internal
from gateway.http import parameters
from gateway.http.bounds import Places
from gateway.http.exports import accepted, caller, challenged, graph_of, pairs_of
from gateway.http.graphql import joined
from gateway.http.lifecycle import Lifecycle
from gateway.http.odata_json import (
    BARE,
    JSON,
    Answer,
    Asked,
    bare,
    error_body,
    head,
    objects,
    selected,
    strings,
    tail,
    whole,
)
from gateway.http.reply import NO_STORE, Headers, Receive, Refusal, Reply, Scope
from gateway.http.stream import MOST_AT_ONCE, Failure, Out, Stream, status_of
from gateway.settings import Settings

ROOT = "/odata/v4/"
PATHS = frozenset(
    ROOT + path
    for path in ("", "$metadata", "$batch", *(f"{each}{tail}" for each in BY_ENTITY_SET for tail in ("", "/$count")))
)
HEADERS: Headers = (
    (b"odata-version", b"4.0"),
    *NO_STORE,
    (b"vary", b"Authorization, X-API-Key, Accept, Accept-Encoding, Prefer"),
)
MOST_IN_BATCH = 50
_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]{1,255}")
_ENTITY = re.compile(r"(\w+)\((?:(\w+)=)?'((?:[^']|'')*)'\)")
_SIZE = re.compile(r"(?:odata\.)?maxpagesize\s*=\s*(\d{1,9})", re.IGNORECASE)
_STATUS = {NotSupported: 501, NotThere: 404, ReadOnly: 405}


class OData:
    """Makes one reply per request."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._places = Places(MOST_AT_ONCE)
        self._feeds: tuple[Tables, Pages] | None = None

    def reply(self, scope: Scope, receive: Receive) -> Stream:
        async def work(out: Out) -> None:
            await self._serve(scope, receive, out)

        head = scope["method"] == "HEAD"
        return Stream(work, told, receive, self._places, self._settings.export_timeout, body=not head)

    async def _serve(self, scope: Scope, receive: Receive, out: Out) -> None:
        graph, headers = graph_of(self._lifecycle), joined(scope["headers"])
        principal, budget = await caller(graph, headers)
        pages = self._pages(graph.tables)
        asked = Asked(
            scope["path"].removeprefix(ROOT), pairs_of(scope["query_string"]), base_of(scope, headers), headers
        )
        if asked.path == "$batch":
            answer = await self._batch(scope, out, asked, principal, pages)
        elif scope["method"] not in ("GET", "HEAD"):
            raise ReadOnly("This feed is read-only.")
        else:
            answer = await answered(asked, principal, graph.tables, pages)
        async with aclosing(answer.pieces) as pieces:
            first = await anext(pieces, b"")
            pack = "gzip" in accepted(headers.get("accept-encoding", ""))
            kind: Headers = ((b"content-type", answer.content_type),)
            if scope["http_version"] == "1.0":  # it ends with its connection: only a length tells a cut
                first += b"".join([piece async for piece in pieces])
                kind, pack = (*kind, (b"content-length", str(len(first)).encode())), False
            await out.begin(200, (*kind, *answer.headers, *HEADERS, *budget), pack=pack)
            await out.write(first)
            async for piece in pieces:
                await out.write(piece)
        await out.end()

    def _pages(self, tables: Tables) -> Pages:
        if self._feeds is None or self._feeds[0] is not tables:
            self._feeds = (tables, Pages(tables))
        return self._feeds[1]

    async def _batch(self, scope: Scope, out: Out, asked: Asked, principal: Principal, pages: Pages) -> Answer:
        """Several requests in one: JSON only."""
        if scope["method"] != "POST":
            refusal = ReadOnly("A batch comes by POST.")
            refusal.allow = "POST"
            raise refusal
        require(principal, Right.READ)
        if not asked.headers.get("content-type", "").lower().startswith("application/json"):
            raise NotSupported("A batch is application/json.")
        body = await out.body(asked.headers.get("content-length"), self._settings.max_body_bytes)
        members = parameters.json(body, "The batch")
        requests = members.get("requests") if isinstance(members, dict) else None
        if not isinstance(requests, list) or len(requests) > MOST_IN_BATCH:
            raise InputError(f"A batch is {{requests: […]}} with at most {MOST_IN_BATCH} of them.")
        tables = graph_of(self._lifecycle).tables

        async def pieces() -> AsyncGenerator[bytes]:
            yield b'{"responses":['
            for number, request in enumerate(requests):
                response = await _one_of_batch(request, asked, principal, tables, pages)
                yield (b"," if number else b"") + response
            yield b"]}"

        return Answer(b"application/json;charset=utf-8", pieces())


async def answered(asked: Asked, principal: Principal, tables: Tables, pages: Pages) -> Answer:
    """The answer to a read. Raises GatewayError."""
    require(principal, Right.READ)
    path = asked.path.rstrip("/")
    if path == "":
        _options(asked, ())
        document = service_document(asked.base)
        if bare(asked):
            del document["@odata.context"]
        return Answer(BARE if bare(asked) else JSON, whole(orjson.dumps(document)))
    if path == "$metadata":
        pii = ("pii", "true") in asked.pairs
        _options(asked, ("pii", "$format"))
        return Answer(b"application/xml;charset=utf-8", whole(metadata(pii=pii).encode()))
    name, _, rest = path.partition("/")
    table = BY_ENTITY_SET.get(name)
    if table is None:
        return await _entity(path, asked, principal, tables)
    query = asking.read(table, asked.pairs, tables.catalog.clock())
    if rest == "$count":
        total = await pages.count(query, principal)
        return Answer(b"text/plain;charset=utf-8", whole(str(total).encode()))
    if rest:
        raise NotSupported("There are no paths below an entity set but $count.")
    size = _SIZE.search(asked.headers.get("prefer", ""))
    page = await pages.open(query, principal, max(1, min(PAGE, int(size.group(1)))) if size else PAGE)
    count = await pages.count(query, principal) if query.count else None
    ask = query.ask
    context = f"{asked.base}$metadata#{table.entity_set}{selected(ask.shown, ask.columns, len(ask.batch_columns))}"

    async def pieces() -> AsyncGenerator[bytes]:
        before, some = head(None if bare(asked) else context, count), False
        async with aclosing(page.rows()) as batches:
            async for batch in batches:
                rows = objects(batch, ask.shown, ask.columns, strings=strings(asked.headers))
                yield before + (b"," if rows and some else b"") + rows
                before, some = b"", some or bool(rows)
        yield before + tail(page.link, asked, table)

    prefer: Headers = ((b"preference-applied", f"odata.maxpagesize={size.group(1)}".encode()),) if size else ()
    return Answer(BARE if bare(asked) else JSON, pieces(), prefer)


async def _entity(path: str, asked: Asked, principal: Principal, tables: Tables) -> Answer:
    """A single entity by its key."""
    found = _ENTITY.fullmatch(path)
    table = BY_ENTITY_SET.get(path.partition("(")[0])
    if table is None:
        raise NotThere("There is no such entity set.")
    if found is None or not table.single or found.group(2) not in (None, table.keys[0]):
        if not table.single or ")/" in path:
            raise NotSupported(f"Single entities are not served of {table.entity_set}, nor paths below one.")
        raise InputError(f"A key is written {table.entity_set}('…').")
    custom = [(name, value) for name, value in asked.pairs if not name.startswith("$")]
    _options(asked, ("$select", "$format", *(name for name, _ in custom)))
    query = asking.read(table, asked.pairs, tables.catalog.clock())
    ask = parse(table, [*custom, *(("columns", ",".join(column.name for column in query.ask.shown)),)])
    row = await tables.one(ask, principal, found.group(3).replace("''", "'"))
    if row is None:
        raise NotThere("There is no such entity.")
    batch = Batch([[value] for value in row], 1)
    context = f"{asked.base}$metadata#{table.entity_set}{selected(ask.shown, ask.columns, len(row))}/$entity"
    body = objects(batch, ask.shown, ask.columns, strings=strings(asked.headers))
    if bare(asked):
        return Answer(BARE, whole(body))
    return Answer(JSON, whole(b'{"@odata.context":' + orjson.dumps(context) + b"," + body[1:]))


def _options(asked: Asked, allowed: Sequence[str]) -> None:
    for name, _ in asked.pairs:
        if name not in allowed:
            if name in asking.KNOWN | asking.UNSUPPORTED:
                raise NotSupported(f"`{name}` is not supported here.")
            raise InputError("There is no such option here.")


async def _one_of_batch(request: Any, asked: Asked, principal: Principal, tables: Tables, pages: Pages) -> bytes:
    """A member of `responses`."""
    members = request if isinstance(request, dict) else {}
    told_id = members.get("id")
    answer: dict[str, Any] = {"id": told_id if isinstance(told_id, str) else ""}
    try:
        inner = _inner(members, asked)
        made = await answered(inner, principal, tables, pages)
        body = b"".join([piece async for piece in made.pieces])
        answer |= {"status": 200, "headers": {"content-type": made.content_type.decode(), "odata-version": "4.0"}}
        raw = body if made.content_type in (JSON, BARE) else orjson.dumps(body.decode())
    except GatewayError as error:
        answer |= {"status": _status(error), "headers": {"content-type": "application/json", "odata-version": "4.0"}}
        raw = error_body(error.code, error.message)
    return orjson.dumps(answer)[:-1] + b',"body":' + raw + b"}"


def _inner(members: Mapping[str, Any], asked: Asked) -> Asked:
    method, url = members.get("method"), members.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or not isinstance(members.get("id"), str):
        raise InputError("A request of a batch has an id, a method and a url.")
    if method.upper() != "GET":
        raise ReadOnly("This feed is read-only.")
    if members.get("dependsOn") or members.get("atomicityGroup"):
        raise NotSupported("Requests of a batch stand for themselves.")
    path, _, query = url.partition("?")
    if "://" in path:
        if not url.startswith(asked.base):
            raise InputError("A request of a batch leads elsewhere.")
        path = urlsplit(path).path
    path = unquote(path.removeprefix(ROOT).removeprefix("/"))
    given = members.get("headers")
    headers = {str(k).lower(): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    return Asked(path, parse_qsl(query, keep_blank_values=True), asked.base, headers)


def base_of(scope: Scope, headers: Mapping[str, str]) -> str:
    """The feed's own address as the caller wrote it: links lead back to where he came from."""
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise InputError("The Host header names no host.")
    return f"{scope.get('scheme', 'http')}://{host}{ROOT}"


def told(failure: Failure) -> Reply:
    """A failure before the first byte, in OData's shape."""
    if isinstance(failure, Incident):
        entry = internal(failure)
        return _reply(500, entry["extensions"]["code"], entry["message"], ())
    if isinstance(failure, Refusal):
        return _reply(failure.status, failure.entry["extensions"]["code"], failure.entry["message"], failure.headers)
    allow: Headers = ((b"allow", failure.allow.encode()),) if isinstance(failure, ReadOnly) else ()
    return _reply(_status(failure), failure.code, failure.message, (*allow, *challenged(failure)))


def _status(error: GatewayError) -> int:
    return _STATUS.get(type(error)) or status_of(error)


def _reply(status: int, code: str, message: str, headers: Headers) -> Reply:
    return Reply(status, error_body(code, message), headers=(*HEADERS, *headers))
