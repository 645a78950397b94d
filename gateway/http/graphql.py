"""`/graphql`: GraphQL over HTTP by GET (reads) and POST, and GraphiQL for browsers.

Bare ASGI, ahead of any framework: this is the path every question takes. A later transport (streams) is one more
branch of `_question`. Nothing of the question may come back in an answer or a log line.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import orjson
from msgspec import UNSET, structs

from gateway.access.principal import Principal
from gateway.cache import freshness
from gateway.execution.errors import incident, internal
from gateway.execution.limits import Limits
from gateway.execution.operation import EVERYTHING, READ_AND_FOLLOW, GraphQLRequest, Outcome, Phase
from gateway.http import credentials, multipart, negotiation, parameters, sources
from gateway.http.answers import Answers, Made, around, hash_of, headers_of, unchanged
from gateway.http.audience import Audience
from gateway.http.bounds import Places, executed
from gateway.http.callers import Caller, admitted, within_budget
from gateway.http.desk import Desk
from gateway.http.events import EventStream
from gateway.http.express import Express
from gateway.http.graphiql.page import Page
from gateway.http.lifecycle import Graph, Lifecycle
from gateway.http.persisted import Persisted, Unnamed
from gateway.http.reply import NO_STORE, NOT_MODIFIED, VARY, Headers, Receive, Refusal, Reply, Scope, media_of
from gateway.http.sources import Sources
from gateway.settings import Settings
from gateway.upstream.calls import Tally, tally

READS = frozenset({"GET", "HEAD"})
ALLOW: Headers = ((b"allow", b"GET, HEAD, POST, OPTIONS"),)
ARRIVING = 4
"""Requests that may be on their way in for each that may run: slow senders take no place from those who are there."""
SHOWN = {"x-gateway-cost": "cost", "x-gateway-explain": "explain", "x-gateway-sources": sources.MEMBER}
LONGEST_NAME = 64
NO_HEADERS: Mapping[str, str] = {}


class GraphQLEndpoint:
    """Answers one request. Raises Disconnected where nobody is left to answer."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, page: Page, audience: Audience) -> None:
        self._settings = settings
        self._limits = Limits(**settings.limits.model_dump())
        self._lifecycle = lifecycle
        self._page = page
        self._persisted = Persisted(settings)
        self._answers = Answers(settings.cache, settings.cache_bytes // 4)
        self.express = Express(
            self._answers,
            able=not settings.trusted_documents_only,
            shares=settings.cache != "off",
            most_bytes=settings.max_body_bytes,
        )
        self._arriving = Places(ARRIVING * settings.max_concurrent_requests)
        self._places = Places(settings.max_concurrent_requests)
        self._audience = audience
        self.desk = Desk(self._persisted, self._places, settings.request_timeout)

    @property
    def trusted(self) -> frozenset[str]:
        """Names of the trusted documents' operations."""
        return self._persisted.names

    async def answer(self, scope: Scope, receive: Receive) -> Reply | EventStream:
        """The reply, whatever happens."""
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, b"", headers=(*NO_STORE, *ALLOW))
        if method not in READS and method != "POST":
            return with_vary(Refusal(405, "Questions come by GET or POST.", headers=ALLOW).reply())
        content_type = negotiation.APPLICATION_JSON
        line: dict[str, Any] = {}
        try:
            headers = joined(scope["headers"])
            content_type = negotiation.answer_type(headers.get("accept", ""), page=method in READS)
            if content_type == negotiation.TEXT_HTML:
                return self._page.reply
            with self._arriving.taken():
                request = await self._question(scope, receive, headers)
            if await self._as_events(request, method, content_type, headers):
                return await self._events(request, headers, receive, line)
            with self._places.taken():
                reply = await self._run(request, headers, content_type, line)
        except Refusal as refusal:
            reply = _refused(refusal, content_type, line)
        return reply if reply.line is line else structs.replace(reply, line=line)

    async def plain(self, media: str, body: bytes) -> Reply:
        """As `answer`, on the short way: see Express. `media` is the answer's."""
        line: dict[str, Any] = {}
        try:
            graph = self._graph()
            principal = await graph.authenticate(NO_HEADERS)
            found = await self.express.found(graph, principal, body)
            if found is not None:
                caller = Caller(principal, await within_budget(graph, principal))
                made, digest = found
                line |= {"who": principal.label, "hash": digest, **made.line, "calls": {}}
                return told(made, media, None, caller.headers, line, incidents=False)
            request = parameters.of_body(body)
            self._places.take()
            try:
                caller = Caller(principal, await within_budget(graph, principal))
                return await self._ran(graph, request, caller, media, line)
            finally:
                self._places.leave()
        except Refusal as refusal:
            return _refused(refusal, media, line)

    async def _question(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> GraphQLRequest:
        if scope["method"] in READS:
            if len(scope["query_string"]) > self._settings.max_body_bytes:
                raise Refusal(414, f"A question may have {self._settings.max_body_bytes} bytes.")
            return parameters.of_query_string(scope["query_string"])
        if multipart.is_multipart(headers):
            return await multipart.question(receive, headers, self._settings)
        negotiation.check_question_type(headers.get("content-type"), headers.get("content-encoding"))
        return parameters.of_body(
            await parameters.read_body(
                receive,
                headers.get("content-length"),
                most=self._settings.max_body_bytes,
                seconds=self._settings.request_timeout,
            )
        )

    async def _run(
        self, request: GraphQLRequest, headers: Mapping[str, str], content_type: str, line: dict[str, Any]
    ) -> Reply:
        graph = self._graph()
        caller = await admitted(graph, headers)
        asked = shown(headers)
        if asked:
            request = structs.replace(request, shown=asked)
        past = around(headers, caller.principal)
        return await self._ran(graph, request, caller, content_type, line, headers.get("if-none-match"), past=past)

    async def _ran(
        self,
        graph: Graph,
        request: GraphQLRequest,
        caller: Caller,
        content_type: str,
        line: dict[str, Any],
        has: str | None = None,
        *,
        past: bool = False,
    ) -> Reply:
        """`has`: tags of the answers the caller has already."""
        line["who"] = caller.principal.label
        try:
            request = self._persisted.resolved(request)
        except Unnamed as unnamed:
            made = written(Outcome(Phase.CHOOSE, errors=[unnamed.told]), graph)
        else:
            line["hash"] = hash_of(request.query)
            ask = self._with_sources if sources.wanted(request, caller.principal) else self._made
            made = await ask(graph, request, caller.principal, past)
        line |= made.line
        return told(made, content_type, has, caller.headers, line)

    async def _as_events(
        self, request: GraphQLRequest, method: str, content_type: str, headers: Mapping[str, str]
    ) -> bool:
        """Where nothing else is taken; and for a subscription wherever it is taken at all."""
        if not negotiation.takes_events(headers.get("accept", "")):
            return False
        if method == "HEAD":
            if content_type == negotiation.EVENT_STREAM:
                raise Refusal(406, "A stream has no answer to HEAD.")
            return False
        graph = self._lifecycle.graph
        if content_type == negotiation.EVENT_STREAM or graph is None:
            return content_type == negotiation.EVENT_STREAM
        try:
            return await graph.follows(structs.replace(self.desk.resolved(request), allowed=EVERYTHING))
        except Unnamed:
            return False

    async def _events(
        self, request: GraphQLRequest, headers: Mapping[str, str], receive: Receive, line: dict[str, Any]
    ) -> EventStream:
        graph = self._graph()
        caller = await admitted(graph, headers)
        allowed = READ_AND_FOLLOW if request.read_only else EVERYTHING
        request = structs.replace(request, allowed=allowed, shown=shown(headers))
        opened = await self.desk.ask(graph, request, caller.principal, line)
        return EventStream(
            opened,
            lambda outcome: written(outcome, graph),
            self._audience,
            receive,
            principal=caller.principal,
            credentials=credentials.of_headers(headers),
            heartbeat=self._settings.streams.heartbeat,
            headers=(*VARY, *caller.headers),
            line=line,
        )

    def _graph(self) -> Graph:
        graph = self._lifecycle.graph
        if graph is None:
            raise Refusal(503, "The gateway is starting.", code="OVERLOADED", headers=((b"retry-after", b"1"),))
        return graph

    async def _made(
        self, graph: Graph, request: GraphQLRequest, principal: Principal, past: bool, told: Sources | None = None
    ) -> Made:
        """What is kept or under way for callers of equal rights, or what is made now. `past`: made now, in any case."""

        async def make() -> Made:
            with tally() as calls, freshness.bypassing() if past else nullcontext():
                outcome = await executed(graph, request, principal, self._settings.request_timeout)
            return written(outcome, graph, calls)

        made, own = await self._answers.ask(graph, request, principal, make, around=past)
        if told is not None:
            made = told.beside(made, own=own)
        return made if own else structs.replace(made, line={**made.line, "calls": {}}, incidents=[])

    async def _with_sources(self, graph: Graph, request: GraphQLRequest, principal: Principal, past: bool) -> Made:
        """As `_made`, and what it was made of beside it."""
        told = Sources(principal, self._limits if "cost" in request.shown else None)
        with told.collected():
            return await self._made(graph, sources.plain(request), principal, past, told)


def shown(headers: Mapping[str, str]) -> frozenset[str]:
    """What the caller wants told beside the answer (rules.md 41)."""
    return frozenset(member for name, member in SHOWN.items() if headers.get(name, "").strip() == "1")


def summary(outcome: Outcome) -> dict[str, Any]:
    """What the log line says of an operation: no value, no message, and its name only once it is known to be one."""
    codes = sorted({each["extensions"]["code"] for each in outcome.errors})
    said: dict[str, Any] = {"outcome": ",".join(codes[:5]) if codes else "ok"}
    if outcome.operation:
        said["operation"] = outcome.operation[:LONGEST_NAME]
    if outcome.estimate is not None:
        said["cost"] = outcome.estimate.rows
    if "failures" in outcome.extensions:
        said["failures"] = len(outcome.extensions["failures"])
    return said


def written(outcome: Outcome, graph: Graph, calls: Tally | None = None) -> Made:
    """An outcome as bytes, and what the log says of it."""
    extensions = {**outcome.extensions, "sandbox": True} if graph.sandbox else outcome.extensions
    members: dict[str, Any] = {}
    if outcome.errors:
        members["errors"] = outcome.errors
    if outcome.data is not UNSET:
        members["data"] = outcome.data
    if extensions:
        members["extensions"] = extensions
    line = summary(outcome)
    if calls is not None:
        line["calls"] = {vendor.value: count for vendor, count in sorted(calls.by_vendor.items())}
    made = Made(outcome.phase, b"", line, outcome.incidents, outcome.max_age, outcome.age, estimate=outcome.estimate)
    made.timeless = outcome.timeless
    try:
        made.body = orjson.dumps(members)
    except TypeError as error:  # orjson's own error is one: a resolver let through what is not JSON
        met = incident(error)
        made.body = orjson.dumps({"errors": [internal(met)], "data": None})
        made.incidents = [*outcome.incidents, met]
        made.broken, made.seconds = True, None
    return made


def told(
    made: Made, content_type: str, has: str | None, more: Headers, line: dict[str, Any], *, incidents: bool = True
) -> Reply:
    """An answer on the wire. What never ran has no `data`, and is a 400 to those who know the newer media type.

    `has`: If-None-Match. `more`: headers about the caller. `incidents`: they are not in the log yet.
    """
    status, headers = (500, ()) if made.broken else status_of(made.phase, content_type)
    same = has is not None and unchanged(made, content_type, has)
    headers = (*headers_of(made, content_type), *VARY, *headers, *more)
    if same:
        return Reply(NOT_MODIFIED, b"", headers=headers, incidents=made.incidents, line=line)
    return Reply(status, made.body, media_of(content_type), headers, made.incidents if incidents else [], line)


def _refused(refusal: Refusal, content_type: str, line: dict[str, Any]) -> Reply:
    """Said in JSON where a stream was asked for; the log is told why."""
    line["outcome"] = refusal.entry["extensions"]["code"]
    content_type = content_type.replace(negotiation.EVENT_STREAM, negotiation.APPLICATION_JSON)
    return structs.replace(with_vary(refusal.reply(media_of(content_type))), line=line)


def status_of(phase: Phase, content_type: str) -> tuple[int, Headers]:
    """As GraphQL over HTTP has it, for both media types."""
    if phase is Phase.RAN:
        return 200, ()
    if phase is Phase.NOT_ALLOWED:
        return 405, ((b"allow", b"POST"),)
    return (400 if content_type == negotiation.GRAPHQL_RESPONSE else 200), ()


def joined(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header names are lower case already; repeated ones are joined, as RFC 9110 has it."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def with_vary(reply: Reply) -> Reply:
    """So that no cache in between mistakes one caller's or one media type's answer for another's."""
    return structs.replace(reply, headers=(*reply.headers, *VARY))
