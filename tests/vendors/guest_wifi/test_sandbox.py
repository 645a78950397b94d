"""The simulator of the guest Wi-Fi plays its document, its traps included."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.domain.instant import from_datetime
from gateway.sandbox.faults import Faults
from gateway.sandbox.stage import Stage
from gateway.sandbox.world import World
from gateway.vendors.guest_wifi.sandbox import Play, simulate

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 2, 12, 7, 30, tzinfo=UTC)
WORLD = World(clock=lambda: from_datetime(NOW))  # it stands still, so all tests can share it
ERMOU = "oWNe6XWDPLM"
UNLIMITED = Play(calls_per_minute=None)


class Wifi:
    """The simulator in process, with a client that has its token. `seconds`: the clock of its call limits."""

    def __init__(self, client: httpx.AsyncClient, faults: Faults) -> None:
        self.client = client
        self.faults = faults
        self.seconds = 1000.0

    async def ask(self, path: str, **params: str) -> httpx.Response:
        return await self.client.get("http://vendor/api/v1" + path, params=params)

    async def read(self, path: str, **params: str) -> Any:
        answer = await self.ask(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def all(self, **params: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page = 1
        while True:
            part = await self.read("/sessions", **params, per_page="100", page=str(page))
            rows += part["data"]
            if part["links"]["next"] is None:
                return rows
            page += 1


@asynccontextmanager
async def played(play: Play | None = None) -> AsyncIterator[Wifi]:
    faults = Faults()
    async with httpx.AsyncClient() as nobody:
        wifi = Wifi(nobody, faults)
        simulation = simulate(WORLD, faults, play, lambda: wifi.seconds)
        headers = {"authorization": f"Bearer {simulation.settings['token']}"}
        transport = httpx.ASGITransport(Stage(simulation, faults, WORLD))
        async with httpx.AsyncClient(transport=transport, headers=headers) as client:
            wifi.client = client
            yield wifi


@pytest.fixture
async def wifi() -> AsyncIterator[Wifi]:
    async with played(UNLIMITED) as vendor:
        yield vendor


def start(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["start_time"])


async def test_a_page_has_the_envelope_and_the_members_of_the_document(wifi: Wifi) -> None:
    page = await wifi.read("/sessions", location_id=ERMOU, page="2")
    assert len(page["data"]) == 10
    assert page["links"] == {
        "first": "[[BaseUrl]]/sessions?page=1", "last": None,
        "prev": "[[BaseUrl]]/sessions?page=1", "next": "[[BaseUrl]]/sessions?page=3",
    }  # fmt: skip
    assert page["meta"] == {
        "current_page": 2, "from": 11, "path": "[[BaseUrl]]/sessions", "per_page": 10, "to": 20,
    }  # fmt: skip
    assert list(page["data"][0]) == [
        "id", "location_id", "location_name", "guest_device_description", "guest_device_mac", "guest_device_ip",
        "access_code", "login_type_name", "service_profile_name", "total_duration", "downloaded_data",
        "uploaded_data", "connection_status", "connection_status_value", "start_time", "start_time_formatted",
        "end_time", "end_time_formatted", "guest_id", "yas_id",
    ]  # fmt: skip


async def test_pages_hold_a_hundred_at_most_and_walking_them_is_the_count(wifi: Wifi) -> None:
    assert (await wifi.read("/sessions", per_page="500"))["meta"]["per_page"] == 100
    rows = await wifi.all(location_id=ERMOU)
    assert len({row["id"] for row in rows}) == len(rows) > 500
    assert await wifi.read("/sessions/count", location_id=ERMOU, per_page="5") == {"count": len(rows)}
    beyond = await wifi.read("/sessions", location_id=ERMOU, page="9999")
    assert (beyond["data"], beyond["links"]["next"], beyond["meta"]["from"]) == ([], None, None)


async def test_one_venue_is_asked_for_by_its_exact_id(wifi: Wifi) -> None:
    for location, name in ((ERMOU, "Athens, Ermou"), ("oWNe6XWDPLm", "Thessaloniki, Tsimiski")):
        rows = (await wifi.read("/sessions", location_id=location))["data"]
        assert {(row["location_id"], row["location_name"]) for row in rows} == {(location, name)}
    assert (await wifi.read("/sessions", location_id="OWNE6XWDPLM"))["data"] == []
    assert len({row["location_id"] for row in await wifi.all(start_time="2026-10-30")}) == 11


async def test_days_are_utc_and_included_and_open_sessions_have_not_ended(wifi: Wifi) -> None:
    every = await wifi.all(location_id=ERMOU)
    begin, end = datetime(2026, 10, 30, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    started = await wifi.all(location_id=ERMOU, start_time="2026-10-30")
    assert started == [row for row in every if start(row) >= begin]
    between = await wifi.all(location_id=ERMOU, start_time="2026-10-30", end_time="2026-10-31")
    assert between == [row for row in started if row["end_time"] and datetime.fromisoformat(row["end_time"]) < end]
    assert any(row["end_time"] is None for row in started)
    assert await wifi.read("/sessions/count", end_time="2026-11-03", online="true") == {"count": 0}


async def test_the_days_own_bounds_may_be_read_the_other_way() -> None:
    strict = Play(start_day_included=False, end_day_included=False, calls_per_minute=None)
    async with played(UNLIMITED) as wide, played(strict) as narrow:
        assert await narrow.all(start_time="2026-10-29", end_time="2026-11-01") == await wide.all(
            start_time="2026-10-30", end_time="2026-10-31"
        )
    async with played(Play(local_days=True, calls_per_minute=None)) as local:
        rows = await local.all(location_id=ERMOU, start_time="2026-10-30")
        assert min(map(start, rows)) >= datetime(2026, 10, 29, 21, tzinfo=UTC)


async def test_online_tells_the_open_from_the_closed(wifi: Wifi) -> None:
    online = await wifi.all(online="true", start_time="2026-10-30")
    offline = await wifi.all(online="false", start_time="2026-10-30")
    assert {(row["connection_status"], row["connection_status_value"], row["end_time"]) for row in online} == {
        ("Online", 1, None)
    }
    assert {(row["connection_status"], row["connection_status_value"]) for row in offline} == {("Offline", 0)}
    assert len(online) + len(offline) == len(await wifi.all(start_time="2026-10-30"))
    assert len({row["location_id"] for row in online}) == 11


async def test_sizes_and_durations_are_texts_and_times_are_told_twice(wifi: Wifi) -> None:
    rows = await wifi.all(location_id=ERMOU, online="false")
    assert all(
        re.fullmatch(r"\d+\.\d\d (kB|MB|GB)|\d+ B", row[f"{way}loaded_data"]) for row in rows for way in ("down", "up")
    )
    for row in rows:
        hours, minutes, seconds = map(int, row["total_duration"].split(":"))
        stay = datetime.fromisoformat(row["end_time"]) - start(row)
        assert timedelta(hours=hours, minutes=minutes, seconds=seconds) == stay
    assert max(row["total_duration"] for row in rows) > "24:00:00"
    first = rows[-1]
    assert first["start_time"].endswith("+00:00")
    shown = datetime.strptime(first["start_time_formatted"] + " +0300", "%Y-%m-%d %I:%M %p %z")
    assert shown == start(first).replace(second=0)
    assert first["start_time_formatted"][11] != "0"


async def test_filters_by_person_and_device(wifi: Wifi) -> None:
    rows = await wifi.all(location_id=ERMOU)
    for name in ("guest_id", "guest_device_mac", "yas_id"):
        value = rows[0][name]
        assert await wifi.all(**{name: value}) == [row for row in rows if row[name] == value]


async def test_one_address_is_an_object_and_several_are_an_array(wifi: Wifi) -> None:
    first, second = [row["guest_device_ip"] for row in (await wifi.all(online="true"))[:2]]
    one = await wifi.read(f"/sessions/{first}")
    assert list(one) == ["ip_address", "username", "name", "email", "duration"]
    assert (one["ip_address"], one["email"].endswith("@example.com")) == (first, True)
    many = await wifi.read(f"/sessions/{second},10.99.99.99,{first}")
    assert [row["ip_address"] for row in many] == [second, first]
    assert many[1] == one
    assert await wifi.read("/sessions/10.99.99.98,10.99.99.99") == []
    assert (await wifi.ask("/sessions/10.99.99.99")).status_code == 404
    assert (await wifi.ask("/sessions/" + ",".join(f"10.0.0.{n}" for n in range(101)))).status_code == 422
    assert wifi.faults.calls["/sessions/*"] == 5


async def test_the_single_object_may_lack_its_address() -> None:
    async with played(Play(address_of_one=False)) as vendor:
        address = (await vendor.read("/sessions", online="true"))["data"][0]["guest_device_ip"]
        assert list(await vendor.read(f"/sessions/{address}")) == ["username", "name", "email", "duration"]


async def test_each_endpoint_takes_sixty_calls_in_any_minute() -> None:
    async with played() as vendor:
        for call in range(60):
            vendor.seconds = 1000 + call / 2
            await vendor.read("/sessions", per_page="1", location_id=ERMOU)
        refused = await vendor.ask("/sessions")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "31")
        assert refused.json() == {"message": "Too Many Attempts."}
        assert (await vendor.ask("/sessions/count", location_id=ERMOU)).status_code == 200
        vendor.seconds = 1060.2
        assert (await vendor.ask("/sessions", location_id=ERMOU)).status_code == 200
        assert (await vendor.ask("/sessions", location_id=ERMOU)).status_code == 429


async def test_a_wrong_token_and_wrong_filters_are_refused(wifi: Wifi) -> None:
    stranger = await wifi.client.get("http://vendor/api/v1/sessions", headers={"authorization": "Bearer x"})
    assert (stranger.status_code, stranger.json()) == (401, {"message": "Unauthenticated."})
    for wrong in ({"start_time": "30/10/2026"}, {"online": "maybe"}, {"per_page": "ten"}):
        assert (await wifi.ask("/sessions", **wrong)).status_code == 422
    assert (await wifi.ask("/guests")).status_code == 404
    assert (await wifi.ask("/sessions", end_time="9999-12-31", start_time="0001-01-01")).status_code == 200


@pytest.mark.parametrize("order", ["oldest", "shuffled"])
async def test_the_same_rows_come_in_any_order_a_vendor_may_choose(order: Any) -> None:
    async with played(UNLIMITED) as plain, played(Play(order=order, calls_per_minute=None)) as other:
        here, there = [await vendor.all(location_id=ERMOU) for vendor in (plain, other)]
    assert [row["id"] for row in here] != [row["id"] for row in there]
    assert {row["id"] for row in here} == {row["id"] for row in there}
