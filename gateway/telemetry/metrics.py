"""The instruments: every metric the gateway has, by name, with the labels it may carry. Each label's values are few.

Counting must stay cheap enough for every request, and must be right with several processes: what cannot be added up
over processes is no metric here.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus-client: where processes of one gateway leave their figures for each other."""

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

_ANSWERS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ATTEMPTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8, 15)
_WAITS = (0.01, 0.05, 0.25, 1, 2.5, 5, 10)
_LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """One set for one gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._asked()
        self._vendors()
        self._kept()
        self._process()

    def _asked(self) -> None:
        self.operations = self._counter("operations", "GraphQL requests by operation and outcome.", "operation outcome")
        self.operation_seconds = self._histogram("operation_seconds", "Time to answer.", "operation", _ANSWERS)
        self.requests = self._counter("http_requests", "HTTP requests by path and status.", "path status")
        self.in_flight = self._gauge("requests_in_flight", "Requests being answered.", "", "livesum")
        self.subscribers = self._gauge("subscribers", "Open subscriptions by transport.", "transport", "livesum")
        self.dropped = self._counter("subscribers_dropped", "Subscribers dropped for reading too slowly.", "transport")

    def _vendors(self) -> None:
        call, state = "vendor endpoint outcome", "livemax"
        self.calls = self._counter(
            "vendor_calls", "Questions to vendors, retries not counted, by how they ended.", call
        )
        self.attempts = self._counter("vendor_attempts", "HTTP requests to vendors.", call)
        self.attempt_seconds = self._histogram(
            "vendor_attempt_seconds", "Time of an HTTP request to a vendor.", "vendor endpoint", _ATTEMPTS
        )
        self.quota_wait = self._histogram("quota_wait_seconds", "Time waited for a slot.", "vendor endpoint", _WAITS)
        self.quota_limit = self._gauge("quota_limit", "Calls the allowance has.", "vendor endpoint", state)
        self.quota_used = self._gauge("quota_used", "Calls of the allowance in use.", "vendor endpoint", state)
        self.breaker_open = self._gauge("breaker_open", "1 while a vendor is left alone.", "vendor", state)
        self.vendor_failing = self._gauge("vendor_failing", "1 where the last call failed.", "vendor", state)

    def _kept(self) -> None:
        self.cache_parts = self._counter(
            "cache_parts", "Parts of answers: closed, open or stale from the cache, miss asked of a vendor.", "state"
        )
        self.cache_evictions = self._counter("cache_evictions", "Entries that had to make room.", "")
        self.cache_bytes = self._gauge("cache_bytes", "Bytes held in memory, roughly.", "", "livesum")
        self.store_away = self._gauge("store_away", "1 while the shared store is left alone.", "", "livemax")
        self.freshness_lag = self._gauge(
            "freshness_lag_seconds", "Age of the oldest changeable part of the latest answer.", "vendor", "livemax"
        )
        self.stale_answers = self._counter("stale_answers", "Answers with a part past its time.", "vendor")

    def _process(self) -> None:
        self.loop_lag = self._histogram("event_loop_lag_seconds", "How late the event loop wakes up.", "", _LAGS)
        self.memory = self._gauge("process_resident_bytes", "Memory of the process.", "", "livesum")
        self.cpu = self._counter("process_cpu_seconds", "CPU time used.", "")
        self.build = self._gauge("build", "1, labelled with the version.", "version", "livemax")
        self.spans_lost = self._counter("spans_lost", "Spans the collector did not take.", "")

    def text(self) -> bytes:
        """All of it, of all processes of this gateway."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _counter(self, name: str, help_text: str, labels: str) -> Counter:
        return Counter(f"gateway_{name}", help_text, labels.split(), registry=self._registry)

    def _histogram(self, name: str, help_text: str, labels: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"gateway_{name}", help_text, labels.split(), buckets=buckets, registry=self._registry)

    def _gauge(self, name: str, help_text: str, labels: str, together: str) -> Gauge:
        """`together`: how the processes' values become one."""
        return Gauge(
            f"gateway_{name}",
            help_text,
            labels.split(),
            multiprocess_mode=together,  # type: ignore[arg-type]
            registry=self._registry,
        )


def wipe(folder: Path) -> None:
    """Makes the folder, and forgets what processes of an earlier run left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink(missing_ok=True)


def buried(pid: int) -> None:
    """A process ended: its live figures count no longer, its counts stay."""
    if FOLDER in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
