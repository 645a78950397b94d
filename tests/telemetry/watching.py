"""Telemetry whose spans are kept, and whose metrics can be read sample by sample."""

from __future__ import annotations

import re

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.telemetry import Telemetry
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.otlp import Otlp

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Watching:
    """`spans` ends the telemetry: nothing comes after."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        self.lost: list[int] = []
        self.telemetry = Telemetry(Metrics(), Otlp(None, self.lost.append, self._kept))

    def spans(self) -> list[ReadableSpan]:
        self.telemetry.close()
        return list(self._kept.get_finished_spans())


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Value by name and labels of Prometheus text."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            found[match[1], frozenset(LABEL.findall(match[2] or ""))] = float(match[3])
    return found


def value(text: str, name: str, **labels: str) -> float | None:
    """Of one sample; None where there is none."""
    return samples(text).get((name, frozenset(labels.items())))
