"""What a second worker brings: answers a second of the clock, and cores used, by `--workers 1` and 2 in turns.

    .venv/bin/python -m bench.workers [--rounds 3] [--seconds 4]

Needs as many idle cores as workers, and one more for those who ask: on a busy machine only the last two columns say
something.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.growth import ROWS
from bench.sizing import cpu
from bench.stage import configured_for, free_port, listening, vendor

ASKERS = 6
QUERY = ROWS.replace("SITES", "20").replace("ROWS", "60")
ASKER = """
import sys, time, httpx
url, query, until, asked = sys.argv[1], sys.argv[2], time.time() + float(sys.argv[3]), 0
while time.time() < until:
    with httpx.Client(timeout=60) as client:  # a connection of its own each: the kernel spreads them over the workers
        for _ in range(5):
            assert client.post(url, json={"query": query}).status_code == 200
            asked += 1
print(asked)
"""


@contextmanager
def served(count: int, environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port), "--workers", str(count)]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=silent, stderr=silent)
    try:
        listening(port)
        time.sleep(4 + 2 * count)  # the parent listens before its workers have started
        yield process.pid, f"http://127.0.0.1:{port}/graphql"
    finally:
        process.terminate()
        process.wait()


def family(pid: int) -> list[int]:
    """The process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *map(int, children)]


def measured(pid: int, url: str, seconds: float) -> tuple[float, float, float, float]:
    """Answers a second, cores used, CPU milliseconds an answer, and the busiest worker's share of them."""
    processes = family(pid)
    before, began = list(map(cpu, processes)), time.perf_counter()
    command = [sys.executable, "-c", ASKER, url, QUERY, str(seconds)]
    askers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(ASKERS)]
    answers = sum(int(asker.communicate()[0]) for asker in askers)
    passed = time.perf_counter() - began
    spent = [cpu(each) - then for each, then in zip(processes, before, strict=True)]
    return answers / seconds, sum(spent) / passed, sum(spent) / answers * 1e3, max(spent) / sum(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    asked = parser.parse_args()
    print(
        "| workers | answers a second | cores used | CPU ms an answer | busiest worker's share |\n|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder, vendor(20, 60) as port:
        environment = {"GATEWAY_LOG_LEVEL": "error"}
        configured_for(port, 20, Path(folder), put=environment.__setitem__)
        with served(1, environment) as one, served(2, environment) as two:
            for _ in range(asked.rounds):
                for count, (pid, url) in ((1, one), (2, two)):
                    answers, cores, each, share = measured(pid, url, asked.seconds)
                    print(f"| {count} | {answers:.0f} | {cores:.2f} | {each:.2f} | {share:.0%} |", flush=True)


if __name__ == "__main__":
    main()
