"""Spans sent to an OpenTelemetry collector over OTLP/HTTP. The only file that knows it; loaded only where it is on.

The standard OTEL_* variables hold for whatever is not set here: sampling, headers, timeouts, resource. Of a caller's
context only `traceparent` is believed: `tracestate` and baggage are free text, which must not travel on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from gateway.telemetry.traces import Span, Value

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_FAILED = Status(StatusCode.ERROR)

Lost = Callable[[int], None]
"""Told how many spans the collector did not take."""


class Otlp:
    """Implements Tracing. `exporter` replaces the one over the network."""

    def __init__(self, endpoint: str | None, lost: Lost, exporter: SpanExporter | None = None) -> None:
        # its own words hold addresses, and come from threads that know no request
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        address = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
        told = Told(exporter or OTLPSpanExporter(endpoint=address), lost)
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(told))
        self._tracer = self._provider.get_tracer("gateway")

    def begin(self, name: str, traceparent: str | None) -> Span:
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        context = set_span_in_context(NonRecordingSpan(_remote(found))) if found else None
        return _Span(self._tracer, self._tracer.start_span(name, context, SpanKind.SERVER))

    def close(self) -> None:
        self._provider.shutdown()


class _Span:
    """Implements Span."""

    def __init__(self, tracer: Tracer, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span

    @property
    def header(self) -> str:
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    @property
    def trace_id(self) -> str:
        return f"{self._span.get_span_context().trace_id:032x}"

    def child(self, name: str, attributes: dict[str, Value]) -> Span:
        context = set_span_in_context(self._span)
        return _Span(self._tracer, self._tracer.start_span(name, context, SpanKind.CLIENT, attributes))

    def end(self, attributes: dict[str, Value], *, name: str | None = None, failed: bool = False) -> None:
        if self._span.is_recording():
            self._span.set_attributes(attributes)
            if name is not None:
                self._span.update_name(name)
            if failed:
                self._span.set_status(_FAILED)
        self._span.end()


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
