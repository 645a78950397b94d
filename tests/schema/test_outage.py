"""A vendor away for longer than its newest end may be told of: what is kept is the answer, and says it is short."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.sandbox.faults import Fault
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import running

pytestmark = pytest.mark.anyio

DOWN = Fault(kind="status", status=503)
MIDNIGHT = NOON // DAY * DAY
YESTERDAY = MIDNIGHT - DAY


def asked(field: str, start: Micros, end: Micros, rest: str) -> str:
    window = f'window: {{from: "{instant.text(start)}", to: "{instant.text(end)}"}}'
    return f"{{ {field}({window}, {rest} coverage {{ vendor state asOf stale code }} }} }}"


def bespot(answer: Any, field: str) -> dict[str, Any]:
    (line,) = [
        line for line in answer.data[field]["coverage"] if line["vendor"] == "BESPOT" and line["state"] != "NOT_COVERED"
    ]
    told: dict[str, Any] = line
    return told


@pytest.mark.parametrize(("field", "value"), [("visits", "entries"), ("occupancy", "peak")])
async def test_hours_that_are_kept_are_told_and_those_that_are_not_are_left_out(field: str, value: str) -> None:
    clock = Hands(NOON)
    query = asked(field, MIDNIGHT, NOON + 6 * HOUR, f"granularity: HOUR, first: 500) {{ nodes {{ startsAt {value} }}")
    async with running("bespot", cache="on", clock=clock, days=10, stores=4) as graph:
        fresh = await graph.ask(query)
        graph.faults("bespot").on(DOWN)
        clock.now = NOON + 3 * HOUR
        short = await graph.ask(query)
        assert short.errors == []
        kept = instant.text(NOON // HOUR * HOUR)  # published quarters are good for a day
        assert short.data[field]["nodes"] == [node for node in fresh.data[field]["nodes"] if node["startsAt"] < kept]
        line = bespot(short, field)
        assert (line["state"], line["code"], line["stale"]) == ("PARTIAL", "UPSTREAM_UNAVAILABLE", True)
        assert instant.parse(line["asOf"]) <= NOON
        assert [(f["vendor"], f["code"], f["path"]) for f in short.failures] == [
            ("BESPOT", "UPSTREAM_UNAVAILABLE", [field])
        ]
        graph.faults("bespot").off()
        clock.now += 5 * MINUTE
        await asyncio.sleep(3.1)  # for the breaker to let one through
        well = await graph.ask(query)
        assert bespot(well, field)["state"] == "COMPLETE"
        assert len(well.data[field]["nodes"]) > len(short.data[field]["nodes"])


async def test_totals_with_a_part_missing_are_not_told() -> None:
    clock = Hands(NOON)
    query = asked(
        "visits", MIDNIGHT, NOON + 6 * HOUR, "granularity: HOUR, first: 500) { totals { net } totalCount nodes { net }"
    )
    async with running("bespot", cache="on", clock=clock, days=10, stores=4) as graph:
        await graph.ask(query)
        graph.faults("bespot").on(DOWN)
        clock.now = NOON + 3 * HOUR
        short = await graph.ask(query)
    assert short.errors == []
    assert short.data["visits"]["nodes"]
    assert (short.data["visits"]["totals"], short.data["visits"]["totalCount"]) == (None, None)


@pytest.mark.parametrize("rest", ["first: 5000)", "last: 500)"])
async def test_a_window_of_which_one_day_is_kept_is_answered_with_that_day(rest: str) -> None:
    async with running("bespot", cache="on", days=10, stores=4) as graph:
        one = await graph.ask(
            asked(
                "visits",
                YESTERDAY - DAY,
                YESTERDAY,
                "granularity: DAY, first: 500) { nodes { startsAt net site { key } }",
            )
        )
        graph.faults("bespot").on(DOWN)
        wider = asked(
            "visits",
            YESTERDAY - 3 * DAY,
            YESTERDAY + DAY,
            f"granularity: QUARTER_HOUR, {rest} {{ nodes {{ startsAt net }}",
        )
        short = await graph.ask(wider)
        assert short.errors == []
        told = short.data["visits"]["nodes"]
        assert told
        assert all(YESTERDAY - DAY <= instant.parse(node["startsAt"]) < YESTERDAY for node in told)
        assert bespot(short, "visits")["state"] == "PARTIAL"
        nothing = await graph.ask(
            asked("visits", YESTERDAY - 3 * DAY, YESTERDAY - 2 * DAY, "granularity: HOUR) { nodes { net }")
        )
    assert one.errors == []
    assert (nothing.data["visits"], nothing.codes) == (None, ["UPSTREAM_UNAVAILABLE"])


@pytest.mark.parametrize("noun", ["visits", "sessions"])
@pytest.mark.parametrize("newest", [False, True])
async def test_minutes_and_sessions_are_told_as_far_as_they_are_known(noun: str, newest: bool) -> None:
    if noun == "visits":
        rest = f"granularity: MINUTE, {'last' if newest else 'first'}: 5000) {{ nodes {{ startsAt net }}"
    else:
        order = ", direction: DESC" if newest else ""
        rest = f"first: 5000{order}) {{ nodes {{ id }}"
    async with running("bespot", cache="on", days=10, stores=4) as graph:
        kept = await graph.ask(asked(noun, YESTERDAY - DAY, YESTERDAY, rest))
        assert kept.errors == []
        graph.faults("bespot").on(DOWN)
        start, end = (YESTERDAY - 2 * DAY, YESTERDAY) if newest else (YESTERDAY - DAY, YESTERDAY + DAY)
        short = await graph.ask(asked(noun, start, end, rest))
        assert short.errors == []
        assert short.data[noun]["nodes"] == kept.data[noun]["nodes"]
        assert bespot(short, noun)["state"] == "PARTIAL"
        assert [failure["code"] for failure in short.failures if failure["vendor"] == "BESPOT"] == [
            "UPSTREAM_UNAVAILABLE"
        ]
        lost = await graph.ask(asked(noun, start - 5 * DAY, start - 4 * DAY, rest))
    assert (lost.data[noun], lost.codes) == (None, ["UPSTREAM_UNAVAILABLE"])


async def test_refused_credentials_are_never_covered_up() -> None:
    async with running("bespot", cache="on", days=10, stores=4) as graph:
        day = "granularity: HOUR, first: 500) { nodes { net }"
        await graph.ask(asked("visits", YESTERDAY - DAY, YESTERDAY, day))
        graph.faults("bespot").on(Fault(kind="status", status=401, body=""))
        refused = await graph.ask(asked("visits", YESTERDAY - DAY, YESTERDAY + DAY, day))
    assert (refused.data["visits"], refused.codes) == (None, ["UPSTREAM_REJECTED"])
