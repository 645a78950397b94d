"""Splitting a window never changes the union of its rows, whether the vendor's days are in or out of its filters."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, SECOND
from gateway.domain.session import SessionQuery
from gateway.domain.window import Window
from gateway.upstream.exchange import Ask
from tests.vendors.guest_wifi.fake import DayVendor, adapter, login

pytestmark = pytest.mark.anyio

START = instant.parse("2026-11-18T00:00:00Z")
NOW = START + 3 * DAY + 12 * HOUR
WHOLE = Window(START, START + 4 * DAY)

Stay = tuple[int, int | None]
starts = st.integers(-HOUR // SECOND, 4 * DAY // SECOND).map(lambda second: second * SECOND)
stays = st.integers(0, 2 * DAY // SECOND).map(lambda second: second * SECOND)
logins = st.lists(st.tuples(starts, stays), max_size=15)
online = st.lists(st.integers(0, 2 * DAY // SECOND).map(lambda second: second * SECOND), max_size=4)
cuts = st.lists(st.integers(0, 4 * DAY) | st.integers(0, 4).map(lambda day: day * DAY), max_size=3)


@settings(max_examples=60, deadline=None)
@given(logins, online, cuts, st.booleans(), st.sampled_from([1, 3, 100]), st.integers(0, 99))
async def test_sessions(
    closed: list[tuple[int, int]], open_for: list[int], at: list[int], inclusive: bool, clamp: int, seed: int
) -> None:
    known: list[Stay] = [*closed, *((NOW - START - age, None) for age in open_for)]
    rows = [login(number, START + start, stay) for number, (start, stay) in enumerate(known)]
    random.Random(seed).shuffle(rows)
    wifi, _ = adapter(DayVendor(rows, inclusive, clamp), now=NOW)
    edges = [WHOLE.start, *sorted(WHOLE.start + cut for cut in at), WHOLE.end]
    found = [
        record.id
        for start, end in pairwise(edges)
        for record in (await wifi.sessions(Window(start, end), None, SessionQuery(), None)).body
    ]
    truth = [f"login-{number}" for number, (start, _) in enumerate(known) if 0 <= start < 4 * DAY]
    assert sorted(found) == sorted(truth)


async def test_a_login_that_closes_between_the_two_listings_is_not_lost() -> None:
    row = login(1, NOW - HOUR, None)
    vendor = DayVendor([row], inclusive=True)
    asked: list[bool] = []

    def respond(ask: Ask) -> tuple[int, bytes]:
        if asked:
            row.update(login(1, NOW - HOUR, HOUR))
        asked.append(True)
        return vendor(ask)

    wifi, _ = adapter(respond, now=NOW)
    [found] = (await wifi.sessions(WHOLE, None, SessionQuery(), None)).body
    assert (found.online, found.ended_at, len(asked)) == (False, instant.text(NOW), 2)
