"""The simulated Shopster keeps to its document, and the adapter reads it back as the world's truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.domain import instant
from gateway.domain.engagement import Audience, EngagementInterval, EngagementTerms
from gateway.domain.site import Level, ShopsterObject
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days
from gateway.sandbox.faults import Fault, Faults
from gateway.sandbox.stage import Stage
from gateway.sandbox.world import World
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, Ask
from gateway.vendors.shopster.adapter import Shopster
from gateway.vendors.shopster.sandbox import simulate

pytestmark = pytest.mark.anyio

NOW = instant.parse("2026-11-10T12:00:00Z")
PATH = "/reports/group_datetime"
ASKED = {
    "objects": "1290,215",
    "from": "2026-11-02",
    "to": "2026-11-08",
    "interval": "daily",
    "comeback": "2 week",
    "bounce_threshold": "5 minute",
    "engagement_threshold": "20 minute",
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(clock=lambda: NOW)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def shopster(world: World, faults: Faults) -> AsyncIterator[httpx.AsyncClient]:
    simulation = simulate(world, faults)
    transport = httpx.ASGITransport(Stage(simulation, faults, world))
    headers = {"x-token": simulation.settings["token"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://shopster", headers=headers) as client:
        yield client


async def report(client: httpx.AsyncClient, **changed: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    answer = await client.get(PATH, params={**ASKED, **changed})
    assert answer.status_code == 200, answer.text
    return cast("dict[str, dict[str, list[dict[str, Any]]]]", answer.json())


async def test_the_answer_is_keyed_by_object_and_category_like_the_sample(shopster: httpx.AsyncClient) -> None:
    found = await report(shopster)
    assert list(found) == ["1290", "215"]
    assert list(found["1290"]) == ["all", "bounced", "employee", "engaged", "half engaged", "passer", "visitor"]
    row = found["1290"]["half engaged"][0]
    assert row["user_type"] == "half engaged"
    assert row["datetime"] == "2026-11-02T00:00:00Z"
    assert sorted(row) == [
        "avg_session_duration",
        "count_client",
        "count_comeback_client",
        "count_session",
        "datetime",
        "sum_session_duration",
        "user_type",
    ]


async def test_visitors_are_the_people_who_came_in(shopster: httpx.AsyncClient, world: World) -> None:
    found = await report(shopster)
    place = world.shopster[1290]
    entries = [world.footfall(place, day).entries for day in Days(date(2026, 11, 2), date(2026, 11, 8))]
    assert [row["count_session"] for row in found["1290"]["visitor"]] == entries
    parts = [found["1290"][name] for name in ("bounced", "half engaged", "engaged")]
    assert [sum(row["count_session"] for row in rows) for rows in zip(*parts, strict=True)] == entries


async def test_commas_and_spaces_may_be_encoded_either_way(shopster: httpx.AsyncClient) -> None:
    rest = "interval=daily&from=2026-11-02&to=2026-11-08"
    plain = f"objects=1290,215&{rest}&comeback=2+week&bounce_threshold=5+minute&engagement_threshold=20+minute"
    encoded = plain.replace(",", "%2C").replace("+", "%20")
    first, second = [(await shopster.get(f"{PATH}?{query}")).json() for query in (plain, encoded)]
    assert first == second == await report(shopster)


@pytest.mark.parametrize("token", [None, "", "wrong"])
async def test_the_token_is_checked(shopster: httpx.AsyncClient, token: str | None) -> None:
    del shopster.headers["x-token"]
    headers = {} if token is None else {"x-token": token}
    assert (await shopster.get(PATH, params=ASKED, headers=headers)).status_code == 401


@pytest.mark.parametrize("argument", list(ASKED))
async def test_every_argument_is_needed(shopster: httpx.AsyncClient, argument: str) -> None:
    given = {name: value for name, value in ASKED.items() if name != argument}
    assert (await shopster.get(PATH, params=given)).status_code == 400


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("objects", "1290,x"),
        ("objects", "216,2161"),  # a mall and a floor
        ("from", "2026-13-01"),
        ("from", "2026-11-09"),
        ("interval", "DAILY"),
        ("comeback", "2week"),
        ("bounce_threshold", "5"),
        ("bounce_threshold", "30 minute"),
        ("engagement_threshold", "2 minute"),
    ],
)
async def test_what_is_not_a_value_is_refused(shopster: httpx.AsyncClient, argument: str, value: str) -> None:
    answer = await shopster.get(PATH, params={**ASKED, argument: value})
    assert answer.status_code == 400


async def test_objects_of_one_kind_may_share_a_question(shopster: httpx.AsyncClient) -> None:
    assert list(await report(shopster, objects="2161,2162")) == ["2161", "2162"]


async def test_equal_thresholds_leave_nobody_half_engaged(shopster: httpx.AsyncClient) -> None:
    found = await report(shopster, objects="1290", bounce_threshold="20 minute")
    assert "half engaged" not in found["1290"]


async def test_unknown_objects_are_left_out(shopster: httpx.AsyncClient) -> None:
    assert list(await report(shopster, objects="1290,77")) == ["1290"]
    assert await report(shopster, objects="77") == {}


async def test_the_autumn_day_lists_one_hour_twice(shopster: httpx.AsyncClient) -> None:
    found = await report(shopster, objects="1294", interval="hourly", **{"from": "2026-10-25", "to": "2026-10-25"})
    hours = [row["datetime"][11:13] for row in found["1294"]["passer"]]
    assert hours == ["00", "01", "02", "03", "03", *(f"{hour:02d}" for hour in range(4, 24))]
    assert {row["sum_session_duration"] for row in found["1294"]["passer"]} == {0}


async def test_weeks_are_dated_monday_and_clipped_to_the_days(shopster: httpx.AsyncClient, world: World) -> None:
    found = await report(shopster, objects="1294", interval="weekly", **{"from": "2026-10-29", "to": "2026-11-03"})
    rows = found["1294"]["visitor"]
    assert [row["datetime"] for row in rows] == ["2026-10-26T00:00:00Z", "2026-11-02T00:00:00Z"]
    place = world.shopster[1294]
    clipped = Days(date(2026, 10, 29), date(2026, 11, 1))
    assert rows[0]["count_session"] == sum(world.footfall(place, day).entries for day in clipped)


@pytest.mark.parametrize("interval", ["weekday", "weekend"])
async def test_weekdays_and_weekends_are_one_row_without_a_sum(shopster: httpx.AsyncClient, interval: str) -> None:
    found = await report(shopster, objects="1294", interval=interval)
    [row] = found["1294"]["all"]
    assert row["sum_session_duration"] == 0
    assert row["count_session"] > 0


async def test_faults_reach_the_caller(shopster: httpx.AsyncClient, faults: Faults) -> None:
    faults.on(Fault(kind="status", status=429, headers={"Retry-After": "7"}, times=1))
    answer = await shopster.get(PATH, params=ASKED)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert (await shopster.get(PATH, params=ASKED)).status_code == 200
    assert faults.calls == {PATH: 2}


class Wire:
    """A client of the pipeline's shape over the simulator, without its retries."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, ask: Ask) -> Answer:
        answer = await self._client.request(ask.method, ask.path, params=list(ask.query))
        assert answer.status_code == 200
        return Answer(answer.status_code, dict(answer.headers), answer.content)


