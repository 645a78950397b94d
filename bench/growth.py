"""How cost grows: CPU time and memory of one operation, by rows and by sites, and of a roll-up of 100,000 points.

    .venv/bin/python -m bench.growth [--rounds 3]

Every operation asks the vendor (GATEWAY_CACHE=off); the vendor is bench/vendor.py in a process of its own, so that the
figures are the gateway's alone. The least of the rounds is told: other load on the machine only ever adds. Every figure
is taken in a process of its own, for memory is only ever seen to grow.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import msgspec
import orjson

from bench.sizing import memory
from bench.stage import configured_for, vendor
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

CASES: dict[str, tuple[str, list[tuple[int, int]]]] = {
    "minutes of 20 sites": (ROWS, [(20, rows) for rows in (5, 50, 500, 5_000)]),
    "60 minutes a site": (ROWS, [(sites, 60) for sites in (10, 100, 1_000)]),
    "sessions": (STAYS, [(1, rows) for rows in (100, 1_000, 10_000)]),
    "points to hours": (HOURS, [(20, 5_000)]),
}
"""What is asked, of how many sites, and of how many rows each."""

OPEN = 200


class Cost(msgspec.Struct):
    """Of one operation: the least of the rounds, and the most memory of all of them."""

    cpu_seconds: float
    answer_bytes: int
    megabytes: float


async def measured(port: int, sites: int, query: str, rounds: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        configured_for(port, sites, Path(folder))
        async with runtime.gateway(settings.load(None)) as gateway:
            who = await gateway.authenticate({})
            await gateway.execute(GraphQLRequest("{__typename}"), who)
            collect_rarely()
            idle, cpu, size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 1e9, 0
            for _ in range(rounds):
                began = process_time()
                outcome = await gateway.execute(GraphQLRequest(query), who)
                assert not outcome.errors, outcome.errors
                size = len(orjson.dumps(outcome.data))
                cpu = min(cpu, process_time() - began)
                del outcome
                gc.collect()
            return Cost(cpu, size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024)


async def waiting() -> float:
    """Kilobytes that one open question takes while its vendor does not answer."""
    with socket.socket() as silent, tempfile.TemporaryDirectory() as folder:
        silent.bind(("127.0.0.1", 0))
        silent.listen(2 * OPEN)
        configured_for(silent.getsockname()[1], 20, Path(folder))
        async with runtime.gateway(settings.load(None)) as gateway:
            who = await gateway.authenticate({})
            query = ROWS.replace("SITES", "20").replace("ROWS", "60")
            asked = [asyncio.create_task(gateway.execute(GraphQLRequest(query), who)) for _ in range(8)]
            await asyncio.sleep(1)
            before = memory()
            asked += [asyncio.create_task(gateway.execute(GraphQLRequest(query), who)) for _ in range(OPEN)]
            await asyncio.sleep(3)
            taken = (memory() - before) * 1000 / OPEN
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # of reads left in the air
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            return taken


def cost(name: str, sites: int, rows: int, rounds: int) -> Cost:
    """One case in a process of its own."""
    command = [sys.executable, "-m", "bench.growth", "--one", name, str(sites), str(rows), str(rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Cost)


def one(name: str, sites: int, rows: int, rounds: int) -> None:
    query = CASES[name][0].replace("SITES", str(sites)).replace("ROWS", str(rows))
    with vendor(sites, rows) as port:
        found = asyncio.run(measured(port, sites, query, rounds))
    print(json.dumps(msgspec.to_builtins(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        name, sites, rows, rounds = asked.one
        return one(name, int(sites), int(rows), int(rounds))
    print("| operation | sites | rows | CPU ms | µs a row | answer KB | MB above idle |\n|---|---|---|---|---|---|---|")
    for name, (_, sizes) in CASES.items():
        for sites, rows in sizes:
            found, count = cost(name, sites, rows, asked.rounds), sites * rows
            shown = f"{found.cpu_seconds * 1e3:.1f} | {found.cpu_seconds / count * 1e6:.2f}"
            size = f"{found.answer_bytes / 1024:.0f} | {found.megabytes:.0f}"
            print(f"| {name} | {sites} | {count} | {shown} | {size} |", flush=True)
    print(f"\nAn open question whose vendor does not answer takes {asyncio.run(waiting()):.0f} KB.")
    return None


if __name__ == "__main__":
    main()
