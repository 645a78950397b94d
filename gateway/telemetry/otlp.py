"""Spans sent to an OpenTelemetry collector over OTLP/HTTP. The only file that knows it; loaded only where it is on.

The standard OTEL_* variables hold for whatever is not set here: sampling, headers, timeouts, resource. Of a caller's
context only `traceparent` is believed: `tracestate` and baggage are free text, which must not travel on. Spans are
noted here and made when they end: the SDK's own take three times the CPU.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from secrets import randbits
from time import time_ns

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from gateway.telemetry.traces import Span, Value

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_FAILED, _UNSET = Status(StatusCode.ERROR), Status()
_SAMPLED, _NOT_SAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)
_SCOPE = InstrumentationScope("gateway")

Lost = Callable[[int], None]
"""Told how many spans the collector did not take."""


class Otlp:
    """Implements Tracing. `exporter` replaces the one over the network."""

    def __init__(self, endpoint: str | None, lost: Lost, exporter: SpanExporter | None = None) -> None:
        # its own words hold addresses, and come from threads that know no request
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        address = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
        self.resource = _resource()
        self._sampler = TracerProvider(resource=self.resource, shutdown_on_exit=False).sampler
        self._processor = BatchSpanProcessor(Told(exporter or OTLPSpanExporter(endpoint=address), lost))

    def begin(self, name: str, traceparent: str | None) -> Span:
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        parent = _remote(found) if found else None
        trace = parent.trace_id if parent else randbits(128) or 1
        above = set_span_in_context(NonRecordingSpan(parent)) if parent else None
        decided = self._sampler.should_sample(above, trace, name, SpanKind.SERVER).decision
        return _Span(
            self,
            trace,
            _SAMPLED if decided is Decision.RECORD_AND_SAMPLE else _NOT_SAMPLED,
            parent,
            name,
            SpanKind.SERVER,
            {},
        )

    def ended(self, span: ReadableSpan) -> None:
        """Sent by and by, in a thread of its own."""
        self._processor.on_end(span)

    def close(self) -> None:
        self._processor.shutdown()  # type: ignore[no-untyped-call]


class _Span:
    """Implements Span."""

    __slots__ = ("_attributes", "_began", "_context", "_kind", "_name", "_otlp", "_parent")

    def __init__(
        self,
        otlp: Otlp,
        trace: int,
        flags: TraceFlags,
        parent: SpanContext | None,
        name: str,
        kind: SpanKind,
        attributes: dict[str, Value],
    ) -> None:
        self._otlp = otlp
        self._context = SpanContext(trace, randbits(64) or 1, is_remote=False, trace_flags=flags)
        self._parent = parent
        self._name = name
        self._kind = kind
        self._attributes = attributes
        self._began = time_ns()

    @property
    def header(self) -> str:
        context = self._context
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    @property
    def trace_id(self) -> str:
        return f"{self._context.trace_id:032x}"

    def child(self, name: str, attributes: dict[str, Value]) -> Span:
        context = self._context
        return _Span(self._otlp, context.trace_id, context.trace_flags, context, name, SpanKind.CLIENT, attributes)

    def end(self, attributes: dict[str, Value], *, name: str | None = None, failed: bool = False) -> None:
        if not self._context.trace_flags:
            return
        self._otlp.ended(
            ReadableSpan(
                name or self._name,
                self._context,
                self._parent,
                self._otlp.resource,
                {**self._attributes, **attributes},
                kind=self._kind,
                status=_FAILED if failed else _UNSET,
                start_time=self._began,
                end_time=time_ns(),
                instrumentation_scope=_SCOPE,
            )
        )


class Told(SpanExporter):
    """Another exporter, whose failures are counted: nothing else would tell of them."""

    def __init__(self, inner: SpanExporter, lost: Lost) -> None:
        self._inner = inner
        self._lost = lost

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost(len(spans))
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


def _resource() -> Resource:
    """As the standard variables have it; where they give the service no name, it is `gateway`."""
    made = Resource.create()
    named = not str(made.attributes[SERVICE_NAME]).startswith("unknown_service")
    return made if named else made.merge(Resource({SERVICE_NAME: "gateway"}))


def _remote(found: re.Match[str]) -> SpanContext:
    trace, span, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags & 1))
