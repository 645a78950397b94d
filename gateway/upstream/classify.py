"""What a status and a content type mean, by cause (rules.md 4). Reads no vendor's words: those are `explain`'s.

A vendor's prose never gets into a message (quirk B24).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.errors import Malformed, Rejected, Throttled, Unavailable, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.upstream import retry_after
from gateway.upstream.exchange import Answer, Ask, OpenAnswer
from gateway.upstream.retry import RETRIED
from gateway.upstream.stage import Call, Onward

Explain: TypeAlias = Callable[[Answer], UpstreamError | None]

_VAGUE = frozenset({"", "text/plain", "application/octet-stream", "text/javascript", "application/javascript"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})


def _unheard(answer: Answer) -> None:
    """Nobody listens."""


class Classify:
    """Stage right at the wire: lets a usable answer pass and raises for any other.

    `hear` is told of every answer, refusals too.
    """

    def __init__(
        self, vendor: VendorKey, explain: Explain | None, clock: Clock, hear: Callable[[Answer], None] = _unheard
    ) -> None:
        self._vendor = vendor
        self._explain = explain
        self._clock = clock
        self._hear = hear

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        answer = await onward(call)
        self._hear(answer)
        good = 200 <= answer.status < 300
        error = self._unfit(call.ask, answer) if good else self._refusal(call.ask, answer)
        if error is None:
            return answer
        if isinstance(answer, OpenAnswer):
            await answer.close()
        raise error

    def _unfit(self, ask: Ask, answer: Answer) -> UpstreamError | None:
        """Why a 2xx is not an answer; None where it is. Whether its JSON is any good is for `decode` to say."""
        if answer.status == 204 and not ask.idempotent:
            return None
        if not answer.body and not isinstance(answer, OpenAnswer):
            return Malformed(self._vendor, "The vendor's answer is empty.", status=answer.status)
        if not _fits(ask.accept, answer.headers.get("content-type", "")):
            return Malformed(self._vendor, "The vendor's answer is of another type.", status=answer.status)
        return None

    def _refusal(self, ask: Ask, answer: Answer) -> UpstreamError:
        wait = retry_after.seconds(answer.headers, self._clock())
        error = self._explain(answer) if self._explain is not None else None
        if error is None:
            error = self._by_status(ask, answer)
        if error.status is None:
            error.status = answer.status
        if error.retry_after is None and isinstance(error, Throttled | Unavailable):
            error.retry_after = wait
        if isinstance(error, Unavailable) and answer.status not in RETRIED:
            error.retryable = False
        return error

    def _by_status(self, ask: Ask, answer: Answer) -> UpstreamError:
        status = answer.status
        if status == 429:
            return Throttled(self._vendor, "The vendor asks for fewer calls.", status=status)
        if status >= 500:
            return Unavailable(self._vendor, f"The vendor failed with status {status}.", status=status)
        body = None if ask.idempotent else _parsed(answer.body)
        return Rejected(self._vendor, _reason(status), status=status, body=body)


def _fits(accept: str, content_type: str) -> bool:
    """Whether an answer of `content_type` may be what was asked for; an absent or vague type gets its chance."""
    kind = content_type.partition(";")[0].strip().lower()
    if "json" in accept:
        return "json" in kind or kind in _VAGUE
    return kind not in _HTML and "json" not in kind


def _reason(status: int) -> str:
    if status == 401:
        return "The vendor refused the gateway's credentials."
    if status == 403:
        return "The vendor does not allow the gateway's credentials to do this."
    if 300 <= status < 400:
        return f"The vendor redirected the request (status {status}); redirects are not followed."
    return f"The vendor refused the request with status {status}."


def _parsed(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