async def test_the_adapter_reads_the_worlds_truth_back(
    shopster: httpx.AsyncClient, faults: Faults, world: World
) -> None:
    adapter = Shopster(cast("VendorClient", Wire(shopster)), local_times=True, max_response_bytes=64 << 20)
    places = [place for place in world.sites if place.shopster and place.shopster[0].kind == "mall"]
    zones = {place.shopster[0].id: ZoneInfo(place.timezone) for place in places}
    malls = [ShopsterObject(number, Level.MALL) for number in zones]
    day = date(2026, 10, 25)
    found = await adapter.engagement(malls, Days(day, day), EngagementTerms(EngagementInterval.HOURLY), zones)
    assert faults.calls == {PATH: 1}
    for place in places:
        hours = world.footfall(place, day).hours
        records = found.get(place.shopster[0].id, [])  # a day of rest has none
        visitors = [record for record in records if record.audience is Audience.VISITOR]
        counted = {point.start: point.session_count for record in visitors for point in record.points}
        assert {hour: count for hour, count in counted.items() if count} == dict(hours), place.key
    assert 1291 not in found  # closed on Sundays
    assert faults.rows[PATH] > 0
    assert found[1290][0].points[0].gross_shopping_time is None
    assert all(record.object in zones for records in found.values() for record in records)
    assert adapter.vendor is VendorKey.SHOPSTER
