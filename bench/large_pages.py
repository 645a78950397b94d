"""What large pages are worth to a small question: gateways with and without them take turns, each in its own process.

    .venv/bin/python -m bench.large_pages [--rounds 5]

The question asks a vendor for five rows of each of two sites, so that nearly all of it is the way there and back.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

from bench.growth import ROWS
from bench.stage import configured_for, vendor
from gateway import runtime, settings
from gateway.execution.operation import GraphQLRequest
from gateway.http.large_pages import use_large_pages
from gateway.http.server import collect_rarely

SITES, EACH = 2, 5
ASKED = 2_000
WAYS = ("small", "large")


async def measured(port: int, way: str) -> float:
    """CPU seconds a question."""
    with tempfile.TemporaryDirectory() as folder:
        configured_for(port, SITES, Path(folder))
        async with runtime.gateway(settings.load(None)) as gateway:
            who = await gateway.authenticate({})
            request = GraphQLRequest(ROWS.replace("SITES", str(SITES)).replace("ROWS", str(EACH)))
            collect_rarely()
            if way == "large":
                use_large_pages()
            for _ in range(50):
                outcome = await gateway.execute(request, who)
                assert not outcome.errors, outcome.errors
            began = process_time()
            for _ in range(ASKED):
                await gateway.execute(request, who)
            return (process_time() - began) / ASKED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(asyncio.run(measured(int(asked.one[0]), asked.one[1])))
        return
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    with vendor(SITES, EACH) as port:
        for _ in range(asked.rounds):
            for way in WAYS:
                command = [sys.executable, "-m", "bench.large_pages", "--one", str(port), way]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                taken[way].append(float(done.stdout.splitlines()[-1]) * 1e6)
    print("| pages | µs a question, median | all rounds |\n|---|---|---|")
    for way, found in taken.items():
        print(f"| {way} | {statistics.median(found):.0f} | {', '.join(f'{each:.0f}' for each in found)} |")


if __name__ == "__main__":
    main()
