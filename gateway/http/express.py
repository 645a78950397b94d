"""The short way: questions whose headers ask for nothing special, from callers without credentials, by POST.

Only ever a short cut. It decides nothing: whatever asks for more than an answer goes the long way. Nothing a caller
sent is kept here but the headers of such requests and the bytes of whole questions, bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.access.principal import Principal
from gateway.http import negotiation, parameters
from gateway.http.answers import Answers, Key, Made, hash_of, variables_of
from gateway.http.lifecycle import Graph
from gateway.http.reply import Refusal, Scope

MOST_QUESTIONS = 500
LONGEST_QUESTION = 16 * 1024
SCHEMA = b"__"
"""In every question about the schema alone; those are kept even where nothing else is."""
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


_UNKNOWN = "?"


class Question(msgspec.Struct):
    """What a body asks: the parts of its answer's key that do not change."""

    signature: bytes
    variables: bytes
    hash: str


class Express:
    """Remembers which headers ask for nothing special and what bodies ask for. `able`: it may be gone at all.

    `shares`: whether answers that ask vendors are kept or shared.
    """

    def __init__(self, answers: Answers, *, able: bool, shares: bool, most_bytes: int) -> None:
        self._answers = answers
        self._able = able
        self._shares = shares
        self._longest = min(LONGEST_QUESTION, most_bytes)
        self._media: dict[tuple[Any, ...], str | None] = {}
        self._questions: OrderedDict[bytes, Question | None] = OrderedDict()

    def takes(self, scope: Scope) -> str | None:
        """The media type of the answer, if this request asks for nothing special."""
        if scope["method"] != "POST" or scope["path"] != "/graphql":
            return None
        return self.media(scope["headers"])

    def media(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The media type of the answer, if these headers ask for nothing special."""
        if not self._able:
            return None
        sent = tuple(headers)
        known = self._media.get(sent, _UNKNOWN)
        if known is not _UNKNOWN:
            return known
        if any(name in SPECIAL for name, _ in sent):
            return None
        if len(self._media) >= MOST_QUESTIONS:
            self._media.clear()
        media = self._media[sent] = self._media_of(dict(sent), len(sent))
        return media

    def at_once(self, graph: Graph, body: bytes) -> tuple[Made, Principal, str] | None:
        """The kept answer to a body, for a caller without credentials, where nothing has to be waited for."""
        question = self._questions.get(body)
        stranger = None if question is None else graph.stranger()
        if question is None or stranger is None:
            return None
        principal, edition = stranger
        made = self._answers.kept(_key(question, principal, edition))
        return None if made is None else (made, principal, question.hash)

    async def found(self, graph: Graph, principal: Principal, body: bytes) -> tuple[Made, str] | None:
        """The answer to a body and the hash of its text, if the answer is kept and good, or under way."""
        if not self._shares and SCHEMA not in body:
            return None
        question = self._questions.get(body)
        if question is None:
            if body not in self._questions:
                await self._learn(graph, body)
            return None
        edition = await graph.edition()
        if edition is None:
            return None
        made = await self._answers.shared(_key(question, principal, edition))
        return None if made is None else (made, question.hash)

    async def _learn(self, graph: Graph, body: bytes) -> None:
        if len(self._questions) >= MOST_QUESTIONS:
            self._questions.popitem(last=False)
        self._questions[body] = await _question(graph, body, timeless=not self._shares)

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


def _key(question: Question, principal: Principal, edition: str) -> Key:
    return (question.signature, principal.rights_key, edition, False, question.variables)


async def _question(graph: Graph, body: bytes, *, timeless: bool) -> Question | None:
    """`timeless`: only what asks no vendor."""
    try:
        request = parameters.of_body(body)
    except Refusal:
        return None
    if request.extensions or request.document_id is not None or not request.query:
        return None
    if timeless and not await graph.timeless(request):
        return None
    signature = await graph.signature(request)
    variables = variables_of(request)
    if signature is None or variables is None:
        return None
    return Question(signature, variables, hash_of(request.query))
