"""How cost grows: CPU time and memory of one operation, by rows and by sites, and of a roll-up of 100,000 points.

    .venv/bin/python bench/growth.py [--rounds 3]

Every operation asks the vendor (GATEWAY_CACHE=off); the vendor is bench/vendor.py in a process of its own, so that the
figures are the gateway's alone. The least of the rounds is told: other load on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time, sleep

import orjson

from bench.vendor import crosswalk
from gateway import runtime, settings
from gateway.execution.operation import GraphQLRequest
from gateway.http.server import collect_rarely

WINDOW = '{from:"2024-01-17T10:00:00Z",to:"2024-01-21T10:00:00Z"}'
MINUTES = f"{{sites(first:SITES){{edges{{node{{key occupancy(window:{WINDOW},first:ROWS)"
ROWS = MINUTES + "{edges{node{startsAt count}}}}}}}"
HOURS = MINUTES.replace("first:ROWS)", "granularity:HOUR,first:100)") + "{nodes{startsAt count peak average}}}}}}"
STAYS = (
    f"{{sessions(window:{WINDOW},first:10000){{edges{{cursor node{{id vendor startedAt endedAt durationSeconds status "
    "... on AppSession{site{key}}}}pageInfo{hasNextPage endCursor}}}"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listening(port: int) -> None:
    """Returns when somebody listens there, or after a minute."""
    for _ in range(600):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.1)


@contextmanager
def vendor(sites: int, rows: int) -> Iterator[int]:
    """The vendor's port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.vendor", str(port), str(sites), str(rows)]
    process = subprocess.Popen(command)
    try:
        listening(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def configured_for(
    port: int,
    sites: int,
    folder: Path,
    cache: str = "off",
    put: Callable[[str, str], object] = os.environ.__setitem__,
) -> None:
    """Sets the environment for a gateway over the vendor on that port; the crosswalk goes to `folder`."""
    path = folder / "sites.toml"
    path.write_text(crosswalk(sites))
    for name, value in {
        "GATEWAY_SITES": str(path),
        "GATEWAY_SANDBOX": "none",
        "GATEWAY_PSEUDONYM_KEY": "00" * 32,
        "GATEWAY_ANONYMOUS_SCOPES": "read",
        "GATEWAY_CACHE": cache,
        "GATEWAY_REQUEST_TIMEOUT": "60",
        "GATEWAY_VENDORS__BESPOT__BASE_URL": f"http://127.0.0.1:{port}/api",
        "GATEWAY_VENDORS__BESPOT__USERNAME": "bench",
        "GATEWAY_VENDORS__BESPOT__PASSWORD": "bench",
        "GATEWAY_VENDORS__OKUBE__BASE_URL": f"http://127.0.0.1:{port}",
        "GATEWAY_VENDORS__OKUBE__API_KEY": "bench",
        "GATEWAY_VENDORS__OKUBE__APPLICATION": "bench",
    }.items():
        put(name, value)


async def measured(port: int, sites: int, query: str, rounds: int) -> tuple[float, float, int, float]:
    """Least CPU seconds, longest stretch without a turn for others in seconds, bytes, and MB above idle."""
    with tempfile.TemporaryDirectory() as folder:
        configured_for(port, sites, Path(folder))
        async with runtime.gateway(settings.load(None)) as gateway:
            who = await gateway.authenticate({})
            await gateway.execute(GraphQLRequest("{__typename}"), who)
            collect_rarely()
            idle, cpu, size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 1e9, 0
            gap = [0.0]
            watch = asyncio.create_task(watching(gap))
            for _ in range(rounds):
                began = process_time()
                outcome = await gateway.execute(GraphQLRequest(query), who)
                assert not outcome.errors, outcome.errors
                size = len(orjson.dumps(outcome.data))
                cpu = min(cpu, process_time() - began)
                del outcome
                gc.collect()
            watch.cancel()
            return cpu, gap[0], size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024


async def watching(gap: list[float]) -> None:
    """Notes the longest time this task waited for its turn."""
    while True:
        before = perf_counter()
        await asyncio.sleep(0.001)
        gap[0] = max(gap[0], perf_counter() - before - 0.001)


def told(name: str, sites: int, rows: int, query: str, rounds: int) -> None:
    """One line, in a process of its own: memory is only ever seen to grow."""
    if os.fork() == 0:
        with vendor(sites, rows) as port:
            asked = query.replace("SITES", str(sites)).replace("ROWS", str(rows))
            cpu, gap, size, memory = asyncio.run(measured(port, sites, asked, rounds))
        count = sites * rows
        print(
            f"| {name} | {sites} | {count} | {cpu * 1000:.1f} | {cpu / count * 1e6:.2f} | {size / 1024:.0f} "
            f"| {memory:.0f} | {gap * 1000:.0f} |",
            flush=True,
        )
        os._exit(0)
    os.wait()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    rounds = arguments.parse_args().rounds
    print("| operation | sites | rows | CPU ms | µs a row | answer KB | MB above idle | longest turn ms |")
    print("|---|---|---|---|---|---|---|---|")
    for rows in (5, 50, 500, 5000):
        told("minutes of 20 sites", 20, rows, ROWS, rounds)
    for sites in (10, 100, 1000):
        told("60 minutes a site", sites, 60, ROWS, rounds)
    for rows in (100, 1000, 10_000):
        told("sessions", 1, rows, STAYS, rounds)
    told("100,000 points to hours", 20, 5000, HOURS, rounds)


if __name__ == "__main__":
    main()
