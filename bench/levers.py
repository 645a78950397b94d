"""What each lever of docs/performance.md is worth: CPU time per unit, the levers taking turns in one process.

    .venv/bin/python -m bench.levers [--rounds 9]

Turns are A B C A B C …, so that whatever else the machine does hits all alike. Medians are told.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from random import Random
from time import process_time
from typing import Any

import httpx
import orjson

from bench.growth import vendor
from gateway.execution.operation import GraphQLRequest, Operations
from gateway.http.answers import Answers, Made
from gateway.http.server import collect_rarely
from gateway.upstream.sockets import AiohttpTransport
from gateway.upstream.transport import HttpxTransport, Request
from tests.execution.maze import ROOT, Context, PageSource, World, schema
from tests.execution.toy import ToyGraph

Lever = Callable[[], Awaitable[int]]
"""Does some units of work and says how many."""


async def compare(title: str, unit: str, levers: dict[str, Lever], rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in levers}
    for lever in levers.values():  # once unmeasured
        await lever()
    for _ in range(rounds):
        for name, lever in levers.items():
            began = process_time()
            count = await lever()
            times[name].append((process_time() - began) / count)
    print(f"\n{title}\n\n| | µs a {unit} | of the first |\n|---|---|---|")
    first = statistics.median(next(iter(times.values())))
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"| {name} | {middle * 1e6:.2f} | {first / middle:.1f} times faster |", flush=True)


def completion() -> dict[str, Lever]:
    """A thousand rows with a nested object, by the reference executor and by generated functions."""
    random = Random(1)
    World(random, 0).fill()
    nodes = [World(random, 0).node(1) for _ in range(1_000)]
    ROOT["page"] = PageSource(nodes, 1_000, [])
    request = GraphQLRequest("{ many { kind name size weight on ident stamp friend { name size } } }")

    def by(operations: Operations) -> Lever:
        async def run() -> int:
            for _ in range(3):
                outcome = await operations.run(request, Context())
                assert not outcome.errors, outcome.errors
            return 3 * len(nodes)

        return run

    return {
        "reference executor": by(Operations(schema(), compiled=False)),
        "generated functions": by(Operations(schema())),
    }


def clients(port: int, opened: AsyncExitStack) -> dict[str, Lever]:
    """Fifty calls at once for a small JSON."""
    url = f"http://127.0.0.1:{port}/applications/bench/sites?page=1&per_page=5"
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=50))
    opened.push_async_callback(client.aclose)

    def over(transport: Any) -> Lever:
        opened.push_async_callback(transport.close)

        async def run() -> int:
            request = Request("GET", url, {"accept": "application/json"}, None, 10.0, 10**6)
            answers = await asyncio.gather(*(transport.send(request) for _ in range(50)))
            assert all(answer.status == 200 for answer in answers)
            return 50

        return run

    async def plain() -> int:
        answers = await asyncio.gather(*(client.get(url) for _ in range(50)))
        assert all(answer.status_code == 200 for answer in answers)
        return 50

    return {
        "httpx with its own transport": plain,
        "httpx over aiohttp": over(HttpxTransport(max_connections=50)),
        "aiohttp behind our Transport": over(AiohttpTransport(max_connections=50)),
    }


def kept() -> dict[str, Lever]:
    """An answer of 70 KB made anew by orjson, and one that is kept."""
    graph, body = ToyGraph(), orjson.dumps([{"startsAt": "2024-01-17T10:00:00Z", "count": n} for n in range(1_200)])
    graph.edited = "0"
    request, who = GraphQLRequest("{ hello }"), None
    answers = Answers("on", 10**7)

    async def make() -> Made:
        outcome = await graph.operations.run(request, Context())
        return Made(outcome.phase, body, {}, [], 60, 0)

    async def anew() -> int:
        for _ in range(500):
            await make()
        return 500

    async def again() -> int:
        nonlocal who
        who = who or await graph.authenticate({})
        for _ in range(500):
            await answers.ask(graph, request, who, make)
        return 500

    return {"a trivial operation run": anew, "an answer kept": again}


async def main(rounds: int) -> None:
    await compare("Completion of 1,000 rows of 10 fields", "row", completion(), rounds)
    with vendor(5, 5) as port:
        async with AsyncExitStack() as opened:
            await compare("One call outward, 50 at once", "call", clients(port, opened), rounds)
    await compare("The answer cache", "answer", kept(), rounds)
    rows = completion()["generated functions"]
    await compare("Garbage collection, as Python sets it", "row", {"thresholds 700, 10, 10": rows}, rounds)
    collect_rarely()
    await compare("Garbage collection, as the server sets it", "row", {"frozen, 50,000, 20, 50": rows}, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    asyncio.run(main(parser.parse_args().rounds))
