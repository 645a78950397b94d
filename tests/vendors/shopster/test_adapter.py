"""What goes to Shopster and what is believed of its answer, through a client that answers from a list."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import orjson
import pytest
from pydantic import SecretStr

from gateway.domain.engagement import Audience, EngagementInterval, EngagementPoint, EngagementRecord, EngagementTerms
from gateway.domain.errors import Malformed, Rejected
from gateway.domain.site import Level, ShopsterObject
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days
from gateway.settings import ShopsterSettings
from gateway.upstream.auth import HeaderCredential
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, Ask
from gateway.vendors.shopster import VENDOR
from gateway.vendors.shopster.adapter import Shopster

pytestmark = pytest.mark.anyio

SAMPLE = Path(__file__).with_name("sample.json").read_bytes()
MOSCOW = ZoneInfo("Europe/Moscow")
DAYS = Days(date(2016, 2, 1), date(2016, 2, 14))
WEEKLY = EngagementTerms(interval=EngagementInterval.WEEKLY)


class FakeClient:
    """Answers each ask with what `body` makes of it and remembers the asks."""

    vendor = VendorKey.SHOPSTER

    def __init__(self, body: Callable[[Ask], bytes]) -> None:
        self.body = body
        self.asks: list[Ask] = []

    async def ask(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        return Answer(200, {"content-type": "application/json"}, self.body(ask))


def malls(*ids: int) -> list[ShopsterObject]:
    return [ShopsterObject(number, Level.MALL) for number in ids]


def zones(*ids: int) -> Mapping[int, ZoneInfo]:
    return dict.fromkeys(ids, MOSCOW)


def shopster(body: bytes | Callable[[Ask], bytes], max_response_bytes: int = 64 << 20) -> tuple[Shopster, FakeClient]:
    client = FakeClient(body if callable(body) else lambda _: body)
    return (
        Shopster(cast("VendorClient", client), local_times=True, max_response_bytes=max_response_bytes),
        client,
    )


async def answer(report: object) -> dict[int, list[EngagementRecord]]:
    adapter, _ = shopster(orjson.dumps(report))
    return await adapter.engagement(malls(215, 1290), DAYS, WEEKLY, zones(215, 1290))


def a_row(**more: object) -> dict[str, object]:
    return {
        "datetime": "2016-02-01T00:00:00Z",
        "count_session": 8495,
        "count_client": 6689,
        "avg_session_duration": 16,
        "count_comeback_client": 1823,
        "sum_session_duration": 81725.23,
        "user_type": "all",
    } | more


async def test_one_call_carries_all_seven_arguments_and_every_object() -> None:
    adapter, client = shopster(SAMPLE)
    await adapter.engagement(malls(1290, 215), DAYS, WEEKLY, zones(215, 1290))
    [ask] = client.asks
    assert (ask.method, ask.path, ask.endpoint, ask.idempotent) == (
        "GET",
        "/reports/group_datetime",
        "group_datetime",
        True,
    )
    assert dict(ask.query) == {
        "objects": "215,1290",
        "from": "2016-02-01",
        "to": "2016-02-14",
        "interval": "weekly",
        "comeback": "2 week",
        "bounce_threshold": "5 minute",
        "engagement_threshold": "20 minute",
    }
    assert len(ask.query) == 7


async def test_the_documents_sample_reads_as_it_stands() -> None:
    adapter, _ = shopster(SAMPLE)
    found = await adapter.engagement(malls(215, 1290), DAYS, WEEKLY, zones(215, 1290))
    assert list(found) == [1290]  # 215 was asked, and left out by the vendor: no data, not zero
    assert {record.audience for record in found[1290]} == set(Audience)
    everyone = found[1290][0]
    assert everyone == EngagementRecord(
        1290,
        Audience.ALL,
        [
            EngagementPoint(1454274000000000, "2016-01-31T21:00:00Z", 8495, 6689, 1823, 960, 81725.23),
            EngagementPoint(1454878800000000, "2016-02-07T21:00:00Z", 9887, 7687, 2139, 1020, 87622.87),
        ],
    )
    [half] = [record for record in found[1290] if record.audience is Audience.HALF_ENGAGED]
    assert [point.session_count for point in half.points] == [784, 964]


async def test_one_day_is_asked_from_and_to_the_same_day() -> None:
    adapter, client = shopster(b"{}")
    day = date(2016, 2, 1)
    assert await adapter.engagement(malls(7), Days(day, day), EngagementTerms(), zones(7)) == {}
    query = dict(client.asks[0].query)
    assert (query["from"], query["to"], query["interval"]) == ("2016-02-01", "2016-02-01", "daily")


async def test_nothing_asked_costs_nothing() -> None:
    adapter, client = shopster(b"{}")
    assert await adapter.engagement([], DAYS, WEEKLY, {}) == {}
    assert client.asks == []


async def test_kinds_are_never_mixed_in_one_call() -> None:
    adapter, client = shopster(b"{}")
    mixed = [ShopsterObject(1, Level.MALL), ShopsterObject(2, Level.FLOOR)]
    with pytest.raises(ValueError, match="several kinds"):
        await adapter.engagement(mixed, DAYS, WEEKLY, zones(1, 2))
    assert client.asks == []


async def test_fifty_objects_cost_one_call() -> None:
    ids = range(1000, 1050)
    adapter, client = shopster(b"{}")
    await adapter.engagement(malls(*ids), DAYS, EngagementTerms(), zones(*ids))
    assert len(client.asks) == 1


async def test_a_thousand_objects_are_cut_by_the_length_of_the_url_and_none_is_lost() -> None:
    ids = range(100_000, 101_000)

    def echo(ask: Ask) -> bytes:
        return orjson.dumps({number: {"all": [a_row()]} for number in dict(ask.query)["objects"].split(",")})

    adapter, client = shopster(echo)
    found = await adapter.engagement(malls(*ids), DAYS, EngagementTerms(), zones(*ids))
    assert sorted(found) == list(ids)
    assert len(client.asks) == 3
    assert all(len(dict(ask.query)["objects"].replace(",", "%2C")) <= 4000 for ask in client.asks)


async def test_a_year_of_hours_is_cut_by_what_one_answer_may_weigh() -> None:
    adapter, client = shopster(b"{}", max_response_bytes=32 << 20)
    year = Days(date(2025, 1, 1), date(2025, 12, 31))
    await adapter.engagement(malls(1, 2, 3), year, EngagementTerms(EngagementInterval.HOURLY), zones(1, 2, 3))
    assert [dict(ask.query)["objects"] for ask in client.asks] == ["1,2", "3"]


async def test_unknown_categories_and_objects_are_left_out_with_one_counted_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        found = await answer({"1290": {"all": [a_row()], "robots": [a_row()]}, "99": {"all": [a_row()]}})
    assert {thing: [record.audience for record in records] for thing, records in found.items()} == {
        1290: [Audience.ALL]
    }
    assert [record.getMessage() for record in caplog.records] == [
        "shopster: left out 1 objects nobody asked for and 1 unknown categories"
    ]


async def test_an_audience_without_rows_is_a_series_without_points() -> None:
    assert await answer({"1290": {"employee": []}, "215": {}}) == {
        1290: [EngagementRecord(1290, Audience.EMPLOYEE, [])],
        215: [],
    }


async def test_unknown_members_of_a_row_do_no_harm() -> None:
    found = await answer({"1290": {"all": [a_row(newcomer=1)]}})
    assert found[1290][0].points[0].session_count == 8495


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"1290": {"all": [',
        b"null",
        b"[]",
        b'{"error": "objects of different types"}',
        b'{"errors": {}}',
        b'{"1290": []}',
        b'{"1290": {"all": {}}}',
        b'{"1290": {"all": null}}',
        orjson.dumps({"1290": {"all": [a_row(count_session="8495")]}}),
        orjson.dumps({"1290": {"all": [a_row(count_client=-1)]}}),
        orjson.dumps({"1290": {"all": [a_row(datetime="yesterday")]}}),
        orjson.dumps({"1290": {"all": [{"datetime": "2016-02-01T00:00:00Z"}]}}),
    ],
)
async def test_an_answer_of_another_shape_is_an_error_and_never_empty_data(body: bytes) -> None:
    adapter, client = shopster(body)
    with pytest.raises(Malformed) as failed:
        await adapter.engagement(malls(1290), DAYS, WEEKLY, zones(1290))
    assert failed.value.vendor is VendorKey.SHOPSTER
    assert len(client.asks) == 1


async def test_a_refusal_of_the_pipeline_reaches_the_caller() -> None:
    class Refusing(FakeClient):
        async def ask(self, ask: Ask) -> Answer:
            raise Rejected(VendorKey.SHOPSTER, "Shopster refused the request.", status=400)

    client = cast("VendorClient", Refusing(lambda _: b""))
    adapter = Shopster(client, local_times=True, max_response_bytes=1 << 20)
    with pytest.raises(Rejected) as refused:
        await adapter.engagement(malls(1290), DAYS, WEEKLY, zones(1290))
    assert refused.value.status == 400


def test_the_declaration_builds_the_port_and_signs_with_x_token() -> None:
    settings = ShopsterSettings(base_url="http://127.0.0.1:1", token=SecretStr("t0ken"))
    client = cast("VendorClient", FakeClient(lambda _: b"{}"))
    supply = VENDOR.build(settings, client, lambda: 0, True)
    assert (supply.vendor, supply.title, supply.simulated) == (VendorKey.SHOPSTER, "Shopster", True)
    assert isinstance(supply.engagement, Shopster)
    assert isinstance(VENDOR.credential(settings), HeaderCredential)
