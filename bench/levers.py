"""What each lever of docs/performance.md is worth: CPU time per unit, the levers taking turns in one process.

    .venv/bin/python -m bench.levers [--rounds 9] [--only completion client …]

Turns are A B C A B C …, so that whatever else the machine does hits all alike. Medians are told. Exits with 1 where one
call outward costs more than a quarter of what httpx's own transport takes for it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import json
import statistics
import struct
import sys
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from random import Random
from time import process_time
from typing import Any

import httpx
import msgspec
import orjson
from graphql import parse, validate

from bench import joining
from bench.growth import ROWS
from bench.stage import vendor
from bench.vendor import bodies
from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.domain import instant
from gateway.execution.documents import RULES, Documents, core
from gateway.execution.operation import GraphQLRequest, Operations
from gateway.federation.cursor import Cursors
from gateway.http.answers import Answers, Made
from gateway.http.server import COLLECTED_EVERY
from gateway.schema import build
from gateway.upstream.direct import DirectTransport
from gateway.upstream.sockets import AiohttpTransport
from gateway.upstream.transport import HttpxTransport, Request
from gateway.vendors.bespot import instants
from gateway.vendors.bespot.wire import OccupancyMinute, Page
from tests.execution.maze import ROOT, Context, PageSource, World, schema
from tests.execution.toy import ToyGraph

Lever = Callable[[], Awaitable[int]]
"""Does some units of work and says how many."""

Title = tuple[str, str]
"""What is compared, and its unit."""

ROWS_OF_MAZE = "{ many { kind name size weight on ident stamp friend { name size } } }"
Q1 = ROWS.replace("SITES", "20").replace("ROWS", "60")


async def compare(title: Title, levers: dict[str, Lever], rounds: int) -> list[float]:
    """Prints one table. CPU seconds a unit of each lever."""
    times: dict[str, list[float]] = {name: [] for name in levers}
    for lever in levers.values():  # once unmeasured
        await lever()
    for _ in range(rounds):
        for name, lever in levers.items():
            began = process_time()
            count = await lever()
            times[name].append((process_time() - began) / count)
    print(f"\n{title[0]}\n\n| | µs a {title[1]} | of the first |\n|---|---|---|")
    middles = [statistics.median(taken) for taken in times.values()]
    for name, middle in zip(times, middles, strict=True):
        print(f"| {name} | {middle * 1e6:.2f} | {middles[0] / middle:.2f} times faster |", flush=True)
    return middles


def repeated(work: Callable[[], object], times: int, units: int = 1) -> Lever:
    async def run() -> int:
        for _ in range(times):
            work()
        return times * units

    return run


def maze_of(rows: int) -> None:
    """Plain rows with a nested object in the maze's root."""
    World(Random(1), 0).fill()
    ROOT["page"] = PageSource([World(Random(number), 0).node(1) for number in range(rows)], rows, [])


def completed(operations: Operations, request: GraphQLRequest, rows: int) -> Lever:
    async def run() -> int:
        for _ in range(3):
            outcome = await operations.run(request, Context())
            assert not outcome.errors, outcome.errors
        return 3 * rows

    return run


def completion() -> dict[str, Lever]:
    maze_of(1_000)
    request = GraphQLRequest(ROWS_OF_MAZE)
    return {
        "reference executor": completed(Operations(schema(), compiled=False), request, 1_000),
        "generated functions": completed(Operations(schema()), request, 1_000),
    }


def collecting() -> dict[str, Lever]:
    """The same completion; each turn sets the collector first."""
    maze_of(1_000)
    run = completed(Operations(schema()), GraphQLRequest(ROWS_OF_MAZE), 1_000)
    before = gc.get_threshold()

    async def as_it_is() -> int:
        gc.unfreeze()
        gc.set_threshold(*before)
        return await run()

    async def as_served() -> int:
        gc.freeze()
        gc.set_threshold(COLLECTED_EVERY, 20, 50)
        return await run()

    return {"as Python sets it": as_it_is, "as the server sets it": as_served}


def reading() -> dict[str, Lever]:
    """A document that is met again."""
    graph, documents = build.build(), None
    documents, inner = Documents(graph), core(graph)

    def anew() -> None:
        assert not validate(inner, parse(Q1), RULES)

    return {"parsed and validated": repeated(anew, 20), "kept": repeated(lambda: documents.prepare(Q1), 2_000)}


def decoding() -> dict[str, Lever]:
    """A vendor's page of 1,200 minutes."""
    body = bodies(20, 60)["/api/bi/acquisition-metrics/occupancy/"][0]
    typed = msgspec.json.Decoder(Page[OccupancyMinute])
    return {
        "json": repeated(lambda: json.loads(body), 20),
        "orjson": repeated(lambda: orjson.loads(body), 20),
        "msgspec, into structs": repeated(lambda: typed.decode(body), 20),
    }


def encoding() -> dict[str, Lever]:
    """An answer of 1,000 sessions."""
    row = {"cursor": "c" * 40, "node": {"id": "i" * 40, "vendor": "BESPOT", "startedAt": "2024-01-17T10:00:00.000001Z"}}
    answer = {"data": {"sessions": {"edges": [row] * 1_000}}}
    return {
        "json": repeated(lambda: json.dumps(answer), 20),
        "orjson": repeated(lambda: orjson.dumps(answer), 20),
    }


