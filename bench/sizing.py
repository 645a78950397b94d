"""What to size a process by: CPU time and memory of one gateway, over simulators in a process of their own.

    .venv/bin/python -m bench.sizing

CPU time of the gateway's process is counted, not the clock: other work on the machine changes it little.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

WALL = "query Wall($w:Window!){sites(first:20){nodes{key name occupancy(window:$w,first:60){nodes{startsAt count}}}}}"
WEEK = (
    "query Week($w:Window!){sites(first:20){nodes{key "
    "visits(window:$w,granularity:HOUR,first:200){nodes{startsAt entries}}}}}"
)
SESSIONS = "query Sessions($w:Window!){sessions(window:$w,first:1000){nodes{id vendor startedAt endedAt site{key}}}}"
TRIVIAL = "{ __typename }"
CALLERS = 8
MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    print("| what | cache | requests | CPU ms each | RSS after, MB |\n|---|---|---|---|---|")
    with vendors() as environment, tempfile.TemporaryDirectory() as folder:
        sites = Path(folder) / "sites.toml"
        sites.write_text(httpx.get(environment.pop("CROSSWALK")).text, "utf-8")
        for cache in ("off", "on"):
            with gateway({**environment, "GATEWAY_SITES": str(sites), "GATEWAY_CACHE": cache}) as (process, url):
                print(f"| idle | {cache} | 0 | | {memory(process.pid):.0f} |", flush=True)
                for name, query, hours, count in (
                    ("`{ __typename }`", TRIVIAL, 0, 2000),
                    ("20 sites, 60 occupancy rows each", WALL, 15, 150),
                    ("20 sites, a week of visits by hour", WEEK, 168, 30),
                    ("1,000 sessions", SESSIONS, 48, 60),
                ):
                    each = asyncio.run(spent(process.pid, url, query, hours, count, warm=cache == "on"))
                    print(f"| {name} | {cache} | {count} | {each:.2f} | {memory(process.pid):.0f} |", flush=True)


async def spent(pid: int, url: str, query: str, hours: int, count: int, *, warm: bool) -> float:
    """CPU milliseconds a request. Warm: the same each time; else each has a window of its own."""
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CALLERS)) as client:

        async def ask(number: int) -> None:
            since = MIDNIGHT - timedelta(hours=hours, milliseconds=0 if warm else number)
            variables = {"w": {"from": since.isoformat(), "to": MIDNIGHT.isoformat()}} if hours else {}
            answer = (await client.post(url, json={"query": query, "variables": variables})).json()
            assert "errors" not in answer, answer["errors"][0]

        await ask(0)
        before, numbers = cpu(pid), iter(range(1, count + 1))

        async def caller() -> None:
            for number in numbers:
                await ask(number)

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return (cpu(pid) - before) / count * 1000


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int | str = "self") -> float:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def vendors() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-u", "-m", "gateway", "sandbox", "--port-base", "0", "--stores", "20"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        text = ""
        while "Faults off" not in text:
            assert process.stdout is not None
            text += process.stdout.readline()
        crosswalk = re.search(r"curl -s (\S+/_crosswalk)", text)
        assert crosswalk is not None
        yield {**dict(re.findall(r"export (\w+)=(\S+)", text)), "CROSSWALK": crosswalk[1]}
    finally:
        process.terminate()
        process.wait()


@contextmanager
def gateway(environment: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    more = {"GATEWAY_SANDBOX": "none", "GATEWAY_PSEUDONYM_KEY": "5a" * 32, "GATEWAY_ANONYMOUS_SCOPES": "read"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment, **more, "GATEWAY_LOG_LEVEL": "error"},
    )
    try:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/graphql", process.stderr.readline())
        assert found is not None
        time.sleep(0.5)
        yield process, found[0]
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
