"""`/export/{table}.{csv|ndjson|arrow|parquet}`: one table as a file (contract/bi.md).

The caller is known before anything of the question is looked at, and a key in the URL is refused like any parameter
that does not exist.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from urllib.parse import parse_qsl

import orjson

from gateway.access.principal import Principal
from gateway.bi.ask import Ask, parse
from gateway.bi.formats import FORMATS, Writer, writer
from gateway.bi.reading import Rows
from gateway.bi.tables import BY_NAME
from gateway.domain.errors import GatewayError, InputError, Unauthenticated, VendorError
from gateway.execution.errors import Incident, entry, facts, internal
from gateway.http.bounds import Places
from gateway.http.callers import within_budget
from gateway.http.graphql import joined
from gateway.http.lifecycle import Graph, Lifecycle
from gateway.http.reply import NO_STORE, Headers, Receive, Refusal, Reply, Scope
from gateway.http.snapshots import Snapshot, Snapshots
from gateway.http.stream import CHALLENGE, MOST_AT_ONCE, Failure, Out, Stream, retry_after, status_of
from gateway.settings import Settings

PATHS: Mapping[str, tuple[str, str]] = {
    f"/export/{table}.{ending}": (table, ending) for table in BY_NAME for ending in FORMATS
}
VARY: Headers = ((b"vary", b"Authorization, X-API-Key, Accept, Accept-Encoding"),)
MOST_PARAMETERS = 2_000
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class TableExports:
    """Makes one reply per request."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle) -> None:
        self._seconds = settings.export_timeout
        self._lifecycle = lifecycle
        self._places = Places(MOST_AT_ONCE)
        self._snapshots = Snapshots()

    def reply(self, scope: Scope, receive: Receive) -> Stream:
        async def work(out: Out) -> None:
            await self._answer(scope, out)

        head = scope["method"] == "HEAD"
        return Stream(work, told, receive, self._places, self._seconds, body=not head)

    async def _answer(self, scope: Scope, out: Out) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise Refusal(405, "An export is asked for by GET.", headers=((b"allow", b"GET, HEAD"),))
        graph, headers = graph_of(self._lifecycle), joined(scope["headers"])
        principal, budget = await caller(graph, headers)
        name, ending = PATHS[scope["path"]]
        ask = parse(BY_NAME[name], pairs_of(scope["query_string"]))
        made = Made(graph, ask, principal, ending, headers)
        head = scope["method"] == "HEAD"
        if not made.packs and (head or "range" in headers or made.found(self._snapshots)):
            await _ranged(out, await made.snapshot(self._snapshots), headers, (*made.headers, *budget))
        elif scope["http_version"] == "1.0" and not head:  # it ends with its connection: only a length tells a cut
            file = await self._snapshots.fresh(made.pieces, lambda: made.watermark)
            await _sent(out, file, (*made.headers, *budget))
        elif head:
            await made.rows()
            await out.begin(200, (*made.headers, *budget))
            await out.end()
        else:
            await made.stream(out, budget)


