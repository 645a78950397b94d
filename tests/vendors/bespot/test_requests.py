"""What goes to Bespot, to the letter: paths, bounds and pairs."""

from __future__ import annotations

import pytest

from gateway.domain import instant
from gateway.domain.session import SessionQuery
from gateway.domain.window import Window
from tests.vendors.bespot.fake import adapter, page

pytestmark = pytest.mark.anyio

WINDOW = Window(instant.parse("2021-05-12T09:40:00Z"), instant.parse("2021-05-12T13:05:00+03:00"))
GTE = ("datetime_gte", "2021-05-12T09:40:00Z")
LTE = ("datetime_lte", "2021-05-12T10:04:59.999999Z")
ANYONE = SessionQuery()


async def test_sessions_are_asked_with_utc_bounds_and_the_largest_page() -> None:
    bespot, client = adapter(page([]))
    await bespot.sessions(WINDOW, "000000D", SessionQuery(device_id="4a1a5c0f", guest_id="ignored"), None)
    [ask] = client.asks
    assert (ask.endpoint, ask.path, ask.method) == ("dwelltime", "/bi/dwelltime/", "GET")
    assert ask.query == (("store_code", "000000D"), GTE, LTE, ("device_id", "4a1a5c0f"), ("page_size", "10000"))


async def test_without_a_code_every_store_is_asked() -> None:
    bespot, client = adapter(page([]))
    await bespot.sessions(WINDOW, None, ANYONE, None)
    assert client.asks[0].query == (GTE, LTE, ("page_size", "10000"))


@pytest.mark.parametrize(("budget", "size"), [(1, "1"), (0, "1"), (500, "500"), (10_000, "10000"), (70_000, "10000")])
async def test_a_budget_is_the_page_size_within_the_vendors_bounds(budget: int, size: str) -> None:
    bespot, client = adapter(page([]))
    await bespot.visits(WINDOW, None, budget)
    assert client.asks[0].query[-1] == ("page_size", size)


async def test_the_door_counter_is_never_asked_about_a_device() -> None:
    bespot, client = adapter(page([]))
    await bespot.visits(WINDOW, "116500", None)
    await bespot.occupancy(WINDOW, "116500", None)
    assert [(ask.endpoint, ask.path) for ask in client.asks] == [
        ("visits", "/bi/acquisition-metrics/visits/"),
        ("occupancy", "/bi/acquisition-metrics/occupancy/"),
    ]
    for ask in client.asks:
        assert ask.query == (("store_code", "116500"), GTE, LTE, ("page_size", "10000"))


async def test_counts_use_the_path_of_their_heading() -> None:
    bespot, client = adapter(b"[]")
    await bespot.session_counts(WINDOW, "100000")
    await bespot.user_counts(WINDOW, None)
    assert [(ask.endpoint, ask.path, ask.query) for ask in client.asks] == [
        ("sessions-count", "/bi/sessions-count/", (("store_code", "100000"), GTE, LTE)),
        ("unique-users-count", "/bi/unique-users-count/", (GTE, LTE)),
    ]


async def test_rows_are_counted_for_the_price_of_one() -> None:
    bespot, client = adapter(page([{"anything": 1}], count=1440))
    assert await bespot.visit_rows(WINDOW, "116500") == 1440
    assert await bespot.occupancy_rows(WINDOW, "116500") == 1440
    assert [ask.path for ask in client.asks] == [
        "/bi/acquisition-metrics/visits/",
        "/bi/acquisition-metrics/occupancy/",
    ]
    assert {ask.query for ask in client.asks} == {(("store_code", "116500"), GTE, LTE, ("page_size", "1"))}


async def test_a_margin_moves_the_upper_bound_of_sessions_only() -> None:
    bespot, client = adapter(page([]), session_window="end", window_margin=3600)
    await bespot.sessions(WINDOW, None, ANYONE, None)
    await bespot.visits(WINDOW, None, None)
    assert client.asks[0].query[1] == ("datetime_lte", "2021-05-12T11:04:59.999999Z")
    assert client.asks[1].query[1] == LTE


async def test_a_fraction_has_six_digits_and_a_whole_second_none() -> None:
    bespot, client = adapter(page([]))
    start = instant.parse("2021-05-12T09:40:00.5Z")
    await bespot.visits(Window(start, start + 500_001), None, None)
    assert client.asks[0].query[:2] == (
        ("datetime_gte", "2021-05-12T09:40:00.500000Z"),
        ("datetime_lte", "2021-05-12T09:40:01Z"),
    )


async def test_an_empty_window_asks_nothing() -> None:
    bespot, client = adapter(page([]))
    empty = Window(WINDOW.end, WINDOW.start)
    assert (await bespot.sessions(empty, None, ANYONE, None)).body == []
    assert (await bespot.visits(empty, None, None)).body == {}
    assert (await bespot.occupancy(empty, None, None)).body == {}
    assert await bespot.session_counts(empty, None) == []
    assert await bespot.visit_rows(empty, "116500") == 0
    assert client.asks == []


def test_the_counter_speaks_for_the_last_published_quarter_hour() -> None:
    bespot, _ = adapter(b"", publish_lag=120)
    at = instant.parse
    assert bespot.as_of(at("2021-05-12T10:17:00Z")) == at("2021-05-12T10:15:00Z")
    assert bespot.as_of(at("2021-05-12T10:16:59Z")) == at("2021-05-12T10:00:00Z")
