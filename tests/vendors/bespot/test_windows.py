"""Splitting a window never changes the union of its rows, however the vendor orders, bounds and pages them."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import instant
from gateway.domain.instant import DAY, MINUTE, SECOND, Micros
from gateway.domain.session import SessionQuery
from gateway.domain.window import Window
from tests.vendors.bespot.fake import PagedVendor, adapter, occupied, session, visit

pytestmark = pytest.mark.anyio

START = instant.parse("2026-03-28T22:00:00Z")
WHOLE = Window(START, START + DAY)
ANYONE = SessionQuery()

microseconds = st.integers(0, DAY)
minutes = st.sets(st.integers(0, 1440), max_size=40)
cuts = st.lists(st.integers(0, DAY) | st.integers(0, 1440).map(lambda minute: minute * MINUTE), max_size=4)
clamps = st.sampled_from([1, 3, 7, 10_000])


def athens(moment: Micros) -> str:
    """As the vendor writes it, across the night the clocks go forward."""
    offset = 2 if moment < instant.parse("2026-03-29T01:00:00Z") else 3
    return instant.text(moment + offset * 3600 * SECOND)[:-1] + f"+{offset:02d}:00"


def parts(at: list[int]) -> list[Window]:
    edges = [WHOLE.start, *sorted(WHOLE.start + cut for cut in at), WHOLE.end]
    return [Window(start, end) for start, end in pairwise(edges)]


def shuffled(rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    random.Random(seed).shuffle(rows)
    return rows


@settings(max_examples=40, deadline=None)
@given(st.lists(microseconds, max_size=30), cuts, clamps, st.integers(0, 99))
async def test_sessions(starts: list[int], at: list[int], clamp: int, seed: int) -> None:
    rows = [session(number, athens(START + start)) for number, start in enumerate(starts)]
    bespot, _ = adapter(PagedVendor(shuffled(rows, seed), "visit_start", clamp))
    truth = sorted(f"session-{number}" for number, start in enumerate(starts) if start < DAY)
    found = [record.id for part in parts(at) for record in (await bespot.sessions(part, None, ANYONE, None)).body]
    assert sorted(found) == truth


@settings(max_examples=40, deadline=None)
@given(minutes, cuts, clamps, st.integers(0, 99))
async def test_visits_and_occupancy(at_minutes: set[int], at: list[int], clamp: int, seed: int) -> None:
    texts = {minute: athens(START + minute * MINUTE) for minute in at_minutes}
    truth = sorted((START // MINUTE + minute, minute) for minute in at_minutes if minute < 1440)
    counts, _ = adapter(PagedVendor(shuffled([visit(texts[m], m) for m in at_minutes], seed), "minute", clamp))
    inside, _ = adapter(PagedVendor(shuffled([occupied(texts[m], m) for m in at_minutes], seed), "minute", clamp))
    seen: list[tuple[int, int]] = []
    held: list[tuple[int, int]] = []
    for part in parts(at):
        for visits in (await counts.visits(part, None, None)).body.values():
            seen += zip(visits.minutes, visits.entries, strict=True)
        for occupancy in (await inside.occupancy(part, None, None)).body.values():
            held += zip(occupancy.minutes, occupancy.counts, strict=True)
    assert seen == truth
    assert held == truth
