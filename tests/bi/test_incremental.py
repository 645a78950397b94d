"""`since`: a chain of loads over a day makes the table that one load at its end would have made, row for row."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

import orjson
import pytest
from pydantic import SecretStr

from gateway.domain import instant
from gateway.domain.instant import HOUR, MINUTE
from gateway.sandbox.world import Visits, World
from gateway.settings import Settings
from tests.bi.conftest import Clock, Doors, opened

pytestmark = pytest.mark.anyio

START = instant.parse("2026-11-20T00:00:00Z")
END = START + 24 * HOUR


@pytest.fixture
async def moving() -> AsyncIterator[Doors]:
    """A gateway whose clock the test turns; nothing is kept between its questions."""
    clock = Clock(END + 30 * HOUR)
    world = World(clock=clock, days=6)
    async for doors in opened(Settings(cache="off"), clock, world):
        yield doors


async def _load(doors: Doors, table: str, **more: str) -> tuple[list[dict[str, Any]], str]:
    window = {"from": instant.text(START), "to": instant.text(END)}
    answer = await doors.client.get(f"/export/{table}.ndjson", params={**window, **more})
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()], answer.headers["x-watermark"]


@pytest.mark.parametrize(
    ("table", "more"),
    [
        ("visits", {"site": "ath-116500"}),
        ("visits", {"granularity": "HOUR"}),
        ("occupancy", {"granularity": "QUARTER_HOUR", "site": "ath-116500"}),
        ("occupancy", {"granularity": "DAY"}),
    ],
)
async def test_a_chain_of_loads_makes_the_whole_table(moving: Doors, table: str, more: dict[str, str]) -> None:
    held: dict[tuple[str, str], dict[str, Any]] = {}
    final: set[tuple[str, str]] = set()
    since: dict[str, str] = {}
    for hours in (6.3, 9.1, 12.0, 12.4, 18.75, 24.2, 30.0):
        moving.clock.now = START + int(hours * HOUR)
        rows, mark = await _load(moving, table, **more, **since)
        for row in rows:
            key = (row["site_key"], row["starts_at"])
            assert key not in final, "a final row came twice"
            held[key] = row
            if row["final"]:
                final.add(key)
        since = {"since": mark}
    whole, _ = await _load(moving, table, **more)
    assert whole
    assert sorted(held.values(), key=_place) == sorted(whole, key=_place)


async def test_open_sessions_come_again_once_they_are_closed(moving: Doors) -> None:
    held: dict[str, dict[str, Any]] = {}
    closed: set[str] = set()
    since: dict[str, str] = {}
    again = 0
    for minutes in (10 * 60, 10 * 60 + 7, 11 * 60, 13 * 60, 19 * 60, 24 * 60, 50 * 60):
        moving.clock.now = START + minutes * MINUTE
        rows, mark = await _load(moving, "sessions", **since)
        for row in rows:
            assert row["session_id"] not in closed, "a closed session came twice"
            again += row["session_id"] in held
            held[row["session_id"]] = row
            if row["status"] == "CLOSED":
                closed.add(row["session_id"])
        since = {"since": mark}
    whole, _ = await _load(moving, "sessions")
    assert again > 0
    assert held == {row["session_id"]: row for row in whole}


class Correcting(World):
    """A counter that comes back to its minutes: for 25 minutes each counts one too many, and every seventh is late."""

    def visits(self, *where: Any, **more: Any) -> Visits:
        found = super().visits(*where, **more)
        now = self.now()
        kept = [at for at, minute in enumerate(found.minutes) if minute // MINUTE % 7 or minute + 20 * MINUTE <= now]
        young = [found.minutes[at] + 25 * MINUTE > now for at in kept]
        entries = [found.entries[at] + new for at, new in zip(kept, young, strict=True)]
        picked = [array(found.minutes.typecode, [column[at] for at in kept]) for column in (found.minutes, found.exits)]
        return Visits(picked[0], array(found.entries.typecode, entries), picked[1])


@pytest.mark.parametrize("cache", ["off", "on"])
@pytest.mark.parametrize("more", [{"granularity": "MINUTE"}, {"granularity": "QUARTER_HOUR"}, {"granularity": "HOUR"}])
async def test_a_chain_outlives_restarts_and_late_corrections(
    cache: Literal["on", "off"], more: dict[str, str]
) -> None:
    """Each load is asked of another gateway, as after a restart or of another replica."""
    clock = Clock(START)
    world = Correcting(clock=clock, days=6)
    held: dict[tuple[str, str], dict[str, Any]] = {}
    final: set[tuple[str, str]] = set()
    since: dict[str, str] = {}
    corrected = 0
    settings = Settings(cache=cache, pseudonym_key=SecretStr("5a" * 32))
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(asynccontextmanager(opened)(settings, clock, world)) for _ in "ab"]
        for number, hours in enumerate((7.1, 9.0, 9.2, 9.4, 12.0, 15.3, 15.4, 20.0, 24.6, 25.0)):
            clock.now = START + int(hours * HOUR)
            rows, mark = await _load(replicas[number % 2], "visits", **more, **since)
            for row in rows:
                key = (row["site_key"], row["starts_at"])
                assert key not in final, "a final row came twice"
                corrected += held.get(key, row) != {**row, "final": False} and key in held
                held[key] = row
                if row["final"]:
                    final.add(key)
            since = {"since": mark}
    async for truth in opened(settings, clock, world):
        whole, _ = await _load(truth, "visits", **more)
    assert corrected
    assert len(final) == len(whole)
    assert sorted(held.values(), key=_place) == sorted(whole, key=_place)


async def test_a_second_load_asks_only_for_what_may_have_changed(moving: Doors) -> None:
    moving.clock.now = START + 12 * HOUR
    first, mark = await _load(moving, "visits", site="ath-116500")
    moving.clock.now += HOUR
    second, _ = await _load(moving, "visits", site="ath-116500", since=mark)
    assert len(second) < len(first) / 2
    assert min(row["starts_at"] for row in second) >= "2026-11-20T11:30:00Z"


@pytest.mark.parametrize("wrong", ["", "x", "a.b", "AcBTPWI_QPhGu2S1gV_9qMPdB2HZsFj6XZSLNJ4.eNqbfp6BLWGT36ITDA"])
async def test_garbage_is_no_watermark(moving: Doors, wrong: str) -> None:
    window = {"from": instant.text(START), "to": instant.text(END)}
    answer = await moving.get("/export/visits.csv", **window, since=wrong)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] in ("BAD_CURSOR", "BAD_USER_INPUT")


async def test_a_watermark_goes_with_its_table_and_filters(moving: Doors) -> None:
    _, mark = await _load(moving, "visits", site="ath-116500")
    window = {"from": instant.text(START), "to": instant.text(END), "since": mark}
    assert (await moving.get("/export/visits.csv", **window)).status_code == 400
    assert (await moving.get("/export/occupancy.csv", **window, site="ath-116500")).status_code == 400
    assert (await moving.get("/export/visits.csv", **window, site="ath-116500")).status_code == 200
    assert (await moving.get("/export/sites.csv", since=mark)).status_code == 400


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row["starts_at"], row["site_key"]
