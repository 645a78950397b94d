"""Counts of few distinct people are withheld where the operator says so, and said to be."""

from __future__ import annotations

import pytest

from tests.safety.guarded import DAY, DAYS, guarded

pytestmark = pytest.mark.anyio

USERS = f"{{ uniqueUserCounts(window: {DAY}) {{ site {{ key }} count }} }}"
ONE = f'{{ site(by: {{key: "ath-116500"}}) {{ uniqueUserCount(window: {DAY}) }} }}'
DEVICES = (
    f"{{ sites {{ nodes {{ key engagement(days: {DAYS}, audiences: [EMPLOYEE, ALL]) "
    "{ points { uniqueDevices returningDevices } } } } }"
)
KPIS = (
    f"{{ presence(days: {DAYS}, kpis: [UNIQ_USERS, SESSIONS], scopes: [SITES]) "
    "{ kpi total { number } points { value { number } } } }"
)


async def test_small_counts_of_people_are_left_out_and_told() -> None:
    async with guarded() as open_gate, guarded(small_counts=1_000) as gate:
        every = (await open_gate.ask(USERS)).data["uniqueUserCounts"]
        assert any(0 < line["count"] < 1_000 for line in every)
        answer = await gate.ask(USERS)
        assert answer.errors == []
        assert answer.data["uniqueUserCounts"] == [line for line in every if not 0 < line["count"] < 1_000]
        told = {failure["message"] for failure in answer.extensions["failures"] if failure["code"] == "FORBIDDEN"}
        assert told == {"Counts of fewer than 1000 people are withheld."}
        assert (await gate.ask(ONE)).data == {"site": {"uniqueUserCount": None}}
        assert (await open_gate.ask(ONE)).data["site"]["uniqueUserCount"] > 0


async def test_small_counts_of_devices_and_kpis_are_left_out() -> None:
    async with guarded() as open_gate, guarded(small_counts=20) as gate:
        seen = [numbers((await each.ask(DEVICES)).data) for each in (open_gate, gate)]
        assert any(0 < number < 20 for number in seen[0])
        assert seen[1]
        assert not [number for number in seen[1] if 0 < number < 20]
        for kpi in ("uniqUsers", "sessions"):
            series = [s for s in (await gate.ask(KPIS)).data["presence"] if s["kpi"] == kpi]
            values = [point["value"]["number"] for each in series for point in each["points"]]
            assert series
            assert not [v for v in values if v is None or 0 < v < 20] or kpi == "sessions"


def numbers(data: object) -> list[int]:
    if isinstance(data, dict):
        return [n for value in data.values() for n in numbers(value)]
    if isinstance(data, list):
        return [n for value in data for n in numbers(value)]
    return [data] if isinstance(data, int) else []
