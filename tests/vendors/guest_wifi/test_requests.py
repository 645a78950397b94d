"""What goes to the guest Wi-Fi, to the letter, and how many calls it costs."""

from __future__ import annotations

from datetime import date

import orjson
import pytest

from gateway.domain import instant
from gateway.domain.errors import InputError, Malformed, Rejected
from gateway.domain.instant import DAY, HOUR
from gateway.domain.session import SessionQuery
from gateway.domain.window import Days, Window
from gateway.upstream.exchange import Ask
from tests.vendors.guest_wifi.fake import NOW, adapter, login, page, sample

pytestmark = pytest.mark.anyio

OLD_DAY = Window(instant.parse("2026-10-05T00:00:00Z"), instant.parse("2026-10-06T00:00:00Z"))
TODAY = Window(instant.parse("2026-11-22T00:00:00Z"), instant.parse("2026-11-23T00:00:00Z"))
ANYONE = SessionQuery()


async def test_a_past_day_is_one_listing_a_day_before_and_two_days_past() -> None:
    wifi, client = adapter(page([]))
    await wifi.sessions(OLD_DAY, "oWNe6XWDPLM", ANYONE, None)
    [ask] = client.asks
    assert (ask.endpoint, ask.path, ask.method) == ("sessions", "/sessions", "GET")
    assert ask.query == (
        ("location_id", "oWNe6XWDPLM"),
        ("start_time", "2026-10-04"),
        ("end_time", "2026-10-08"),
        ("per_page", "100"),
    )


async def test_a_window_that_ends_within_a_day_counts_that_day_whole() -> None:
    wifi, client = adapter(page([]))
    await wifi.sessions(Window(OLD_DAY.start + HOUR, OLD_DAY.start + 2 * HOUR), None, ANYONE, None)
    assert client.asks[0].query == (("start_time", "2026-10-04"), ("end_time", "2026-10-08"), ("per_page", "100"))


async def test_settings_widen_the_days() -> None:
    wifi, client = adapter(page([]), margin_days=2, longest_stay_days=5)
    await wifi.sessions(OLD_DAY, None, ANYONE, None)
    assert client.asks[0].query[:2] == (("start_time", "2026-10-03"), ("end_time", "2026-10-12"))


async def test_recent_days_ask_first_who_is_online() -> None:
    wifi, client = adapter(page([]))
    await wifi.sessions(TODAY, None, ANYONE, None)
    assert [ask.query for ask in client.asks] == [
        (("start_time", "2026-11-21"), ("online", "true"), ("per_page", "100")),
        (("start_time", "2026-11-21"), ("end_time", "2026-11-25"), ("per_page", "100")),
    ]


@pytest.mark.parametrize(("end", "calls"), [(NOW - 2 * DAY, 1), (NOW - 2 * DAY + 1, 2)])
async def test_recent_means_within_the_longest_stay(end: int, calls: int) -> None:
    wifi, client = adapter(page([]))
    await wifi.sessions(Window(end - DAY, end), None, ANYONE, None)
    assert len(client.asks) == calls


@pytest.mark.parametrize("window", [OLD_DAY, TODAY])
@pytest.mark.parametrize(("online", "ended"), [(True, False), (False, True)])
async def test_a_filter_on_online_is_one_listing(window: Window, online: bool, ended: bool) -> None:
    wifi, client = adapter(page([]))
    await wifi.sessions(window, None, SessionQuery(online=online), None)
    [ask] = client.asks
    assert dict(ask.query)["online"] == str(online).lower()
    assert ("end_time" in dict(ask.query)) is ended


async def test_filters_are_pushed_down_under_the_vendors_names() -> None:
    wifi, client = adapter(page([]))
    query = SessionQuery(guest_id="ajKeDq4582W", device_mac="14:2d:27:e7:40:2b", yas_id="8f627d10", device_id="no")
    await wifi.sessions(OLD_DAY, None, query, None)
    assert client.asks[0].query[:3] == (
        ("guest_id", "ajKeDq4582W"),
        ("guest_device_mac", "14:2d:27:e7:40:2b"),
        ("yas_id", "8f627d10"),
    )


async def test_pages_are_asked_until_there_is_none() -> None:
    def respond(ask: Ask) -> tuple[int, bytes]:
        number = int(dict(ask.query).get("page", "1"))
        return 200, page([login(number, OLD_DAY.start, HOUR)], number, more=number < 3)

    wifi, client = adapter(respond)
    slice_ = await wifi.sessions(OLD_DAY, None, ANYONE, None)
    assert [record.id for record in slice_.body] == ["login-1", "login-2", "login-3"]
    assert (slice_.complete, slice_.total, slice_.sample) == (True, None, [])
    assert [dict(ask.query).get("page") for ask in client.asks] == [None, "2", "3"]
    assert {ask.path for ask in client.asks} == {"/sessions"}


async def test_an_empty_page_ends_the_list_even_with_a_link() -> None:
    def respond(ask: Ask) -> tuple[int, bytes]:
        number = int(dict(ask.query).get("page", "1"))
        return 200, page([login(1, OLD_DAY.start, HOUR)] if number == 1 else [], number, more=True)

    wifi, client = adapter(respond)
    slice_ = await wifi.sessions(OLD_DAY, None, ANYONE, None)
    assert (len(slice_.body), slice_.complete, len(client.asks)) == (1, True, 2)


