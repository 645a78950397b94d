"""What telemetry costs: CPU time of a strict Q1 (every request calls the vendors) without it, with metrics, with both.

    .venv/bin/python bench/telemetry_cost.py [--rounds 8] [--requests 60]

Vendors are the simulators, in a process of their own; a collector that takes every span is another. The gateways run
side by side in this process and take turns (A B C A B C …), so that whatever else the machine does hits all alike.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import orjson

from gateway import runtime, settings, telemetry
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.telemetry import Telemetry
from gateway.telemetry.course import Course
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.watch import Seen

Q1 = (
    "query Q1($w:Window!){sites(first:20){edges{node{key name "
    "occupancy(window:$w,first:60){edges{node{startsAt count}}}}}}}"
)
COLLECTOR = """
import asyncio
async def take(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = [l for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length")]
            await reader.readexactly(int(length[0].split(b":")[1]))
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(take, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class Nothing(Telemetry):
    """Telemetry taken out, as far as it can be without changing the code measured."""

    @contextmanager
    def request(self, path: str, traceparent: str | None) -> Iterator[Seen]:
        yield Seen(None)

    @contextmanager
    def call(self, vendor: str, endpoint: str) -> Iterator[Course]:
        yield Course(vendor, endpoint)

    def attempt(self, vendor: str, endpoint: str, outcome: str, seconds: float) -> None:
        return

    def fresh(self, vendor: str, lag: float | None, *, stale: bool) -> None:
        return


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=8)
    options.add_argument("--requests", type=int, default=60)
    asked = options.parse_args()
    telemetry.configure("error")
    with vendors() as environment, collector() as address, tempfile.TemporaryDirectory() as folder:
        crosswalk = Path(folder) / "sites.toml"
        with urllib.request.urlopen(environment.pop("CROSSWALK")) as told:
            crosswalk.write_bytes(told.read())
        environment |= {
            "GATEWAY_SITES": str(crosswalk),
            "GATEWAY_CACHE": "off",
            "GATEWAY_REQUEST_TIMEOUT": "60",  # of a machine that others use
            "GATEWAY_SANDBOX": "none",
            "GATEWAY_PSEUDONYM_KEY": "00" * 32,
            "GATEWAY_ANONYMOUS_SCOPES": "read",
        }
        asyncio.run(measured(settings.load(None, environment), address, asked.rounds, asked.requests))


async def measured(loaded: settings.Settings, collector_at: str, rounds: int, requests: int) -> None:
    async with AsyncExitStack() as stack:
        variants = {
            "none": Nothing(),
            "metrics": Telemetry(),
            "metrics and traces": Telemetry.configured(collector_at),
        }
        edges = {}
        for name, watched in variants.items():
            lifecycle = Lifecycle()
            lifecycle.graph = await stack.enter_async_context(runtime.gateway(loaded, telemetry=watched))
            edges[name] = Edge(loaded, lifecycle, watched)
            await asked_once(edges[name], 0)
        figures: dict[str, list[float]] = {name: [] for name in edges}
        for number in range(rounds):
            for name, edge in edges.items():
                figures[name].append(await cpu(edge, requests, number))
        report(figures, requests)
        print(f"vendor attempts traced: {attempts(variants['metrics and traces'].metrics):.0f}")
        variants["metrics and traces"].close()


async def cpu(edge: Edge, requests: int, number: int) -> float:
    """Milliseconds of CPU time a request took, threads that send spans included."""
    began = process_time()
    for each in range(requests):
        await asked_once(edge, number * requests + each + 1)
    return (process_time() - began) / requests * 1000


async def asked_once(edge: Edge, number: int) -> None:
    """Each time another window, so that nothing is shared."""
    to = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = to - timedelta(hours=15, milliseconds=number)
    window = {"from": since.isoformat(), "to": to.isoformat()}
    body = orjson.dumps({"query": Q1, "variables": {"w": window}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await edge(scope, receive, send)
    answer = orjson.loads(sent[1]["body"])
    assert "errors" not in answer, answer["errors"]
    assert len(answer["data"]["sites"]["edges"]) == 20


def attempts(metrics: Metrics) -> float:
    lines = metrics.text().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("gateway_vendor_attempts_total"))


def report(figures: dict[str, list[float]], requests: int) -> None:
    base = figures["none"]
    print(f"{len(base)} rounds of {requests} requests each, taking turns; CPU ms a request")
    print("| telemetry | median | ratio to none, median of rounds |\n|---|---|---|")
    for name, found in figures.items():
        ratio = statistics.median(one / other for one, other in zip(found, base, strict=True))
        print(f"| {name} | {statistics.median(found):.2f} | {ratio:.3f} |")


@contextmanager
def vendors() -> Iterator[dict[str, str]]:
    """Settings that reach the simulators, and where their crosswalk is."""
    command = [sys.executable, "-m", "gateway", "sandbox", "--port-base", "0", "--stores", "20"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        text = ""
        while "Faults off" not in text:
            assert process.stdout is not None
            text += process.stdout.readline()
        found = dict(re.findall(r"export (\w+)=(.+)", text))
        keep = {name: value for name, value in found.items() if "GUEST" not in name and "SHOPSTER" not in name}
        crosswalk = re.search(r"curl -s (\S+/_crosswalk)", text)
        assert crosswalk is not None
        yield {**keep, "CROSSWALK": crosswalk.group(1)}
    finally:
        process.terminate()
        process.wait()


@contextmanager
def collector() -> Iterator[str]:
    """A collector that takes everything."""
    process = subprocess.Popen([sys.executable, "-c", COLLECTOR], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
