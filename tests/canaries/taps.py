"""Where a test's telemetry is caught: spans, metrics as scraped when it ends, log lines it keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from weakref import WeakSet

from structlog.testing import LogCapture
from structlog.typing import EventDict, WrappedLogger

from gateway.telemetry import Telemetry
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.traces import Span, Tracing, Value

TRACE = "ca" * 16
HEADER = f"00-{TRACE}-{'ca' * 8}-00"


class Taps:
    """Of one process: whatever telemetry is made here traces into them, and on to where it was told to."""

    def __init__(self) -> None:
        self.plain = False
        self._spans: list[str] = []
        self._lines: list[str] = []
        self._labels: set[str] = set()
        self._new: list[Metrics] = []
        self._old: WeakSet[Metrics] = WeakSet()

    def listen(self) -> None:
        """From now on, for good: telemetry is made in many places, and none may be missed."""
        inner = Telemetry.__init__

        def heard(telemetry: Telemetry, metrics: Metrics | None = None, tracing: Tracing | None = None) -> None:
            inner(telemetry, metrics, tracing)
            self._new.append(telemetry.metrics)
            if not self.plain:
                telemetry.tracing = Tapped(tracing, self._spans)

        Telemetry.__init__ = heard  # type: ignore[assignment,method-assign]
        capture = LogCapture.__call__

        def captured(log: LogCapture, logger: WrappedLogger, method: str, event: EventDict) -> NoReturn:
            self._lines.append(repr(event))
            capture(log, logger, method, event)

        LogCapture.__call__ = captured  # type: ignore[assignment,method-assign]

    def spans(self) -> str:
        """All since the last look."""
        return _taken(self._spans)

    def lines(self) -> str:
        """Log lines a test kept for itself, which reach no stream."""
        return _taken(self._lines)

    def metrics(self) -> str:
        """Labels that are new, of every gateway since the last look and those that are there: all else is numbers."""
        every, self._new = {*self._old, *self._new}, []
        self._old.update(every)
        told = {value for metrics in every for value in _labels(metrics)} - self._labels
        self._labels |= told
        return "\n".join(told)


def _labels(metrics: Metrics) -> Iterator[str]:
    for collector in metrics._registry._collector_to_names:
        for values in getattr(collector, "_metrics", ()):
            yield from values


def _taken(noted: list[str]) -> str:
    told = "\n".join(noted)
    noted.clear()
    return told


class Tapped:
    """Implements Tracing over another, or over none: then the trace is always the same, and is not recorded."""

    def __init__(self, inner: Tracing | None, noted: list[str]) -> None:
        self._inner = inner
        self._noted = noted

    def begin(self, name: str, traceparent: str | None) -> Span:
        return _Span(None if self._inner is None else self._inner.begin(name, traceparent), name, {}, self._noted)

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()


class _Span:
    """Implements Span."""

    __slots__ = ("_attributes", "_inner", "_name", "_noted")

    def __init__(self, inner: Span | None, name: str, attributes: dict[str, Value], noted: list[str]) -> None:
        self._inner = inner
        self._name = name
        self._attributes = attributes
        self._noted = noted

    @property
    def header(self) -> str:
        return HEADER if self._inner is None else self._inner.header

    @property
    def trace_id(self) -> str:
        return TRACE if self._inner is None else self._inner.trace_id

    def child(self, name: str, attributes: dict[str, Value]) -> Span:
        inner = None if self._inner is None else self._inner.child(name, attributes)
        return _Span(inner, name, attributes, self._noted)

    def end(self, attributes: dict[str, Value], *, name: str | None = None, failed: bool = False) -> None:
        self._noted.append(f"{self._name} {name or ''} {self._attributes} {attributes}")
        if self._inner is not None:
            self._inner.end(attributes, name=name, failed=failed)
