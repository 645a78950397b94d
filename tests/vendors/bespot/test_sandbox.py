"""The simulator of Bespot plays the two documents, their traps included."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from gateway.domain.instant import from_datetime
from gateway.sandbox.faults import Faults
from gateway.sandbox.stage import Stage
from gateway.sandbox.world import World
from gateway.vendors.bespot.sandbox import Play, simulate

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 2, 12, 7, 30, tzinfo=UTC)
WORLD = World(clock=lambda: from_datetime(NOW))  # it stands still, so all tests can share it
DAY = {"datetime_gte": "2026-10-30T00:00:00Z", "datetime_lte": "2026-10-30T23:59:59.999999Z"}
VISITS = "/bi/acquisition-metrics/visits/"
OCCUPANCY = "/bi/acquisition-metrics/occupancy/"
SESSIONS = "/bi/dwelltime/"
COUNT = "/bi/sessions-count/"
USERS = "/bi/unique-users-count/"


class Bespot:
    """The simulator in process, with a client that has its credentials."""

    def __init__(self, client: httpx.AsyncClient, faults: Faults) -> None:
        self.client = client
        self.faults = faults

    async def ask(self, path: str, **params: str) -> httpx.Response:
        return await self.client.get("http://vendor/api" + path, params=params)

    async def read(self, path: str, **params: str) -> Any:
        answer = await self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def played(play: Play | None = None) -> AsyncIterator[Bespot]:
    faults = Faults()
    simulation = simulate(WORLD, faults, play)
    transport = httpx.ASGITransport(Stage(simulation, faults, WORLD))
    auth = (simulation.settings["username"], simulation.settings["password"])
    async with httpx.AsyncClient(transport=transport, auth=auth) as client:
        yield Bespot(client, faults)


@pytest.fixture
async def bespot() -> AsyncIterator[Bespot]:
    async with played() as vendor:
        yield vendor


async def test_a_page_has_the_envelope_and_the_members_of_the_document(bespot: Bespot) -> None:
    page = await bespot.read(SESSIONS, **DAY, store_code="000000D", page_size="3")
    assert list(page) == ["count", "next", "previous", "results"]
    assert page["count"] == len((await bespot.read(SESSIONS, **DAY, store_code="000000D"))["results"]) > 3
    assert [list(row) for row in page["results"]] == 3 * [
        ["session_id", "store_code", "device_id", "user_id", "alt_user_id", "visit_start", "visit_stop",
         "visit_duration"]
    ]  # fmt: skip
    row = (await bespot.read(VISITS, **DAY, store_code="116500", page_size="1"))["results"][0]
    assert list(row) == ["store_code", "in_metric", "out_metric", "diff_metric", "minute"]
    row = (await bespot.read(OCCUPANCY, **DAY, store_code="116500", page_size="1"))["results"][0]
    assert list(row) == ["store_code", "occupancy_metric", "minute"]


async def test_links_are_plain_http_on_a_foreign_host(bespot: Bespot) -> None:
    asked = {**DAY, "store_code": "116500", "page_size": "4"}
    first = await bespot.read(VISITS, **asked)
    assert first["previous"] is None
    assert first["next"] == (
        "http://api.opap.bespot.io/api/bi/acquisition-metrics/visits/?datetime_gte=2026-10-30T00%3A00%3A00Z"
        "&datetime_lte=2026-10-30T23%3A59%3A59.999999Z&page=2&page_size=4&store_code=116500"
    )
    second = await bespot.read(VISITS, **asked, page="2")
    assert "page=3&" in second["next"]
    assert "page=" not in second["previous"].replace("page_size=", "")


async def test_walking_the_pages_is_the_whole_list_and_ends_with_null(bespot: Bespot) -> None:
    whole = await bespot.read(VISITS, **DAY, page_size="10000")
    assert whole["next"] is None
    assert whole["count"] == len(whole["results"]) > 4000
    rows, page = [], 1
    while True:
        part = await bespot.read(VISITS, **DAY, page=str(page))
        rows += part["results"]
        if part["next"] is None:
            break
        assert len(part["results"]) == 1000
        page += 1
    assert rows == whole["results"]
    assert bespot.faults.calls == {VISITS: page + 1}
    assert bespot.faults.rows == {VISITS: 2 * whole["count"]}


async def test_sizes_are_cut_to_ten_thousand_and_a_page_past_the_end_is_another_404(bespot: Bespot) -> None:
    window = {"datetime_gte": "2026-10-20T00:00:00Z", "datetime_lte": "2026-11-01T00:00:00Z"}
    assert len((await bespot.read(VISITS, **window, page_size="50000"))["results"]) == 10_000
    assert len((await bespot.read(VISITS, **window, page_size="many"))["results"]) == 1000
    beyond = await bespot.ask(VISITS, **window, page="999")
    assert (beyond.status_code, beyond.json()["code"]) == (404, "not_found")
    nothing = await bespot.read(VISITS, datetime_gte="2020-01-01T00:00:00Z", datetime_lte="2020-01-02T00:00:00Z")
    assert nothing == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize("path", [SESSIONS, COUNT, USERS, VISITS, OCCUPANCY])
async def test_refusals_have_the_form_of_the_document(bespot: Bespot, path: str) -> None:
    unknown = await bespot.ask(path, **DAY, store_code="nope")
    assert unknown.status_code == 404
    assert unknown.json() | {"error_id": "x"} == {
        "detail": "Store with this store_code not found.", "code": "store_code_not_found", "error_id": "x",
    }  # fmt: skip
    stranger = await bespot.client.get("http://vendor/api" + path, auth=("sandbox", "wrong"))
    assert stranger.status_code == 401
    assert stranger.json()["code"] == "authentication_failed"
    assert (await bespot.ask(path, datetime_gte="2026-10-30T00:00:00Z")).status_code == 400
    assert (await bespot.ask(path, datetime_gte="yesterday", datetime_lte="now")).status_code == 400


async def test_without_the_slash_one_is_sent_away_in_clear(bespot: Bespot) -> None:
    answer = await bespot.ask("/bi/acquisition-metrics/occupancy", store_code="116500")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"http://api.opap.bespot.io/api{OCCUPANCY}?store_code=116500"


async def test_both_bounds_belong_to_the_window(bespot: Bespot) -> None:
    rows = (await bespot.read(VISITS, **DAY, store_code="116500"))["results"]
    moments = [datetime.fromisoformat(row["minute"]).astimezone(UTC) for row in rows[3:6]]
    asked = {"datetime_gte": moments[0].isoformat(), "datetime_lte": moments[-1].isoformat(), "store_code": "116500"}
    assert (await bespot.read(VISITS, **asked))["results"] == rows[3:6]
    session = (await bespot.read(SESSIONS, **DAY, store_code="116500"))["results"][0]
    exact = {"datetime_gte": session["visit_start"], "datetime_lte": session["visit_start"], "store_code": "116500"}
    assert (await bespot.read(SESSIONS, **exact))["results"] == [session]


async def test_times_carry_the_offset_of_the_place_through_the_change_of_the_clocks(bespot: Bespot) -> None:
    window = {"datetime_gte": "2026-10-24T20:00:00Z", "datetime_lte": "2026-10-25T22:30:00Z", "store_code": "100000"}
    minutes = [row["minute"] for row in (await bespot.read(VISITS, **window, page_size="10000"))["results"]]
    assert {minute[-6:] for minute in minutes} == {"+03:00", "+02:00"}
    moments = [datetime.fromisoformat(minute) for minute in minutes]
    assert all(earlier < later for earlier, later in pairwise(moments))
    sessions = (await bespot.read(SESSIONS, **DAY, store_code="300210"))["results"]
    assert all(row["visit_start"].endswith("-04:00") and len(row["visit_start"]) == 32 for row in sessions)


async def test_sessions_have_empty_texts_no_end_or_truncated_seconds(bespot: Bespot) -> None:
    rows = (await bespot.read(SESSIONS, **DAY))["results"]
    assert "" in {row["user_id"] for row in rows}
    assert "" in {row["alt_user_id"] for row in rows}
    assert any(row["visit_stop"] is None for row in rows)
    for row in rows:
        if row["visit_stop"] is None:
            assert row["visit_duration"] is None
        else:
            stay = datetime.fromisoformat(row["visit_stop"]) - datetime.fromisoformat(row["visit_start"])
            assert row["visit_duration"] == stay // timedelta(seconds=1)


async def test_a_device_filter_narrows_sessions_but_not_the_anonymous_counter(bespot: Bespot) -> None:
    rows = (await bespot.read(SESSIONS, **DAY))["results"]
    device = rows[0]["device_id"]
    mine = await bespot.read(SESSIONS, **DAY, device_id=device)
    assert mine["results"] == [row for row in rows if row["device_id"] == device]
    assert await bespot.read(VISITS, **DAY, device_id=device, page_size="9") == {
        **await bespot.read(VISITS, **DAY, page_size="9"),
        "next": (await bespot.read(VISITS, **DAY, device_id=device, page_size="9"))["next"],
    }


async def test_counts_are_bare_arrays_that_leave_out_stores_without_any(bespot: Bespot) -> None:
    rows = (await bespot.read(SESSIONS, **DAY, page_size="10000"))["results"]
    counts = await bespot.read(COUNT, **DAY)
    assert {row["store_code"]: row["count"] for row in counts} == {
        code: sum(row["store_code"] == code for row in rows) for code in {row["store_code"] for row in rows}
    }
    assert {"999001", "00009X", "116501", "116502"} <= {row["store_code"] for row in counts}
    assert counts[0] == {"name": "Athens, Ermou", "store_code": "116500", "count": counts[0]["count"]}
    users = {row["store_code"]: row["count"] for row in await bespot.read(USERS, **DAY)}
    assert users["116500"] == len({row["device_id"] for row in rows if row["store_code"] == "116500"})
    night = {"datetime_gte": "2026-10-30T02:00:00Z", "datetime_lte": "2026-10-30T03:00:00Z"}
    assert {row["store_code"] for row in await bespot.read(COUNT, **night)} <= {"100000"}
    assert await bespot.read(COUNT, **night, store_code="116500") == []


async def test_the_counter_keeps_back_what_it_has_not_published(bespot: Bespot) -> None:
    today = {"datetime_gte": "2026-11-02T00:00:00Z", "datetime_lte": "2026-11-02T23:00:00Z", "store_code": "100000"}
    for path in (VISITS, OCCUPANCY):
        last = (await bespot.read(path, **today))["results"][-1]["minute"]
        assert datetime.fromisoformat(last) < datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
        assert datetime.fromisoformat(last) > datetime(2026, 11, 2, 11, 45, tzinfo=UTC)


async def test_rows_tell_the_facts_of_the_world(bespot: Bespot) -> None:
    place, door = WORLD.bespot["116502"]
    facts = WORLD.visits(place, date(2026, 10, 30), door)
    rows = (await bespot.read(VISITS, **DAY, store_code="116502"))["results"]
    assert [from_datetime(datetime.fromisoformat(row["minute"])) for row in rows] == list(facts.minutes)
    assert [(row["in_metric"], row["out_metric"]) for row in rows] == list(zip(facts.entries, facts.exits, strict=True))
    assert all(row["diff_metric"] == row["in_metric"] - row["out_metric"] for row in rows)
    measured = WORLD.occupancy(place, date(2026, 10, 30), door)
    rows = (await bespot.read(OCCUPANCY, **DAY, store_code="116502"))["results"]
    assert [row["occupancy_metric"] for row in rows] == list(measured.inside)


@pytest.mark.parametrize("order", ["store", "time", "newest", "shuffled"])
async def test_the_same_rows_come_in_any_order_a_vendor_may_choose(order: Any) -> None:
    async with played() as plain, played(Play(minute_order=order, session_order=order)) as other:
        for path in (VISITS, SESSIONS):
            here = [str(row) for row in (await plain.read(path, **DAY, page_size="10000"))["results"]]
            there = [str(row) for row in (await other.read(path, **DAY, page_size="10000"))["results"]]
            assert sorted(here) == sorted(there)
            assert (here == there) == (order == ("store" if path == VISITS else "time"))
            again = (await other.read(path, **DAY, page_size="500", page="2"))["results"]
            assert [str(row) for row in again] == there[500:1000]


async def test_a_window_selects_sessions_by_start_end_overlap_or_both() -> None:
    at = (await one_session("100000", 5))["visit_start"]
    moment = datetime.fromisoformat(at)
    asked = {
        "datetime_gte": (moment + timedelta(seconds=1)).isoformat(),
        "datetime_lte": (moment + timedelta(minutes=40)).isoformat(),
        "store_code": "100000",
    }
    found = {}
    for by in ("start", "end", "overlap", "contain"):
        async with played(Play(sessions_by=by)) as vendor:
            found[by] = {row["session_id"] for row in (await vendor.read(SESSIONS, **asked))["results"]}
    assert found["contain"] == found["start"] & found["end"]
    assert found["start"] | found["end"] <= found["overlap"]
    assert found["end"] - found["start"]


async def one_session(code: str, at: int) -> Any:
    async with played() as vendor:
        rows = (await vendor.read(SESSIONS, **DAY, store_code=code))["results"]
        return [row for row in rows if row["visit_stop"]][at]


async def test_the_field_list_may_be_right_and_the_sample_wrong() -> None:
    async with played(Play(short_names=True)) as vendor:
        row = (await vendor.read(VISITS, **DAY, page_size="1"))["results"][0]
    assert list(row) == ["store_code", "in", "out", "diff", "minute"]


async def test_a_page_of_ten_thousand_rows_is_cheap(bespot: Bespot) -> None:
    window = {"datetime_gte": "2026-10-20T00:00:00Z", "datetime_lte": "2026-11-01T00:00:00Z", "page_size": "10000"}
    await bespot.ask(VISITS, **window)
    begin = time.process_time()
    assert (await bespot.ask(VISITS, **window)).status_code == 200
    assert time.process_time() - begin < 0.3  # 25 ms on a quiet machine


async def test_bounds_may_name_any_offset_or_none(bespot: Bespot) -> None:
    here = await bespot.read(COUNT, datetime_gte="2026-10-30T10:00:00Z", datetime_lte="2026-10-30T12:00:00Z")
    assert here == await bespot.read(
        COUNT, datetime_gte="2026-10-30T12:00:00+02:00", datetime_lte="2026-10-30T12:00:00"
    )
