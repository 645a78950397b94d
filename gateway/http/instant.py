"""The shortest way: a kept answer goes out in the moment its question is whole, without a task or a scope for it.

Only for questions that Express takes. It decides nothing: where anything has to be waited for, counted against a
budget, traced or added, it gives up before anything was sent, and the request goes the usual way.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from gateway.http.answers import Made, headers_of
from gateway.http.cors import Cors
from gateway.http.express import Express
from gateway.http.lifecycle import Lifecycle
from gateway.http.lines import write_line
from gateway.http.reply import SAFE, VARY, media_of
from gateway.telemetry import Telemetry

Headers = list[tuple[bytes, bytes]]


class Instant:
    """Answers with the bytes of a whole response, from its first header on, or with None."""

    def __init__(self, express: Express, lifecycle: Lifecycle, telemetry: Telemetry, cors: Cors) -> None:
        self._express = express
        self._lifecycle = lifecycle
        self._telemetry = telemetry
        self._able = telemetry.tracing is None and not cors.allows

    def media(self, headers: Headers) -> str | None:
        """The media type of the answer, if there may be one at once."""
        if not self._able or self._lifecycle.draining:
            return None
        return self._express.media(headers)

    def answer(self, media: str, body: bytes) -> tuple[bytes, bytes] | None:
        """Headers, each with its line end, and the body."""
        graph = self._lifecycle.graph
        began = perf_counter()
        found = None if graph is None else self._express.at_once(graph, body)
        if found is None:
            return None
        made, principal, digest = found
        line = {"who": principal.label, "hash": digest, **made.line, "calls": {}}
        seconds = perf_counter() - began
        self._telemetry.answered_at_once(line, seconds)
        write_line("POST", "/graphql", 200, seconds, [], line)
        return _head(made, media), made.body


def _head(made: Made, media: str) -> bytes:
    """The same for a whole second."""
    told = headers_of(made, media)
    age = made.told[0] if made.told is not None else 0
    if made.head is None or made.head[:2] != (age, media):
        headers = ((b"content-type", media_of(media)), *told, *VARY, *SAFE)
        made.head = (age, media, _written(headers) + b"content-length: %d\r\n" % len(made.body))
    return made.head[2]


def _written(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
