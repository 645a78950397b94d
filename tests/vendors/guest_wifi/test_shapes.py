"""What the guest Wi-Fi's answers become, from the document's own samples, and what becomes of answers that drifted."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from gateway.domain import instant
from gateway.domain.errors import Malformed
from gateway.domain.instant import HOUR
from gateway.domain.session import GuestLease, SessionQuery, WifiRecord
from gateway.domain.window import Days, Window
from gateway.vendors.guest_wifi import wire
from gateway.vendors.guest_wifi.mapping import seconds, size
from tests.vendors.guest_wifi.fake import adapter, login, page, sample

pytestmark = pytest.mark.anyio

DAY = Window(instant.parse("2017-01-05T00:00:00Z"), instant.parse("2017-01-06T00:00:00Z"))
ANYONE = SessionQuery()
ONE = GuestLease("10.1.1.5", "C6D144DE", "Guest One", "guest.one@example.com", 42)
TWO = GuestLease("10.1.1.6", "A1B2C3D4", "Guest Two", "guest.two@example.com", 120)


async def record(**members: Any) -> WifiRecord:
    wifi, _ = adapter(page([login(1, DAY.start, HOUR, **members)]))
    [only] = (await wifi.sessions(DAY, None, ANYONE, None)).body
    return only


async def test_the_documents_session() -> None:
    body = json.loads(sample("sessions.json"))
    body["links"]["next"] = None
    wifi, _ = adapter(json.dumps(body).encode())
    slice_ = await wifi.sessions(DAY, "oWNe6XWDPLM", ANYONE, None)
    assert slice_.body == [
        WifiRecord(
            start=instant.parse("2017-01-05T06:50:55Z"),
            id="pR3zOKmvzqe",
            code="oWNe6XWDPLM",
            started_at="2017-01-05T06:50:55Z",
            ended_at="2017-01-05T07:00:00Z",
            duration_seconds=545,
            online=False,
            device_description="WebKit",
            login_type="Registration",
            service_profile="Default Service Profile - 60 Minute(s)",
            downloaded_bytes=3_340_000,
            uploaded_bytes=900_580,
            device_mac="14:2d:27:e7:40:2b",
            device_ip="172.31.98.114",
            guest_id="ajKeDq4582W",
            yas_id="8f627d10-1abc-44d8-b964-a7816388173a",
        )
    ]


def test_the_voucher_has_no_field() -> None:
    assert "access_code" not in {field.encode_name for field in msgspec.structs.fields(wire.GuestSession)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:09:05", 545),
        ("25:00:01", 90_001),
        ("100:00:00", 360_000),
        ("0:00:07", 7),
        ("00:60:00", None),
        ("00:09", None),
        ("9 min", None),
        ("-1:00:00", None),
        ("\u0661\u0661:00:00", None),
        ("", None),
    ],
)
def test_durations(text: str, expected: int | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("3.34 MB", 1000, 3_340_000),
        ("900.58 kB", 1000, 900_580),
        ("900.58 KB", 1000, 900_580),
        ("1.64 GB", 1000, 1_640_000_000),
        ("1.64 GB", 1024, 1_760_936_591),
        ("0 B", 1000, 0),
        ("12B", 1000, 12),
        ("2 TB", 1000, 2_000_000_000_000),
        ("9 PB", 1000, 9_000_000_000_000_000),
        ("10 PB", 1000, None),  # past what a JSON number holds
        ("3,34 MB", 1000, None),
        ("3.34 MiB", 1000, None),
        ("3.34", 1000, None),
        ("1e9 MB", 1000, None),
        ("-1 MB", 1000, None),
        ("NaN MB", 1000, None),
        ("", 1000, None),
    ],
)
def test_sizes(text: str, base: int, expected: int | None) -> None:
    assert size(text, base) == expected


async def test_what_cannot_be_read_is_none_and_counted_by_member() -> None:
    rows = [login(1, DAY.start, HOUR, total_duration="soon", downloaded_data="3,34 MB", uploaded_data="")]
    wifi, _ = adapter(page(rows))
    [only] = (await wifi.sessions(DAY, None, ANYONE, None)).body
    assert (only.duration_seconds, only.downloaded_bytes, only.uploaded_bytes) == (None, None, None)
    assert wifi.unreadable == {"total_duration": 1, "downloaded_data": 1}


@pytest.mark.parametrize(
    ("value", "text", "online"),
    [
        (0, "Offline", False),
        (1, "Online", True),
        (0, "Online", False),
        (2, "", True),
        (None, "Online", True),
        (None, "online", True),
        (None, "Offline", False),
        (None, None, False),
        (None, "Desconectado", False),
    ],
)
async def test_the_status_value_tells_and_the_text_only_without_it(
    value: int | None, text: str | None, online: bool
) -> None:
    found = await record(connection_status_value=value, connection_status=text)
    assert found.online is online


async def test_empty_texts_are_none_and_an_open_login_has_no_duration() -> None:
    found = await record(
        end_time="", guest_id="", yas_id="", guest_device_mac="", guest_device_ip="", login_type_name=""
    )
    assert (found.ended_at, found.duration_seconds) == (None, None)
    assert (found.guest_id, found.yas_id, found.device_mac, found.login_type) == (None,) * 4


async def test_a_row_without_an_id_gets_one_that_lasts_and_tells_nothing() -> None:
    first = await record(id=None)
    later = await record(id="", end_time=None, start_time="2017-01-05T03:00:00+03:00")
    other = await record(id=None, guest_id="ajKeDq4582w")
    assert first.id == later.id != other.id
    assert len(first.id) == 32
    assert "ajKeDq4582W" not in first.id


async def test_the_older_edition_of_the_row_is_enough() -> None:
    wifi, _ = adapter(page([{"location_id": "oWNe6XWDPLM", "start_time": "2017-01-05T06:50:55+00:00"}]))
    [only] = (await wifi.sessions(DAY, None, ANYONE, None)).body
    assert (only.code, only.online, only.ended_at, only.downloaded_bytes) == ("oWNe6XWDPLM", False, None, None)


async def test_ids_of_venues_are_compared_exactly_and_rows_trimmed_to_the_window() -> None:
    rows = [
        login(1, DAY.start - 1, HOUR),
        login(2, DAY.start, HOUR),
        login(3, DAY.start, HOUR, location_id="owne6xwdplm"),
        login(4, DAY.end - 1, HOUR),
        login(5, DAY.end, HOUR),
    ]
    wifi, _ = adapter(page(rows))
    slice_ = await wifi.sessions(DAY, "oWNe6XWDPLM", ANYONE, None)
    assert [found.id for found in slice_.body] == ["login-2", "login-4"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (SessionQuery(guest_id="G1"), ["login-1"]),
        (SessionQuery(guest_id="g1"), []),
        (SessionQuery(device_mac="14-2D"), []),
        (SessionQuery(device_mac="14:2D"), ["login-1"]),
        (SessionQuery(yas_id="Y1"), ["login-1"]),
        (SessionQuery(online=True), ["login-2"]),
        (SessionQuery(online=False), ["login-1"]),
    ],
)
async def test_a_filter_the_vendor_ignores_is_applied_here(query: SessionQuery, found: list[str]) -> None:
    rows = [
        login(1, DAY.start, HOUR, guest_id="G1", guest_device_mac="14:2d", yas_id="y1"),
        login(2, DAY.start, None, guest_device_mac=None, yas_id=None),
    ]
    wifi, _ = adapter(page(rows))
    slice_ = await wifi.sessions(DAY, None, query, None)
    assert [found.id for found in slice_.body] == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"message": "SECRET"}',
        b'{"data": [], "links": {}, "meta": {"current_page": 1}}',
        b'{"data": [], "links": {"next": null}}',
        b'{"data": {}, "links": {"next": null}, "meta": {"current_page": 1}}',
        b'{"data": [], "links": {"next": null}, "meta": {"current_page": "1"}}',
        b"<html>SECRET</html>",
        page([{"location_id": "SECRET"}]),
        page([login(1, DAY.start, HOUR, location_id=None)]),
        page([login(1, DAY.start, HOUR, start_time=1483599055)]),
        page([login(1, DAY.start, HOUR, total_duration=545)]),
        page([login(1, DAY.start, HOUR, connection_status_value="SECRET")]),
    ],
)
async def test_a_page_of_another_shape_is_malformed(body: bytes) -> None:
    wifi, client = adapter(body)
    with pytest.raises(Malformed) as error:
        await wifi.sessions(DAY, None, ANYONE, None)
    assert "SECRET" not in error.value.message
    assert len(client.asks) == 1


@pytest.mark.parametrize("member", ["start_time", "end_time"])
@pytest.mark.parametrize("text", ["2017-01-05T06:50:55", "2017-01-05 9:50 AM", "0001-01-01T00:00:00+10:00"])
async def test_a_time_that_is_no_instant_is_named(member: str, text: str) -> None:
    wifi, _ = adapter(page([login(1, DAY.start, HOUR), login(2, DAY.start, HOUR) | {member: text}]))
    with pytest.raises(Malformed) as error:
        await wifi.sessions(DAY, None, ANYONE, None)
    assert error.value.member == f"$.data[1].{member}"
    assert text not in error.value.message


@pytest.mark.parametrize("body", [b"[]", b"1000", b"{}", b'{"count": "1"}', b'{"count": -1}', b'{"count": null}'])
async def test_a_count_of_another_shape_is_malformed(body: bytes) -> None:
    wifi, _ = adapter(body)
    with pytest.raises(Malformed):
        await wifi.login_count(Days(date(2017, 1, 1), date(2017, 1, 2)), None, None)


async def test_one_address_is_an_object_and_two_an_array() -> None:
    wifi, _ = adapter(sample("one-address.json"))
    assert await wifi.leases(["10.1.1.5"]) == {"10.1.1.5": ONE}
    wifi, _ = adapter(sample("two-addresses.json"))
    assert await wifi.leases(["10.1.1.6", "10.1.1.5"]) == {"10.1.1.5": ONE, "10.1.1.6": TWO}


async def test_the_shapes_may_come_the_other_way_round() -> None:
    wifi, _ = adapter(b"  " + sample("two-addresses.json"))
    assert await wifi.leases(["10.1.1.5"]) == {"10.1.1.5": ONE}
    wifi, _ = adapter(sample("one-address.json"))
    assert await wifi.leases(["10.1.1.9", "10.1.1.5"]) == {"10.1.1.5": ONE}


async def test_an_answer_without_an_address_is_about_the_only_one_asked() -> None:
    body = json.loads(sample("one-address.json"))
    del body["ip_address"]
    wifi, _ = adapter(json.dumps(body).encode())
    assert await wifi.leases(["10.1.1.5"]) == {"10.1.1.5": ONE}
    with pytest.raises(Malformed):
        await wifi.leases(["10.1.1.5", "10.1.1.6"])


async def test_an_answer_about_somebody_else_is_about_nobody_asked() -> None:
    wifi, _ = adapter(sample("one-address.json"))
    assert await wifi.leases(["10.1.1.7"]) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"null",
        b'{"message": "SECRET"}',
        b'[{"ip_address": "SECRET", "username": "", "name": "", "email": "", "duration": 1}]',
        b'{"ip_address": "10.1.1.5", "username": "", "name": "", "email": "", "duration": "SECRET"}',
    ],
)
async def test_a_lease_of_another_shape_is_malformed(body: bytes) -> None:
    wifi, _ = adapter(body)
    with pytest.raises(Malformed) as error:
        await wifi.leases(["10.1.1.5"])
    assert "SECRET" not in error.value.message
