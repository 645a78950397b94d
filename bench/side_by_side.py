"""This gateway beside Strawberry as its documentation writes it: same vendor bytes, same questions, answers compared.

    ./scripts/bench [--rounds 3] [--requests 200]

CPU time of the server's process for each request; bursts take turns, so that whatever else the machine does hits both
alike; medians are told. strict: each request has a window of its own and asks the vendor. warm: the same question over
and over, with the gateway's caches on (plain Strawberry has none).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.sizing import cpu, gateway
from bench.stage import configured_for, free_port, listening, vendor

SITES, EACH = 20, 60
CALLERS = 8
START, END = datetime(2024, 1, 17, 10, tzinfo=UTC), datetime(2024, 1, 17, 11, tzinfo=UTC)
QUESTIONS = {
    "20 sites with 60 occupancy rows each": (
        "query Wall($w: Window!) { sites(first: 20) { edges { node { key name "
        "occupancy(window: $w, first: 60) { edges { node { startsAt count } } } } } } }"
    ),
    "1,000 sessions with their sites": (
        "query Stays($w: Window!) { sessions(window: $w, first: 1000) { edges { cursor node { id vendor startedAt "
        "endedAt durationSeconds status ... on AppSession { site { key } } } } pageInfo { hasNextPage endCursor } } }"
    ),
    "20 sites": "query Sites { sites(first: 20) { edges { node { key name timezone } } } }",
    "`{ __typename }`": "{ __typename }",
}
OPAQUE = frozenset({"id", "cursor", "endCursor"})


class Server:
    """A server under measure. `requests`: how many make a burst, enough for its process to spend a second or so."""

    def __init__(self, name: str, pid: int, url: str, requests: int) -> None:
        self.name = name
        self.pid = pid
        self.url = url
        self.requests = max(CALLERS, requests)
        self._asked = 0

    def body(self, query: str, *, warm: bool) -> dict[str, Any]:
        self._asked += 0 if warm else 1
        since = START - timedelta(milliseconds=self._asked)
        given = {"w": {"from": since.isoformat(), "to": END.isoformat()}} if "$w" in query else {}
        return {"query": query, "variables": given}

    async def burst(self, query: str, *, warm: bool) -> float:
        """CPU milliseconds a request."""
        count = self.requests
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CALLERS)) as client:
            left = iter(range(count))

            async def caller() -> None:
                for _ in left:
                    answer = await client.post(self.url, json=self.body(query, warm=warm))
                    assert answer.status_code == 200, answer.text[:300]

            before = cpu(self.pid)
            await asyncio.gather(*(caller() for _ in range(CALLERS)))
            return (cpu(self.pid) - before) / count * 1000


def meaning(value: Any) -> Any:
    """An answer without what each server may choose: opaque texts, and how an instant is written."""
    if isinstance(value, dict):
        return {key: key if key in OPAQUE else meaning(each) for key, each in value.items()}
    if isinstance(value, list):
        return [meaning(each) for each in value]
    if isinstance(value, str) and value[:4].isdigit() and "T" in value:
        return datetime.fromisoformat(value)
    return value


def failures(answer: dict[str, Any]) -> list[Any]:
    """What is wrong with an answer. The guest Wi-Fi, a second source of sessions, is not configured here."""
    noted = answer.get("extensions", {}).get("failures", [])
    return [*answer.get("errors", []), *(each for each in noted if each["code"] != "VENDOR_NOT_CONFIGURED")]


def check(servers: list[Server]) -> None:
    """Raises where the servers do not answer alike."""
    for name, query in QUESTIONS.items():
        answers = [httpx.post(each.url, json=each.body(query, warm=True), timeout=60).json() for each in servers]
        told = [failures(answer) for answer in answers]
        assert not any(told), f"{name}: {told}"
        first, *others = (meaning(answer["data"]) for answer in answers)
        assert all(other == first for other in others), f"{name}: the answers differ"


@contextmanager
def plain(vendor_port: int, sites: Path, requests: int) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "bench.peers.plain_strawberry:app", "--port", str(port), "--no-access-log"],
        env={**os.environ, "VENDOR": f"http://127.0.0.1:{vendor_port}", "SITES": str(sites)},
        stderr=subprocess.DEVNULL,
    )
    try:
        listening(port)
        yield Server("Strawberry as its docs write it", process.pid, f"http://127.0.0.1:{port}/graphql", requests)
    finally:
        process.terminate()
        process.wait()


async def measured(servers: list[Server], rounds: int, *, warm: bool) -> None:
    check(servers)
    for name, query in QUESTIONS.items():
        spent: dict[str, list[float]] = {server.name: [] for server in servers}
        for number in range(rounds + 1):
            for server in servers:
                each = await server.burst(query, warm=warm)
                if number:  # the first round warms up
                    spent[server.name].append(each)
        (first, before), (second, ours) = ((key, statistics.median(found)) for key, found in spent.items())
        shown = f"{before:.2f} | {ours:.3f} | {before / max(ours, 1e-3):.1f}"
        print(f"| {'warm' if warm else 'strict'} | {name} | {shown} |", flush=True)
        assert first != second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200)
    asked = parser.parse_args()
    print("| mode | question | plain Strawberry, CPU ms | this gateway, CPU ms | times |\n|---|---|---|---|---|")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(vendor(SITES, EACH))
        environment: dict[str, str] = {}
        configured_for(port, SITES, folder, put=environment.__setitem__)
        before = stack.enter_context(plain(port, folder / "sites.toml", asked.requests // 10))
        for mode, cache in (("strict", "off"), ("warm", "on")):
            with gateway({**environment, "GATEWAY_CACHE": cache}) as (process, url):
                count = asked.requests * (1 if mode == "strict" else 5)
                servers = [before, Server("this gateway", process.pid, url, count)]
                asyncio.run(measured(servers, asked.rounds, warm=mode == "warm"))


if __name__ == "__main__":
    main()
