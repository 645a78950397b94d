"""Do long answers hold the loop? What a trivial query waits for while big ones are answered, over real sockets.

    .venv/bin/python -m bench.loop_lag [--seconds 5]

The gateway is served in this process; the vendor and those who ask the big questions are others. Two clocks:
CPU    what the gateway's own thread worked between a trivial question and its answer, the asker's share included: what
       it would have waited on a core of its own. Other load on the machine does not count.
clock  what really passed, other load included.
"longest turn" is the longest the thread worked without letting anybody else go on, in CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter, thread_time

import httpx
import uvicorn

from bench.growth import ROWS, STAYS, WINDOW
from bench.stage import configured_for, vendor
from gateway import runtime, settings, telemetry
from gateway.http import server
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.telemetry import Telemetry

SITES, EACH = 20, 5_000
TRIVIAL = b'{"query":"{__typename}"}'
HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
EVERY = 0.005
"""Seconds between two trivial questions."""
DAYS = "from=2024-01-17T10:00:00Z&to=2024-01-21T10:00:00Z"

LISTS = f"{{FIELD(window:{WINDOW},first:10000){{edges{{cursor node{{site{{key}} startsAt MEMBERS}}}}}}}}"
BIG: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "10,000 sessions": (STAYS,),
    "10,000 occupancy rows": (LISTS.replace("FIELD", "occupancy").replace("MEMBERS", "count peak"),),
    "10,000 visits": (LISTS.replace("FIELD", "visits").replace("MEMBERS", "entries exits"),),
    "100,000 rows of 20 sites, 5 MB": (ROWS.replace("SITES", "20").replace("ROWS", "5000"),),
    "100,000 points to hours": (
        f"{{sites(first:20){{nodes{{key occupancy(window:{WINDOW},granularity:HOUR,first:100){{nodes{{count}}}}}}}}}}",
    ),
    "exports: CSV, Parquet, NDJSON packed": (
        f"/export/visits.csv?{DAYS}",
        f"/export/occupancy.parquet?{DAYS}",
        f"/export/sessions.ndjson?{DAYS}",
    ),
}
BIG["all of these at once"] = tuple(query for queries in BIG.values() for query in queries)


class Watch:
    """Notes how long the loop's thread works from one of its turns to the next."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._last = thread_time()
        self._on = True
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        now = thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        if self._on:
            self._loop.call_later(0.0005, self._turn)

    def stop(self) -> None:
        self._on = False


async def trivial(port: int, seconds: float = 0.0, asked: int = 0) -> tuple[list[float], list[float]]:
    """CPU and clock seconds of each trivial question, ascending; asked so often and so long at least."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    cpu: list[float] = []
    clock: list[float] = []
    until = perf_counter() + seconds
    while len(cpu) < asked or perf_counter() < until:
        began, started = thread_time(), perf_counter()
        writer.write(HEAD % len(TRIVIAL) + TRIVIAL)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        cpu.append(thread_time() - began)
        clock.append(perf_counter() - started)
        await asyncio.sleep(EVERY)
    writer.close()
    return sorted(cpu), sorted(clock)


@asynccontextmanager
async def served(
    vendor_port: int, cache: str, sites: int, put: Callable[[str, str], object] = os.environ.__setitem__
) -> AsyncIterator[int]:
    """The gateway's port."""
    with tempfile.TemporaryDirectory() as folder:
        configured_for(vendor_port, sites, Path(folder), cache, put)
        loaded, lifecycle = settings.load(None), Lifecycle()
        watched = Telemetry()
        async with runtime.gateway(loaded, telemetry=watched) as graph:
            lifecycle.graph = graph
            with server.listen("127.0.0.1", 0) as listener:
                serving = uvicorn.Server(server.configured(Edge(loaded, lifecycle, watched), loaded))
                task = asyncio.create_task(serving.serve(sockets=[listener]))
                while not serving.started:  # noqa: ASYNC110  # uvicorn has no event for it
                    await asyncio.sleep(0.01)
                yield int(listener.getsockname()[1])
                serving.should_exit = True
                await task


async def measured(vendor_port: int, cache: str, seconds: float) -> None:
    async with served(vendor_port, cache, SITES) as port:
        server.collect_rarely()
        await trivial(port, 0.5)
        for name, queries in BIG.items():
            askers = [asking(port, query) for query in queries]
            for asker in askers:  # an interpreter starts, and the first answer is made
                assert asker.stdout is not None
                await asyncio.to_thread(asker.stdout.readline)
            watch = Watch()
            cpu, clock = await trivial(port, seconds)
            watch.stop()
            for asker in askers:
                assert asker.poll() is None, "one of those who ask the big questions has given up: see above"
                asker.terminate()
            for asker in askers:
                await asyncio.to_thread(asker.wait)
            shown = " | ".join(f"{each[int(len(each) * 0.99)] * 1e3:.1f}" for each in (cpu, clock))
            print(f"| {name} | {cache} | {len(cpu)} | {shown} | {watch.longest * 1e3:.1f} |", flush=True)


def asking(port: int, query: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.loop_lag", "--ask", str(port), query]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def ask(port: int, query: str) -> None:
    """Asks one question over and over, and says so once it was answered."""
    first = True
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        while True:
            if query.startswith("/"):
                answer = client.get(query, headers={"accept-encoding": "gzip"})
            else:
                answer = client.post("/graphql", json={"query": query})
            assert answer.status_code == 200, answer.text[:300]
            assert b'"errors"' not in answer.content[:100], answer.text[:300]
            if first:
                print("answered", flush=True)
                first = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--ask", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.ask:
        return ask(int(asked.ask[0]), asked.ask[1])
    telemetry.configure("error")
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    print("| while this is asked, over and over | cache | asked | p99 CPU ms | p99 clock ms | longest turn CPU ms |")
    print("|---|---|---|---|---|---|")
    with vendor(SITES, EACH) as port:
        for cache in ("off", "on"):
            with asyncio.Runner(loop_factory=uvicorn.Config("x", loop="uvloop").get_loop_factory()) as runner:
                runner.run(measured(port, cache, asked.seconds))
    return None


if __name__ == "__main__":
    main()
