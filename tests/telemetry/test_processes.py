"""Several processes of one gateway speak with one voice, and a collector that is away costs spans, not answers."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway import settings
from gateway.cli.serving import figures_shared
from gateway.cli.workers import TOO_SOON
from gateway.settings import ConfigurationError
from gateway.telemetry import Telemetry, metrics, sampling
from gateway.telemetry.otlp import Otlp
from tests.telemetry.watching import samples, value

pytestmark = pytest.mark.anyio

ASKED = 12


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--workers", "2"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "GATEWAY_DRAIN_SECONDS": "0"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
    assert found is not None
    yield process, found[0]
    process.terminate()  # its workers with it: killed, it would leave them behind
    process.communicate(timeout=30)


def test_any_worker_tells_the_figures_of_all(serving: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    process, address = serving
    for _ in range(ASKED):
        answer = httpx.post(f"{address}/graphql", json={"query": "query Hi { viewer { name } }"}, timeout=20)
        assert answer.json()["data"] == {"viewer": {"name": "anonymous"}}
    for _ in range(4):
        text = httpx.get(f"{address}/metrics").text
        assert value(text, "gateway_operations_total", operation="Hi", outcome="ok") == ASKED
        assert value(text, "gateway_operation_seconds_count", operation="Hi") == ASKED
        assert not [labels for _, labels in samples(text) if "pid" in dict(labels)]
    assert list(tmp_path.glob("gateway-metrics-*/*.db"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert list(tmp_path.glob("gateway-metrics-*")) == []


def test_what_a_dead_worker_counted_stays_and_what_it_held_does_not(
    serving: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, address = serving
    for _ in range(ASKED):
        httpx.post(f"{address}/graphql", json={"query": "query Hi { viewer { name } }"}, timeout=20)
    time.sleep(TOO_SOON)  # a worker that dies sooner could not start
    dead = workers_of(process)[0]
    os.kill(dead, signal.SIGKILL)
    until(lambda: dead not in workers_of(process) and len(workers_of(process)) == 2)
    until(lambda: list(tmp_path.glob(f"gateway-metrics-*/gauge_live*_{dead}.db")) == [])
    text = httpx.get(f"{address}/metrics", timeout=60).text
    assert value(text, "gateway_operations_total", operation="Hi", outcome="ok") == ASKED
    assert list(tmp_path.glob(f"gateway-metrics-*/counter_{dead}.db"))


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Ids of the processes that serve."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"--multiprocessing-fork" in command_of(pid)]


def command_of(pid: str) -> bytes:
    """Empty where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def until(met: Callable[[], bool]) -> None:
    latest = time.monotonic() + 20
    while not met():
        assert time.monotonic() < latest
        time.sleep(0.05)


def test_figures_of_an_earlier_run_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    (tmp_path / "counter_1.db").write_bytes(b"old")
    (tmp_path / "something else").write_bytes(b"not ours")
    with figures_shared(1):
        assert [path.name for path in tmp_path.iterdir()] == ["something else"]


def test_one_process_needs_no_folder() -> None:
    with figures_shared(1):
        assert metrics.FOLDER not in os.environ


class Away(InMemorySpanExporter):
    def export(self, spans):  # type: ignore[no-untyped-def]
        return SpanExportResult.FAILURE


def test_spans_that_nobody_took_are_counted() -> None:
    lost: list[int] = []
    telemetry = Telemetry(tracing=Otlp(None, lost.append, Away()))
    with telemetry.request("/graphql", None) as seen:
        seen.answered(200, {"outcome": "ok"})
    telemetry.close()
    assert lost == [1]


async def test_the_process_and_its_loop_are_measured() -> None:
    telemetry = Telemetry()
    async with sampling.sampling(telemetry):
        await asyncio.sleep(sampling.STEP * 1.5)
        await telemetry.probed()
    text = telemetry.metrics.text().decode()
    assert (value(text, "gateway_event_loop_lag_seconds_count") or 0) >= 1
    assert 10_000_000 < (value(text, "gateway_process_resident_bytes") or 0) < 10_000_000_000
    assert (value(text, "gateway_process_cpu_seconds_total") or 0) > 0
    assert [name for name, _ in samples(text) if name == "gateway_build"]


@pytest.mark.parametrize(
    "url", ["collector:4318", "http://user:secret@collector:4318", "ftp://collector", "http://c?x=1"]
)
def test_a_collector_is_an_address_without_credentials(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings.load(None, {"GATEWAY_OTLP_ENDPOINT": url})
    assert str(refused.value).startswith("GATEWAY_OTLP_ENDPOINT: must be http://host:port")
    assert "secret" not in str(refused.value)


class Collector(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    taken: ClassVar[list[tuple[str, ExportTraceServiceRequest]]] = []

    def do_POST(self) -> None:  # the library's name
        body = self.rfile.read(int(self.headers["content-length"]))
        sent = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        self.taken.append((self.path, ExportTraceServiceRequest.FromString(sent)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        return


def test_spans_arrive_at_a_collector_over_http() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        telemetry = Telemetry.configured(f"http://127.0.0.1:{server.server_port}/")
        with telemetry.request("/graphql", None) as seen, telemetry.call("OKUBE", "list_sites") as course:
            course.outcome = "ok"
            seen.answered(200, {"outcome": "ok", "operation": "Wall"})
        telemetry.close()
        server.shutdown()
    ((path, sent),) = Collector.taken
    assert path == "/v1/traces"
    (resource,) = sent.resource_spans
    assert ("service.name", "gateway") in {(each.key, each.value.string_value) for each in resource.resource.attributes}
    spans = {span.name: span for span in resource.scope_spans[0].spans}
    assert set(spans) == {"graphql Wall", "OKUBE list_sites"}
    assert spans["OKUBE list_sites"].parent_span_id == spans["graphql Wall"].span_id


@pytest.mark.untraced
def test_the_standard_variables_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    kept = InMemorySpanExporter()
    telemetry = Telemetry(tracing=Otlp(None, lambda lost: None, kept))
    with telemetry.request("/graphql", None) as seen:
        seen.answered(200, {"outcome": "ok"})
    telemetry.close()
    assert kept.get_finished_spans() == ()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    named = Telemetry.configured(None)
    assert named.tracing is not None
    named.close()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert Telemetry.configured("http://127.0.0.1:9").tracing is None


@pytest.mark.untraced
def test_traces_are_off_unless_a_collector_is_named() -> None:
    assert Telemetry.configured(None).tracing is None
    on = Telemetry.configured("http://127.0.0.1:9")
    assert on.tracing is not None
    on.close()
