"""The shortest way to an answer that is kept: a question seen before, from a caller without credentials, by POST.

Only ever a short cut. It decides nothing: whatever is not exactly as it was when the long way answered, or asks for
anything special, goes the long way. Nothing a caller sent is kept here but the bytes of whole questions, bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Generator
from typing import Any

import msgspec
from msgspec import structs

from gateway.http import negotiation, parameters
from gateway.http.answers import Answers, hash_of, headers_of, variables_of
from gateway.http.callers import RATE_LIMITED, within_budget
from gateway.http.lifecycle import Graph
from gateway.http.reply import VARY, Message, Receive, Refusal, Reply, Scope, media_of

MOST_QUESTIONS = 500
LONGEST_QUESTION = 16 * 1024
SPECIAL = frozenset(
    {
        *(b"authorization", b"x-api-key", b"cache-control", b"pragma", b"if-none-match", b"origin", b"traceparent"),
        *(
            b"cookie",
            b"proxy-authorization",
            b"expect",
            b"content-encoding",
            b"transfer-encoding",
            b"x-gateway-cost",
            b"x-gateway-explain",
            b"x-gateway-sources",
        ),
    }
)
"""Headers that take a request the long way."""


class Question(msgspec.Struct):
    """What a body asks: the parts of its answer's key that do not change."""

    signature: bytes
    variables: bytes
    hash: str


class Express:
    """Remembers which headers ask for nothing special and what bodies ask for. `able`: whether anything is kept."""

    def __init__(self, answers: Answers, *, able: bool, most_bytes: int) -> None:
        self._answers = answers
        self._able = able
        self._longest = min(LONGEST_QUESTION, most_bytes)
        self._media: dict[tuple[Any, ...], str | None] = {}
        self._questions: OrderedDict[bytes, Question | None] = OrderedDict()

    def takes(self, scope: Scope) -> str | None:
        """The media type of the answer, if these headers ask for nothing special."""
        if not self._able or scope["method"] != "POST" or scope["path"] != "/graphql":
            return None
        sent = tuple(scope["headers"])
        if sent in self._media:
            return self._media[sent]
        if any(name in SPECIAL for name, _ in sent):
            return None
        if len(self._media) >= MOST_QUESTIONS:
            self._media.clear()
        media = self._media[sent] = self._media_of(dict(sent), len(sent))
        return media

    async def reply(self, graph: Graph, media: str, body: bytes) -> Reply | None:
        """The answer to a body, if it is kept and good."""
        question = self._questions.get(body)
        if question is None:
            if body not in self._questions and len(body) <= self._longest:
                await self._learn(graph, body)
            return None
        principal = await graph.authenticate(NO_HEADERS)
        edition = await graph.edition()
        if edition is None:
            return None
        made = self._answers.kept((question.signature, principal.rights_key, edition, False, question.variables))
        if made is None:
            return None
        line = {"who": principal.label, "hash": question.hash, **made.line, "calls": {}}
        try:
            budget = await within_budget(graph, principal)
        except Refusal as refusal:
            told = refusal.reply(media_of(media))
            return structs.replace(told, headers=(*told.headers, *VARY), line={**line, "outcome": RATE_LIMITED})
        headers = (*headers_of(made, media), *VARY, *budget)
        return Reply(200, made.body, media_of(media), headers, line=line)

    async def _learn(self, graph: Graph, body: bytes) -> None:
        if len(self._questions) >= MOST_QUESTIONS:
            self._questions.popitem(last=False)
        self._questions[body] = await _question(graph, body)

    def _media_of(self, headers: dict[bytes, bytes], count: int) -> str | None:
        if len(headers) != count:  # one of them came twice
            return None
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        accept, length = told.get("accept", ""), told.get("content-length", "")
        try:
            negotiation.check_question_type(told.get("content-type"), None)
            media = negotiation.answer_type(accept, page=False)
        except Refusal:
            return None
        if negotiation.takes_events(accept) or not length.isdigit() or int(length[:9]) > self._longest:
            return None
        return media


class Begun(Awaitable[Message]):
    """A message that is waited for, begun at once: `there` where it had come already."""

    def __init__(self, receive: Receive) -> None:
        self._coming = receive().__await__()
        self.there: Message | None = None
        try:
            self._waits_for = next(self._coming)
        except StopIteration as done:
            self.there = done.value

    def __await__(self) -> Generator[Any, Any, Message]:
        if self.there is not None:
            return self.there
        yield self._waits_for
        return (yield from self._coming)


NO_HEADERS: dict[str, str] = {}


def begun(receive: Receive) -> tuple[bytes | None, Receive]:
    """The body where the whole of it is there already, and a `receive` that gives what was taken again."""
    first = Begun(receive)
    whole = first.there
    if whole is not None and whole["type"] == "http.request" and not whole.get("more_body", False):
        return whole.get("body", b""), _again(first, receive)
    return None, _again(first, receive)


def _again(first: Begun, receive: Receive) -> Receive:
    left = [first]

    def replayed() -> Awaitable[Message]:
        return left.pop() if left else receive()

    return replayed


async def _question(graph: Graph, body: bytes) -> Question | None:
    try:
        request = parameters.of_body(body)
    except Refusal:
        return None
    if request.extensions or request.document_id is not None or not request.query:
        return None
    signature = await graph.signature(request)
    variables = variables_of(request)
    if signature is None or variables is None:
        return None
    return Question(signature, variables, hash_of(request.query))
