"""What the gateway sees of itself: each room reports here in its own words, and this turns it into metrics and spans.

Reporting never raises and never waits. A span lives in a context variable, so that questions to vendors find the
operation they belong to.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import Any

import structlog

from gateway.telemetry import course
from gateway.telemetry.course import Course
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.names import Names
from gateway.telemetry.traces import Span, Tracing, Value

GRAPH = "/graphql"
OK = 200
STREAM = "events"
"""The log line of a subscription says how many it sent; the time it took is the listener's choice."""

PARTIAL, GONE, PAGE = "partial", "gone", "page"
_DISABLED = "OTEL_SDK_DISABLED"
_STANDARD = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SHORTEST_WAIT = 0.001
"""Seconds: less is not waiting but the way through the code."""

Probe = Callable[[Metrics], Awaitable[None]]
"""Writes figures that nobody reports, such as what is left of an allowance."""

log = structlog.get_logger("gateway.telemetry")

_operation: ContextVar[Span | None] = ContextVar("operation_span", default=None)


_STATUS = {0: GONE, 200: "200"}


class Seen:
    """One request on its way, since `began` (perf_counter). `status` 0: it went unanswered."""

    __slots__ = ("began", "line", "outer", "span", "status")

    def __init__(self, span: Span | None) -> None:
        self.began = perf_counter()
        self.span = span
        self.outer: Span | None = None
        self.status = 0
        self.line: Mapping[str, Any] = {}

    def answered(self, status: int, line: Mapping[str, Any]) -> None:
        """`line` is what the log says of the request."""
        self.status = status
        self.line = line


class Telemetry:
    """Metrics of one gateway, and its traces where they are on."""

    def __init__(self, metrics: Metrics | None = None, tracing: Tracing | None = None) -> None:
        self.metrics = metrics or Metrics()
        self.names = Names()
        self.tracing = tracing
        self._probes: list[Probe] = []
        # looking an instrument up by its labels costs more than counting
        self._requests = lru_cache(512)(self.metrics.requests.labels)
        self._operations = lru_cache(512)(self.metrics.operations.labels)
        self._seconds = lru_cache(512)(self.metrics.operation_seconds.labels)
        self._calls = lru_cache(512)(self.metrics.calls.labels)
        self._attempts = lru_cache(512)(self.metrics.attempts.labels)
        self._attempt_seconds = lru_cache(512)(self.metrics.attempt_seconds.labels)

    @classmethod
    def configured(cls, otlp_endpoint: str | None) -> Telemetry:
        """Traces are on where the setting or the standard variables name a collector."""
        metrics = Metrics()
        off = os.environ.get(_DISABLED, "").strip().lower() == "true"
        if off or not (otlp_endpoint or any(os.environ.get(name) for name in _STANDARD)):
            return cls(metrics)
        from gateway.telemetry.otlp import Otlp  # an import of 60 ms that most never need

        return cls(metrics, Otlp(otlp_endpoint, metrics.spans_lost.inc))

    # what was asked of us ---------------------------------------------------------------------------------------

    def begin(self, path: str, traceparent: str | None) -> Seen:
        """An HTTP request came; `end` tells how it went. `path` is one of the gateway's own or `other`."""
        self.metrics.in_flight.inc()
        return self._began(traceparent) if path == GRAPH else Seen(None)

    def end(self, seen: Seen, path: str) -> None:
        """It was answered, or its caller left."""
        if path == GRAPH:
            self._ended(seen)
        self.metrics.in_flight.dec()
        self._requests(path, _STATUS.get(seen.status) or str(seen.status)).inc()

    def answered_at_once(self, line: Mapping[str, Any], seconds: float) -> None:
        """A GraphQL operation that was answered with what was kept, in no time at all."""
        seen = Seen(None)
        seen.answered(OK, line)
        self._done(seen, seconds)
        self._requests(GRAPH, _STATUS[OK]).inc()

    @contextmanager
    def request(self, path: str, traceparent: str | None) -> Iterator[Seen]:
        """One HTTP request, from `begin` to `end`."""
        seen = self.begin(path, traceparent)
        try:
            yield seen
        finally:
            self.end(seen, path)

    @contextmanager
    def operation(self, traceparent: str | None) -> Iterator[Seen]:
        """One GraphQL operation that is no HTTP request of its own."""
        seen = self._began(traceparent)
        try:
            yield seen
        finally:
            self._ended(seen)

    def _began(self, traceparent: str | None) -> Seen:
        seen = Seen(self.tracing.begin("graphql", traceparent) if self.tracing is not None else None)
        seen.outer = _operation.get()
        if seen.span is not seen.outer:
            _operation.set(seen.span)
        return seen

    def _ended(self, seen: Seen) -> None:
        if seen.span is not seen.outer:
            _operation.set(seen.outer)
        self._done(seen, perf_counter() - seen.began)

    def _done(self, seen: Seen, seconds: float) -> None:
        name, outcome = self.names.told(seen.line.get("operation")), outcome_of(seen)
        if outcome != PAGE:
            self._operations(name, outcome).inc()
            if STREAM not in seen.line:
                self._seconds(name).observe(seconds)
        if seen.span is not None:
            attributes: dict[str, Value] = {"graphql.operation.name": name, "gateway.outcome": outcome}
            attributes["http.response.status_code"] = seen.status
            if "cost" in seen.line:
                attributes["gateway.cost"] = seen.line["cost"]
            for vendor, count in seen.line.get("calls", {}).items():
                attributes[f"gateway.attempts.{vendor}"] = count
            seen.span.end(attributes, name=f"graphql {name}", failed=outcome == "INTERNAL" or seen.status >= 500)

    def fresh(self, vendor: str, lag: float | None, *, stale: bool) -> None:
        """An answer was made of parts of this vendor. `lag`: seconds since the oldest changeable one was read."""
        if lag is not None:
            self.metrics.freshness_lag.labels(vendor).set(lag)
        if stale:
            self.metrics.stale_answers.labels(vendor).inc()

    # what we ask ------------------------------------------------------------------------------------------------

    def call(self, vendor: str, endpoint: str) -> Question:
        """One question to a vendor, its retries included: `with` gives its Course."""
        return Question(self, Course(vendor, endpoint))

    def called(self, met: Course) -> None:
        """A question is over."""
        self._calls(met.vendor, met.endpoint, met.outcome).inc()
        if met.waited >= _SHORTEST_WAIT:
            self.metrics.quota_wait.labels(met.vendor, met.endpoint).observe(met.waited)

    def attempt(self, vendor: str, endpoint: str, outcome: str, seconds: float) -> None:
        """One HTTP request to a vendor is done."""
        self._attempts(vendor, endpoint, outcome).inc()
        self._attempt_seconds(vendor, endpoint).observe(seconds)

    # what nobody reports ----------------------------------------------------------------------------------------

    def add(self, probe: Probe) -> None:
        self._probes.append(probe)

    async def probed(self) -> None:
        """Has every probe write its figures."""
        for probe in self._probes:
            try:
                await probe(self.metrics)
            except Exception:  # a figure that cannot be told must not end those that can
                log.exception("probe")

    def close(self) -> None:
        self._probes.clear()
        if self.tracing is not None:
            self.tracing.close()


