"""`scripts/replicas`: what breaks, in turn, while callers keep asking. Each phase must lose no request."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.replicas.stack import Stack, ready

VISITS = "query Herd($w: Window!) { sites(first: 12) { nodes { key visits(window: $w) { nodes { entries exits } } } } }"
HERD = 50
CALLERS = 16
MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def window(ago: int, length: int = 1) -> dict[str, Any]:
    """Whole days that lie far enough back to be final."""
    since = MIDNIGHT - timedelta(days=ago)
    return {"w": {"from": since.isoformat(), "to": (since + timedelta(days=length)).isoformat()}}


class Load:
    """Callers who ask and compare. By GET, which a proxy may repeat where a replica died; every fourth time by POST."""

    def __init__(self, url: str, *, posts: bool) -> None:
        self._url = url
        self._posts = posts
        self.answers = 0
        self.failures: list[str] = []
        self.seconds: list[float] = []
        self._turn = itertools.count()

    async def run(self, expected: dict[int, Any], until: asyncio.Event) -> None:
        limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
        async with httpx.AsyncClient(timeout=15, limits=limits) as client:
            await asyncio.gather(*(self._caller(client, expected, until) for _ in range(CALLERS)))

    async def _caller(self, client: httpx.AsyncClient, expected: dict[int, Any], until: asyncio.Event) -> None:
        days = list(expected)
        while not until.is_set():
            turn = next(self._turn)
            day = days[turn % len(days)]
            began = time.perf_counter()
            try:
                found = await ask(client, self._url, window(day), post=self._posts and turn % 4 == 0)
                if found != expected[day]:
                    self.failures.append("another answer")
            except (httpx.HTTPError, AssertionError) as error:
                self.failures.append(f"{type(error).__name__}: {error}"[:120])
            self.seconds.append(time.perf_counter() - began)
            self.answers += 1
            await asyncio.sleep(0.01)

    def line(self, name: str) -> str:
        ordered = sorted(self.seconds)
        p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
        worst = ordered[-1] * 1000
        return f"| {name} | {self.answers} | {len(self.failures)} | {p50:.0f} | {p99:.0f} | {worst:.0f} |"


async def ask(client: httpx.AsyncClient, url: str, variables: dict[str, Any], *, post: bool = False) -> Any:
    """The data of an answer without errors."""
    question = {"query": VISITS, "variables": variables}
    if post:
        answer = await client.post(url, json=question)
    else:
        parameters = {"query": VISITS, "variables": str(variables).replace("'", '"')}
        answer = await client.get(url, params=parameters)
    assert answer.status_code == 200, f"HTTP {answer.status_code}"
    told = answer.json()
    assert "errors" not in told, told["errors"][0]["extensions"]["code"]
    assert not told.get("extensions", {}).get("failures"), "partial"
    return told["data"]


async def herd(stack: Stack) -> int:
    """Calls that many identical cold questions make, spread over all replicas."""
    before = sum(stack.calls("bespot").values())
    async with httpx.AsyncClient(timeout=15, limits=httpx.Limits(max_connections=HERD)) as client:
        urls = [f"http://127.0.0.1:{port}/graphql" for port in stack.ports]
        answers = await asyncio.gather(*(ask(client, urls[number % len(urls)], window(9, 1)) for number in range(HERD)))
    assert all(answer == answers[0] for answer in answers)
    return sum(stack.calls("bespot").values()) - before


async def one(stack: Stack) -> int:
    """Calls that one such question makes."""
    before = sum(stack.calls("bespot").values())
    async with httpx.AsyncClient(timeout=15) as client:
        await ask(client, f"http://127.0.0.1:{stack.ports[0]}/graphql", window(12, 1))
    return sum(stack.calls("bespot").values()) - before


async def phase(
    stack: Stack, expected: dict[int, Any], breaks: Callable[[], Awaitable[None]], seconds: float, *, posts: bool
) -> Load:
    """Load before, while and after something breaks."""
    load, until = Load(stack.url, posts=posts), asyncio.Event()
    running = asyncio.create_task(load.run(expected, until))
    await asyncio.sleep(seconds / 3)
    await breaks()
    await asyncio.sleep(seconds * 2 / 3)
    until.set()
    await running
    return load


async def everything(stack: Stack, seconds: float) -> int:
    async with httpx.AsyncClient(timeout=15) as client:
        expected = {day: await ask(client, stack.url, window(day)) for day in range(3, 8)}
    alone, together = await one(stack), await herd(stack)
    print(f"identical cold questions at {len(stack.ports)} replicas at once: {HERD}, vendor calls: {together}")
    print(f"one such question alone, vendor calls: {alone}\n")

    async def kill() -> None:
        stack.replicas[0].stop(signal.SIGKILL)

    async def restart() -> None:
        await asyncio.to_thread(stack.replicas[1].stop)
        stack.replicas[1].start()
        await asyncio.to_thread(ready, stack.ports[1])

    async def revive() -> None:
        stack.replicas[0].start()
        await asyncio.to_thread(ready, stack.ports[0])

    async def store() -> None:
        stack.store.stop(signal.SIGKILL)
        await asyncio.sleep(seconds / 3)
        stack.store.start()

    phases = (
        ("nothing", revive_nothing, True),
        ("a replica is killed (SIGKILL); reads by GET", kill, False),
        ("it comes back", revive, True),
        ("a replica is restarted (SIGTERM)", restart, True),
        ("the store is killed and restarted", store, True),
    )
    failed = together > alone
    print("| what breaks | requests | failed or wrong | p50 ms | p99 ms | worst ms |\n|---|---|---|---|---|---|")
    for name, breaks, posts in phases:
        load = await phase(stack, expected, breaks, seconds, posts=posts)
        print(load.line(name), flush=True)
        for failure in sorted(set(load.failures)):
            print(f"    {load.failures.count(failure)} x {failure}")
        failed = failed or bool(load.failures)
    return 1 if failed else 0


async def revive_nothing() -> None:
    """The measure to compare with."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replicas", type=int, default=3)
    options.add_argument("--seconds", type=float, default=6.0, help="length of each phase, about")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), asked.replicas)
        try:
            return asyncio.run(everything(stack, asked.seconds))
        finally:
            with suppress(ProcessLookupError):
                stack.close()


if __name__ == "__main__":
    sys.exit(main())
