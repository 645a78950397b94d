"""`/graphql`: GraphQL over HTTP by GET (reads) and POST, and GraphiQL for browsers.

Bare ASGI, ahead of any framework: this is the path every question takes. A later transport (streams) is one more
branch of `_question`. Nothing of the question may come back in an answer or a log line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import UNSET

from gateway.domain.errors import Unauthenticated
from gateway.execution.errors import incident, internal
from gateway.execution.operation import GraphQLRequest, Outcome, Phase
from gateway.http import multipart, negotiation, parameters
from gateway.http.bounds import Places, executed
from gateway.http.graphiql.page import Page
from gateway.http.lifecycle import Graph, Lifecycle
from gateway.http.reply import NO_STORE, Headers, Receive, Refusal, Reply, Scope
from gateway.settings import Settings

READS = frozenset({"GET", "HEAD"})
ALLOW: Headers = ((b"allow", b"GET, HEAD, POST, OPTIONS"),)
VARY: Headers = ((b"vary", b"Authorization, X-API-Key, Accept"),)


class GraphQLEndpoint:
    """Answers one request. Raises Disconnected where nobody is left to answer."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, page: Page) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._page = page
        self._places = Places(settings.max_concurrent_requests)

    async def answer(self, scope: Scope, receive: Receive) -> Reply:
        """The reply, whatever happens."""
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, b"", headers=(*NO_STORE, *ALLOW))
        if method not in READS and method != "POST":
            return with_vary(Refusal(405, "Questions come by GET or POST.", headers=ALLOW).reply())
        content_type = negotiation.APPLICATION_JSON
        try:
            headers = joined(scope["headers"])
            content_type = negotiation.answer_type(headers.get("accept", ""), page=method in READS)
            if content_type == negotiation.TEXT_HTML:
                return self._page.reply
            with self._places.taken():
                request = await self._question(scope, receive, headers)
                return await self._run(request, headers, content_type)
        except Refusal as refusal:
            return with_vary(refusal.reply(media(content_type)))

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

    async def _run(self, request: GraphQLRequest, headers: Mapping[str, str], content_type: str) -> Reply:
        graph = self._lifecycle.graph
        if graph is None:
            raise Refusal(503, "The gateway is starting.", code="OVERLOADED", headers=((b"retry-after", b"1"),))
        try:
            principal = await graph.authenticate(headers)
        except Unauthenticated as error:
            challenge = (b"www-authenticate", b'Bearer realm="gateway"')
            raise Refusal(401, error.message, code=error.code, headers=(challenge,)) from None
        outcome = await executed(graph, request, principal, self._settings.request_timeout)
        return told(outcome, graph, content_type)


def told(outcome: Outcome, graph: Graph, content_type: str) -> Reply:
    """An outcome as bytes. What never ran has no `data`, and is a 400 to those who know the newer media type."""
    extensions = {**outcome.extensions, "sandbox": True} if graph.sandbox else outcome.extensions
    members: dict[str, Any] = {}
    if outcome.errors:
        members["errors"] = outcome.errors
    if outcome.data is not UNSET:
        members["data"] = outcome.data
    if extensions:
        members["extensions"] = extensions
    try:
        body = orjson.dumps(members)
    except TypeError as error:  # orjson's own error is one: a resolver let through what is not JSON
        met = incident(error)
        body = orjson.dumps({"errors": [internal(met)], "data": None})
        return Reply(500, body, media(content_type), (*NO_STORE, *VARY), [*outcome.incidents, met])
    status, headers = status_of(outcome.phase, content_type)
    return Reply(status, body, media(content_type), (*NO_STORE, *VARY, *headers), outcome.incidents)


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


def media(content_type: str) -> bytes:
    """With the charset."""
    return f"{content_type}; charset=utf-8".encode()


def with_vary(reply: Reply) -> Reply:
    """So that no cache in between mistakes one caller's or one media type's answer for another's."""
    return Reply(reply.status, reply.body, reply.content_type, (*reply.headers, *VARY), reply.incidents)