class Question:
    """A question to a vendor while it is asked. Its span is a child of the operation's, where there is one."""

    __slots__ = ("_met", "_outer", "_span", "_telemetry")

    def __init__(self, telemetry: Telemetry, met: Course) -> None:
        self._telemetry = telemetry
        self._met = met
        self._outer: Course | None = None
        self._span: Span | None = None

    def __enter__(self) -> Course:
        met, operation = self._met, _operation.get()
        self._outer = course.enter(met)
        if operation is not None:
            about: dict[str, Value] = {"gateway.vendor": met.vendor, "gateway.endpoint": met.endpoint}
            self._span = operation.child(f"{met.vendor} {met.endpoint}", about)
            met.headers = {"traceparent": self._span.header}
        return met

    def __exit__(self, *_: object) -> None:
        course.leave(self._outer)
        self._telemetry.called(self._met)
        if self._span is not None:
            self._span.end(_story(self._met), failed=self._met.outcome != "ok")


def outcome_of(seen: Seen) -> str:
    """`ok`, `partial`, the first of its error codes, `gone` where the caller left, `page` where nothing was asked."""
    told = str(seen.line.get("outcome", ""))
    if not told:
        return GONE if not seen.status else PAGE if seen.status < 400 else "refused"
    first = told.partition(",")[0]
    return PARTIAL if first == "ok" and seen.line.get("failures") else first


def _story(met: Course) -> dict[str, Value]:
    """What is as it mostly is goes without saying: one attempt, no wait, 200."""
    story: dict[str, Value] = {"gateway.outcome": met.outcome, "gateway.cache": met.cache}
    if met.attempts != 1:
        story["gateway.attempts"] = met.attempts
    if met.waited >= _SHORTEST_WAIT:
        story["gateway.quota.waited_ms"] = round(met.waited * 1000, 1)
    if met.status not in (None, OK):
        story["http.response.status_code"] = met.status or 0
    return story
