"""What an export costs: CPU time and memory of one gateway, and calls of its vendor, cold and from a warm cache.

    .venv/bin/python -m bench.exports [--rows 1000000] [--stores 20] [--order asc|desc|shuffled] [--formats csv ...]

The gateway and the vendor (bench/minutes.py) are processes of their own. CPU time and memory are those of the
gateway's process as /proc has them; its peak is looked at while the answer is read. Each format gets a gateway of its
own, so that none is measured with the memory of another: first with nothing known (cold), then, once the graph has been
asked for the totals of every day, with every row in the cache (warm). Rates are rows per second of CPU time.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from time import sleep

import httpx
import msgspec

from bench.minutes import START, crosswalk
from bench.sizing import cpu, memory

FORMATS = ("csv", "ndjson", "arrow", "parquet")
MOST_ROWS = 10_000


class Cost(msgspec.Struct):
    """Of one export: seconds of CPU time; megabytes above idle before it began (the cache, and what was left by an
    earlier one) and at most; bytes sent; calls of the vendor.
    """

    seconds: float
    before: float
    peak: float
    size: int
    calls: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--order", choices=("asc", "desc", "shuffled"), default="asc")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    asked = parser.parse_args()
    minutes = asked.rows // asked.stores
    rows = minutes * asked.stores
    print(f"{rows:,} rows of {asked.stores} stores; a cold drain is {-(-rows // MOST_ROWS)} calls at least.\n")
    print("| format | cache | rows/s of CPU | CPU s | MB above idle before | at most | MB sent | calls |")
    print("|---|---|---|---|---|---|---|---|")
    with vendor(asked.stores, minutes, asked.order) as port:
        for name in asked.formats:
            with gateway(port, asked.stores) as (pid, url):
                idle = memory(pid)
                told(name, "cold", rows, exported(url, pid, name, minutes, port, idle))
                warmed(url, minutes)
                told(name, "warm", rows, exported(url, pid, name, minutes, port, idle))


def told(name: str, cache: str, rows: int, cost: Cost) -> None:
    rate = f"{rows / cost.seconds:,.0f}"
    print(
        f"| {name} | {cache} | {rate} | {cost.seconds:.2f} | {cost.before:.0f} | {cost.peak:.0f} "
        f"| {cost.size / 1e6:.0f} | {cost.calls} |",
        flush=True,
    )


def exported(url: str, pid: int, ending: str, minutes: int, port: int, idle: float) -> Cost:
    """One export of everything, read to its end and thrown away."""
    span = {"from": _text(0), "to": _text(minutes)}
    httpx.get(f"http://127.0.0.1:{port}/_calls")
    peak, done = [0.0], Event()
    watch = Thread(target=_watch, args=(pid, peak, done))
    watch.start()
    before, held, size = cpu(pid), memory(pid), 0
    headers = {"accept-encoding": "identity"}
    with httpx.stream("GET", f"{url}/export/visits.{ending}", params=span, headers=headers, timeout=600) as answer:
        assert answer.status_code == 200, answer.read()
        for piece in answer.iter_raw():
            size += len(piece)
    spent = cpu(pid) - before
    done.set()
    watch.join()
    asked = httpx.get(f"http://127.0.0.1:{port}/_calls").json()
    return Cost(spent, held - idle, peak[0] - idle, size, asked["calls"])


def warmed(url: str, minutes: int) -> None:
    """Every row into the cache: the totals of each day need them all."""
    for day in range(0, minutes, 1440):
        window = f'{{from:"{_text(day)}",to:"{_text(min(day + 1440, minutes))}"}}'
        query = f"{{visits(window:{window},granularity:DAY,first:1){{totals{{entries}}}}}}"
        answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=60).json()
        assert "errors" not in answer, answer
        assert not answer.get("extensions", {}).get("failures"), answer


def _text(minute: int) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _watch(pid: int, peak: list[float], done: Event) -> None:
    while not done.wait(0.01):
        peak[0] = max(peak[0], memory(pid))


@contextmanager
def vendor(stores: int, minutes: int, order: str) -> Iterator[int]:
    """The vendor's port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "bench.minutes", str(port), str(stores), str(minutes), "--order", order]
    process = subprocess.Popen(command)
    try:
        for _ in range(300):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def gateway(port: int, stores: int) -> Iterator[tuple[int, str]]:
    """A gateway over that vendor alone: its process and its address."""
    with tempfile.TemporaryDirectory() as folder:
        sites = Path(folder) / "sites.toml"
        sites.write_text(crosswalk(stores), "utf-8")
        environment = {
            "GATEWAY_SANDBOX": "none",
            "GATEWAY_PSEUDONYM_KEY": "5a" * 32,
            "GATEWAY_ANONYMOUS_SCOPES": "read",
            "GATEWAY_SITES": str(sites),
            "GATEWAY_LOG_LEVEL": "error",
            "GATEWAY_DRAIN_SECONDS": "0",
            "GATEWAY_REQUEST_TIMEOUT": "60",
            "GATEWAY_VENDORS__BESPOT__BASE_URL": f"http://127.0.0.1:{port}/api",
            "GATEWAY_VENDORS__BESPOT__USERNAME": "bench",
            "GATEWAY_VENDORS__BESPOT__PASSWORD": "bench",
        }
        command = [sys.executable, "-m", "gateway", "serve", "--port", "0"]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, **environment}
        )
        try:
            assert process.stderr is not None
            found = re.search(r"(http://127\.0\.0\.1:\d+)/graphql", process.stderr.readline())
            assert found is not None
            httpx.post(f"{found[1]}/graphql", json={"query": "{__typename}"})
            sleep(1.0)
            yield process.pid, found[1]
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
