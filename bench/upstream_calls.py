"""What the cache saves, counted: some days in the life of a dashboard against the simulators, and the calls they cost.

    python -m bench.upstream_calls          a table as Markdown
    python -m bench.upstream_calls --off    the same with GATEWAY_CACHE=off, as far as that ends soon

Time is simulated: the clock is turned by hand, the vendors answer over real sockets.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from gateway.access.principal import Principal
from gateway.cli.asking import OPERATOR
from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.execution.operation import GraphQLRequest
from gateway.runtime import Gateway, gateway
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.upstream.calls import Attempt

NOW = instant.from_datetime(datetime(2026, 6, 18, 12, 7, tzinfo=UTC))
BOARD = """query($from: DateTime!, $to: DateTime!) { sites(first: 12) { edges { node { key
  occupancy(window: {from: $from, to: $to}, granularity: HOUR, first: 200) { edges { node { peak } } }
  visits(window: {from: $from, to: $to}, granularity: HOUR, first: 200) { edges { node { entries } } } } } } }"""
WALK = """query($from: DateTime!, $to: DateTime!, $after: String) {
  %s(window: {from: $from, to: $to}, first: 500, after: $after) {
    edges { node { %s } } pageInfo { hasNextPage endCursor } } }"""


class Bench:
    """A gateway over simulators, its clock, and the calls made since the last look."""

    def __init__(self) -> None:
        self.now = NOW
        self.calls: Counter[str] = Counter()
        self.rows: list[tuple[str, str, str]] = []

    def clock(self) -> Micros:
        return self.now

    def observe(self, attempt: Attempt) -> None:
        self.calls[f"{attempt.vendor.value.lower()} {attempt.endpoint}"] += 1

    def note(self, what: str, bound: str) -> None:
        counted = ", ".join(f"{name} {count}" for name, count in sorted(self.calls.items())) or "none"
        self.rows.append((what, counted, bound))
        self.calls.clear()


async def ask(running: Gateway, text: str, principal: Principal = OPERATOR, **variables: Any) -> dict[str, Any]:
    outcome = await running.execute(GraphQLRequest(query=text, variables=variables), principal)
    if outcome.errors or outcome.data is None:
        raise SystemExit(f"the query failed: {outcome.errors}")
    return dict(outcome.data)


def window(start: Micros, end: Micros) -> dict[str, str]:
    return {"from": instant.text(start), "to": instant.text(end)}


async def polled(bench: Bench, running: Gateway, minutes: int) -> None:
    await ask(running, BOARD, **window(bench.now - 7 * DAY, bench.now))
    bench.note("7 days, 12 sites, occupancy and visits: cold", "")
    for _ in range(minutes):
        bench.now += MINUTE
        await ask(running, BOARD, **window(bench.now - 7 * DAY, bench.now))
    bench.note(f"the same, polled each minute for {minutes} minutes", "4 an hour and endpoint")


async def shifted(bench: Bench, running: Gateway) -> None:
    monday = NOW // DAY * DAY - 24 * DAY
    await ask(running, BOARD, **window(monday, monday + 3 * DAY))
    bench.note("[Mon, Thu)", "")
    await ask(running, BOARD, **window(monday + DAY, monday + 4 * DAY))
    bench.note("then [Tue, Fri)", "one day")


async def crowded(bench: Bench, running: Gateway) -> None:
    start = NOW // DAY * DAY - 30 * DAY
    await asyncio.gather(*(ask(running, BOARD, **window(start, start + DAY)) for _ in range(50)))
    bench.note("one day, 50 identical queries at once, cold", "as one")


async def walked(bench: Bench, running: Gateway, field: str, member: str) -> None:
    start, rows, after = NOW // DAY * DAY - 50 * DAY, 0, None
    while True:
        text = WALK % (field, member)
        page = (await ask(running, text, after=after, **window(start, start + 5 * DAY)))[field]
        rows += len(page["edges"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    bench.note(f"walk over {rows} {field} of 5 days, 500 a page", "rows / vendor's page + 4")


async def main(mode: str) -> None:
    bench = Bench()
    settings = Settings.model_validate({"cache": mode})
    world = World(clock=bench.clock)
    async with gateway(settings, clock=bench.clock, world=world, observer=bench.observe) as running:
        await polled(bench, running, 60 if mode == "on" else 3)
        bench.now = NOW + HOUR
        await shifted(bench, running)
        await crowded(bench, running)
        await walked(bench, running, "visits", "entries")
        await walked(bench, running, "sessions", "startedAt")
    print(f"GATEWAY_CACHE={mode}\n\n| what is asked | calls made | bound |\n|---|---|---|")
    for row in bench.rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    asyncio.run(main("off" if "--off" in sys.argv else "on"))