class Made:
    """One export in the making."""

    def __init__(self, graph: Graph, ask: Ask, principal: Principal, ending: str, headers: Mapping[str, str]) -> None:
        self._graph = graph
        self._ask = ask
        self._principal = principal
        self._ending = ending
        self._pack = "gzip" in accepted(headers.get("accept-encoding", ""))
        self._accept = headers.get("accept", "")
        self._writer: Writer | None = None
        self.watermark: str | None = None

    @property
    def headers(self) -> Headers:
        """Known once rows have been asked."""
        name = f'attachment; filename="{self._ask.table.name}.{self._ending}"'.encode()
        kind = self._written().content_type.encode()
        mark = () if self.watermark is None else ((b"x-watermark", self.watermark.encode()),)
        return ((b"content-type", kind), (b"content-disposition", name), *mark, *NO_STORE, *VARY)

    @property
    def packs(self) -> bool:
        """Whether it goes out compressed: then its length is not known, and no range of it is one of the file."""
        return self._pack and self._written().compressible

    async def rows(self) -> Rows:
        """Raises GatewayError where the question cannot be answered."""
        found = await self._graph.tables.rows(self._ask, self._principal)
        self.watermark = found.watermark
        return found

    async def stream(self, out: Out, budget: Headers) -> None:
        """Nothing is sent before the first vendor has answered: until then a failure is an error of its own."""
        async with aclosing(self.pieces()) as pieces:
            begun = await anext(pieces)
            await out.begin(200, (*self.headers, *budget), pack=self.packs)
            await out.write(begun)
            async for piece in pieces:
                await out.write(piece)
        await out.end()

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The file."""
        rows = await self.rows()
        written = self._written()
        first = await anext(rows.batches, None)
        yield written.begin() + (written.rows(first) if first is not None else b"")
        async for batch in rows.batches:
            yield written.rows(batch)
        yield written.end()

    def found(self, snapshots: Snapshots) -> Snapshot | None:
        return snapshots.find(self._key)

    async def snapshot(self, snapshots: Snapshots) -> Snapshot:
        """The file whole, made at most once for all the ranges of a reader."""
        found = await snapshots.get(self._key, self.pieces, lambda: self.watermark)
        self.watermark = found.mark
        return found

    def _written(self) -> Writer:
        if self._writer is None:
            self._writer = writer(self._ending, self._ask.shown, self._ask.columns, self._accept)
        return self._writer

    @property
    def _key(self) -> str:
        """Equal for callers with equal rights who ask the same."""
        asked = (self._principal.rights_key, self._ask, self._ending, self._written().content_type)
        return hashlib.sha256(repr(asked).encode()).hexdigest()


async def _ranged(out: Out, file: Snapshot, headers: Mapping[str, str], told: Headers) -> None:
    """The whole of a snapshot or one range of it (RFC 9110, 14)."""
    tag = f'"{file.tag}"'
    told = (*told, (b"etag", tag.encode()), (b"accept-ranges", b"bytes"))
    if not {tag, "*"} & {each.strip() for each in headers.get("if-match", "*").split(",")}:
        raise Refusal(412, "The file has been made anew since: begin again without its ETag.")
    if tag in headers.get("if-none-match", ""):
        await out.begin(304, told)
        await out.end()
        return
    wanted = headers.get("range") if headers.get("if-range", tag) == tag else None
    span = None if wanted is None else _span(wanted, file.size)
    if span is not None and span[0] >= span[1]:
        raise Refusal(416, "There is no such range.", headers=((b"content-range", f"bytes */{file.size}".encode()),))
    start, end = span or (0, file.size)
    if span is not None:
        told = (*told, (b"content-range", f"bytes {start}-{end - 1}/{file.size}".encode()))
    await _sent(out, file, told, start, end, 200 if span is None else 206)


async def _sent(
    out: Out, file: Snapshot, told: Headers, start: int = 0, end: int | None = None, status: int = 200
) -> None:
    """Some bytes of a file, whose number is told before."""
    end = file.size if end is None else end
    await out.begin(status, (*told, (b"content-length", str(end - start).encode())))
    while start < end:
        piece = file.read(start, min(end - start, 1 << 20))
        await out.write(piece)
        start += len(piece)
    await out.end()


def _span(text: str, size: int) -> tuple[int, int] | None:
    """First and past-the-last byte; None for what is not one range, which is then ignored."""
    found = _RANGE.fullmatch(text.strip().replace(" ", ""))
    if found is None or found.group() == "bytes=-":
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def graph_of(lifecycle: Lifecycle) -> Graph:
    """Raises a 503 where there is none yet."""
    if lifecycle.graph is None:
        raise Refusal(503, "The gateway is starting.", code="OVERLOADED", headers=((b"retry-after", b"1"),))
    return lifecycle.graph


async def caller(graph: Graph, headers: Mapping[str, str]) -> tuple[Principal, Headers]:
    """Who asks, and what is left of his budget. Raises Unauthenticated, or a 429."""
    principal = await graph.authenticate(headers)
    return principal, await within_budget(graph, principal)


def pairs_of(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a URL. A `+` stands for a blank, as forms have it."""
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise InputError("The query string is not percent-encoded UTF-8, or has too many parameters.") from None


def accepted(header: str) -> frozenset[str]:
    """Codings a client takes (RFC 9110, 12.5.3); those with a weight of 0 it does not."""
    found = set()
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            found.add(name.strip())
    return frozenset(found)


def told(failure: Failure) -> Reply:
    """A failure before the first byte, with the graph's codes."""
    if isinstance(failure, Refusal):
        reply = failure.reply()
        return Reply(reply.status, reply.body, headers=(*reply.headers, *VARY))
    if isinstance(failure, Incident):
        return Reply(500, orjson.dumps({"errors": [internal(failure)]}), headers=(*NO_STORE, *VARY))
    body = orjson.dumps({"errors": [entry(failure.message, **facts(failure))]})
    return Reply(status_of(failure), body, headers=(*NO_STORE, *VARY, *challenged(failure)))


def challenged(error: GatewayError) -> Headers:
    """Headers that go with an error."""
    if isinstance(error, Unauthenticated):
        return CHALLENGE
    return retry_after(error.retry_after) if isinstance(error, VendorError) else ()