def reading_instants() -> dict[str, Lever]:
    """The minutes of 20 stores over one hour: the same sixty texts, twenty times."""
    texts = [f"2024-01-17T12:{number:02d}:00+02:00" for number in range(60)] * 20
    return {
        "parsed and written each time": repeated(
            lambda: [instant.text(instant.parse(text)) for text in texts], 5, 1_200
        ),
        "remembered": repeated(lambda: [instants.read(text) for text in texts], 5, 1_200),
    }


def client(port: int, opened: AsyncExitStack) -> dict[str, Lever]:
    """Fifty calls at once for a small JSON."""
    url = f"http://127.0.0.1:{port}/applications/bench/sites?page=1&per_page=5"
    plain = httpx.AsyncClient(limits=httpx.Limits(max_connections=50))
    opened.push_async_callback(plain.aclose)

    def over(transport: Any) -> Lever:
        opened.push_async_callback(transport.close)

        async def run() -> int:
            request = Request("GET", url, {"accept": "application/json"}, None, 10.0, 10**6)
            answers = await asyncio.gather(*(transport.send(request) for _ in range(50)))
            assert all(answer.status == 200 for answer in answers)
            return 50

        return run

    async def own() -> int:
        answers = await asyncio.gather(*(plain.get(url) for _ in range(50)))
        assert all(answer.status_code == 200 for answer in answers)
        return 50

    return {
        "httpx with its own transport": own,
        "httpx over aiohttp": over(HttpxTransport(max_connections=50)),
        "aiohttp behind our Transport": over(AiohttpTransport(max_connections=50)),
        "a connection of our own": over(DirectTransport(max_connections=50)),
    }


def answers() -> dict[str, Lever]:
    """A trivial operation run, and the same from the answer cache: 70 KB either way, but nothing is made of it."""
    graph, body = ToyGraph(), orjson.dumps([{"startsAt": "2024-01-17T10:00:00Z", "count": n} for n in range(1_200)])
    graph.edited = "0"
    request, who = GraphQLRequest("{ hello }"), Principal(kind=CallerKind.ANONYMOUS, label="anonymous")
    kept = Answers("on", 10**7)

    async def make() -> Made:
        outcome = await graph.operations.run(request, Context())
        return Made(outcome.phase, body, {}, [], 60, 0)

    async def anew() -> int:
        for _ in range(500):
            await make()
        return 500

    async def again() -> int:
        for _ in range(500):
            await kept.ask(graph, request, who, make)
        return 500

    return {"run": anew, "kept": again}


def naming() -> dict[str, Lever]:
    """The id and the cursor of a session; by the keyed hash they were made by before, for comparison."""
    ids, binding = Pseudonyms(b"k" * 32).ids("Session", "BESPOT"), Cursors([b"k" * 32]).bind("sessions", 1)
    names = [f"{number:08x}-0000-4000-8000-{number:012x}" for number in range(1_000)]
    places = [struct.pack(">qBI", number, 0, number) for number in range(1_000)]
    hashed = hashlib.blake2b(key=b"k" * 32, digest_size=16)

    def by_hash() -> None:
        for text in (*(name.encode() for name in names), *places):
            mac = hashed.copy()
            mac.update(text)
            urlsafe_b64encode(mac.digest()).decode()

    return {
        "a keyed hash each": repeated(by_hash, 3, 1_000),
        "one by one": repeated(lambda: (list(map(ids.one, names)), list(map(binding.encode, places))), 3, 1_000),
        "together": repeated(lambda: (ids.all(names), binding.encode_all(places)), 3, 1_000),
    }


LEVERS: dict[str, tuple[Title, Callable[[], dict[str, Lever]]]] = {
    "completion": (("Completion of 1,000 rows of 10 fields", "row"), completion),
    "join": (("100 rows, each with an object that is loaded", "row"), joining.levers),
    "document": (("A document met again", "document"), reading),
    "decode": (("Decoding a vendor's page of 1,200 rows", "page"), decoding),
    "instants": (("Instants of 1,200 rows, in UTC", "row"), reading_instants),
    "encode": (("Encoding an answer of 1,000 rows", "answer"), encoding),
    "answers": (("The answer cache", "answer"), answers),
    "names": (("Ids and cursors of 1,000 sessions", "row"), naming),
    "gc": (("Garbage collection, by the completion above", "row"), collecting),
}


async def main(rounds: int, only: list[str]) -> int:
    for name, (title, levers) in LEVERS.items():
        if not only or name in only:
            await compare(title, levers(), rounds)
    if only and "client" not in only:
        return 0
    with vendor(5, 5) as port:
        async with AsyncExitStack() as opened:
            own, *_, ours = await compare(("One call outward, 50 at once", "call"), client(port, opened), rounds)
    print(f"\nA call costs {ours / own:.3f} of httpx's own transport; at most 0.25 is wanted.")
    return 1 if ours > own / 4 else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", default=[], choices=[*LEVERS, "client"])
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.rounds, asked.only)))
