"""Which media type an answer has, and which a question may have (GraphQL over HTTP, RFC 9110 section 12).

What a browser sends without asking first (forms, plain text, nothing) is never a question: that is what keeps other
sites' pages out.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from gateway.http.reply import Refusal

GRAPHQL_RESPONSE = "application/graphql-response+json"
APPLICATION_JSON = "application/json"
TEXT_HTML = "text/html"
EVENT_STREAM = "text/event-stream"

MOST_RANGES = 50
LONGEST_ACCEPT = 2_000


class _Range(msgspec.Struct, frozen=True):
    """One part of Accept. `specificity`: 0 for */*, 1 for application/*, 2 for a type."""

    media: str
    quality: float
    specificity: int


@lru_cache(maxsize=256)
def answer_type(accept: str, page: bool) -> str:
    """The best type both sides know; `page`: a page for browsers is on offer. Raises a 406 where there is none."""
    offers = (APPLICATION_JSON, GRAPHQL_RESPONSE, *((TEXT_HTML,) if page else ()), EVENT_STREAM)
    ranges = _ranges(accept)
    if not ranges:
        return APPLICATION_JSON
    best: tuple[tuple[float, int, int], str] | None = None
    for offer in offers:
        match = max(
            ((part.specificity, -place, part.quality) for place, part in enumerate(ranges) if _covers(part, offer)),
            default=None,
        )
        if match is None or match[2] == 0:
            continue
        rank = (match[2], match[0], match[1])
        if best is None or rank > best[0]:
            best = (rank, offer)
    if best is None:
        raise Refusal(406, f"Answers come as {GRAPHQL_RESPONSE} or {APPLICATION_JSON}: accept one of them.")
    return best[1]


@lru_cache(maxsize=256)
def takes_events(accept: str) -> bool:
    """Whether a stream of events is asked for by its name, if only among others."""
    return any(part.media == EVENT_STREAM and part.quality > 0 for part in _ranges(accept))


def check_question_type(content_type: str | None, encoding: str | None) -> None:
    """Raises a 415 unless the body is JSON in UTF-8, not compressed."""
    media, _, parameters = (content_type or "").partition(";")
    if media.strip().lower() != APPLICATION_JSON:
        raise Refusal(
            415,
            f"A question is sent as {APPLICATION_JSON}, one with files as multipart/form-data.",
            headers=((b"accept-post", b"application/json, multipart/form-data"),),
        )
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise Refusal(415, "A question is written in UTF-8.")
    check_uncompressed(encoding)


def check_uncompressed(encoding: str | None) -> None:
    """Raises a 415 for a compressed body: what it unfolds to could not be bounded."""
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        raise Refusal(415, "A question is sent uncompressed.", headers=((b"accept-encoding", b"identity"),))


def _ranges(accept: str) -> tuple[_Range, ...]:
    if len(accept) > LONGEST_ACCEPT:
        raise Refusal(400, "The Accept header is too long.")
    ranges: list[_Range] = []
    for part in accept.split(",")[:MOST_RANGES]:
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media:
            specificity = 0 if media == "*/*" else 1 if media.endswith("/*") else 2
            ranges.append(_Range(media, _quality(parameters), specificity))
    return tuple(ranges)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0


def _covers(part: _Range, offer: str) -> bool:
    if part.specificity == 2 or offer == EVENT_STREAM:  # nobody means a stream who does not name it
        return part.media == offer
    return part.specificity == 0 or offer.startswith(part.media[:-1])