async def test_a_budget_stops_after_whole_pages_with_a_sample_in_the_vendors_order() -> None:
    starts = [OLD_DAY.start + hour * HOUR for hour in (5, 3, 4, 1)]

    def respond(ask: Ask) -> tuple[int, bytes]:
        number = int(dict(ask.query).get("page", "1"))
        rows = [login(number * 2 + at, starts[number * 2 - 2 + at], HOUR) for at in (0, 1)]
        return 200, page(rows, number, more=True)

    wifi, client = adapter(respond)
    slice_ = await wifi.sessions(OLD_DAY, None, ANYONE, 3)
    assert len(client.asks) == 2
    assert (slice_.complete, slice_.total, slice_.sample) == (False, None, starts)
    assert len(slice_.body) == 4


async def test_a_budget_spent_on_those_online_still_reads_one_page_of_the_others() -> None:
    def respond(ask: Ask) -> tuple[int, bytes]:
        return 200, page([login(1, TODAY.start, None)], more=True)

    wifi, client = adapter(respond)
    slice_ = await wifi.sessions(TODAY, None, ANYONE, 1)
    assert (slice_.complete, len(client.asks)) == (False, 2)


@pytest.mark.parametrize(
    ("link", "current", "member"),
    [
        ("[[BaseUrl]]/sessions?page=1", 1, "$.links.next"),
        ("[[BaseUrl]]/sessions?page=3", 1, "$.links.next"),
        ("[[BaseUrl]]/sessions", 1, "$.links.next"),
        ("", 1, "$.links.next"),
        (None, 2, "$.meta.current_page"),
    ],
)
async def test_a_page_that_leads_elsewhere_is_malformed(link: str | None, current: int, member: str) -> None:
    body = {"data": [login(1, OLD_DAY.start, HOUR)], "links": {"next": link}, "meta": {"current_page": current}}
    wifi, client = adapter(orjson.dumps(body))
    with pytest.raises(Malformed) as error:
        await wifi.sessions(OLD_DAY, None, ANYONE, None)
    assert error.value.member == member
    assert len(client.asks) == 1


async def test_a_vendor_that_ignores_the_page_is_found_out() -> None:
    wifi, client = adapter(page([login(1, OLD_DAY.start, HOUR)], 1, more=True))
    with pytest.raises(Malformed):
        await wifi.sessions(OLD_DAY, None, ANYONE, None)
    assert len(client.asks) == 2


async def test_logins_are_counted_over_the_days_as_given() -> None:
    wifi, client = adapter(sample("count.json"))
    days = Days(date(2026, 10, 1), date(2026, 10, 31))
    assert await wifi.login_count(days, "oWNe6XWDPLM", None) == 1000
    assert await wifi.login_count(days, None, True) == 1000
    assert await wifi.login_count(days, None, False) == 1000
    since, until = ("start_time", "2026-10-01"), ("end_time", "2026-10-31")
    assert {(ask.endpoint, ask.path) for ask in client.asks} == {("sessions/count", "/sessions/count")}
    assert [ask.query for ask in client.asks] == [
        (("location_id", "oWNe6XWDPLM"), since, until),
        (since, until, ("online", "true")),
        (since, until, ("online", "false")),
    ]


async def test_addresses_are_asked_in_hundreds_joined_by_commas() -> None:
    wifi, client = adapter(b"[]")
    addresses = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(201)]
    assert await wifi.leases([*addresses, addresses[0], "FE80:0:0:0:0:0:0:1"]) == {}
    assert [ask.path.count(",") + 1 for ask in client.asks] == [100, 100, 2]
    assert client.asks[2].path == "/sessions/10.1.0.201,fe80::1"
    assert {(ask.endpoint, ask.query) for ask in client.asks} == {("sessions/ip_address", ())}


@pytest.mark.parametrize(
    "address", ["count", "../sessions", "10.1.1.5?x=1", "10.1.1.5,10.1.1.6", "fe80::1%eth0/..", ""]
)
async def test_nothing_but_an_address_gets_into_the_path(address: str) -> None:
    wifi, client = adapter(b"[]")
    with pytest.raises(InputError) as error:
        await wifi.leases(["10.1.1.5", address])
    assert client.asks == []
    assert not address or address not in error.value.message


async def test_no_addresses_and_empty_windows_ask_nothing() -> None:
    wifi, client = adapter(b"[]")
    assert await wifi.leases([]) == {}
    assert (await wifi.sessions(Window(TODAY.end, TODAY.start), None, ANYONE, None)).body == []
    assert client.asks == []


async def test_an_unknown_address_is_nobody_and_another_refusal_an_error() -> None:
    wifi, _ = adapter(lambda _: (404, b""))
    assert await wifi.leases(["10.1.1.5"]) == {}
    wifi, _ = adapter(lambda _: (403, b""))
    with pytest.raises(Rejected):
        await wifi.leases(["10.1.1.5"])


async def test_venues_are_those_of_the_last_week() -> None:
    rows = [
        login(1, NOW, HOUR, location_id="b", location_name=""),
        login(2, NOW, HOUR, location_id="b", location_name="Agora"),
        login(3, NOW, HOUR, location_id="B", location_name=None),
    ]
    wifi, client = adapter(page(rows))
    assert await wifi.locations() == [("B", None), ("b", "Agora")]
    assert [ask.query for ask in client.asks] == [(("start_time", "2026-11-15"), ("per_page", "100"))]
