"""What Bespot's answers become, from the documents' own samples, and what becomes of answers that drifted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.domain import instant
from gateway.domain.errors import Malformed, Rejected, Throttled, Unavailable, UpstreamError
from gateway.domain.footfall import CodeCount, OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.window import Window
from gateway.upstream.exchange import Answer
from gateway.vendors.bespot.refusals import explain
from tests.vendors.bespot.fake import adapter, occupied, page, sample, session, visit

pytestmark = pytest.mark.anyio

DAY_OF_SESSIONS = Window(instant.parse("2021-05-12T00:00:00Z"), instant.parse("2021-05-13T00:00:00Z"))
DAY_OF_VISITS = Window(instant.parse("2023-10-26T00:00:00Z"), instant.parse("2023-10-27T00:00:00Z"))
ANYONE = SessionQuery()


def last_page(name: str) -> bytes:
    """A printed sample as if nothing followed it."""
    body = json.loads(sample(name))
    return json.dumps(body | {"next": None, "count": len(body["results"])}).encode()


def minute(text: str) -> int:
    return instant.parse(text) // MINUTE


async def test_the_documents_sessions() -> None:
    bespot, _ = adapter(last_page("dwelltime.json"))
    slice_ = await bespot.sessions(DAY_OF_SESSIONS, "000000D", ANYONE, None)
    assert (slice_.complete, slice_.total, slice_.moved) == (True, 3, False)
    first, _, open_ = slice_.body
    assert first == AppRecord(
        start=instant.parse("2021-05-12T09:40:53.570366Z"),
        id="59a6c715-f934-4f62-84f7-1e987eb5d5ba",
        code="000000D",
        started_at="2021-05-12T09:40:53.570366Z",
        ended_at="2021-05-12T09:41:43.24495Z",
        duration_seconds=49,  # cut, not rounded: the vendor's figure stands
        device_id="4a1a5c0f-1523-4194-afbf-0d17cbc9257a",
        user_id="31b3b029-0014-4702-bd65-d3323608f867",
        alternate_user_id="123456789",
    )
    assert (open_.ended_at, open_.duration_seconds) == (None, None)


async def test_the_documents_visits() -> None:
    bespot, _ = adapter(last_page("visits.json"))
    slice_ = await bespot.visits(DAY_OF_VISITS, None, None)
    start = minute("2023-10-26T12:06:00Z")
    expected = VisitColumns([start, start + 2, start + 3, start + 4], [3, 0, 1, 0], [0, 1, 2, 2], [3, -1, -1, -2])
    assert slice_.body == {"116500": expected}
    assert (slice_.complete, slice_.total) == (True, 4)


async def test_the_documents_occupancy_once_repaired() -> None:
    bespot, _ = adapter(sample("occupancy.json"))
    slice_ = await bespot.occupancy(DAY_OF_SESSIONS, "116500", None)
    start = minute("2021-05-12T09:41:00Z")
    expected = OccupancyColumns([start, start + 3, start + 9, start + 12, start + 15], [7, 9, 12, 11, 11])
    assert slice_.body == {"116500": expected}


async def test_the_occupancy_sample_as_printed_is_not_json() -> None:
    bespot, _ = adapter(sample("occupancy-as-printed.txt"))
    with pytest.raises(Malformed):
        await bespot.occupancy(DAY_OF_SESSIONS, "116500", None)


async def test_the_documents_counts() -> None:
    bespot, _ = adapter(sample("sessions-count.json"))
    assert await bespot.session_counts(DAY_OF_VISITS, None) == [CodeCount("100000", "DimitrosLab", 3)]
    bespot, _ = adapter(sample("unique-users-count.json"))
    assert await bespot.user_counts(DAY_OF_VISITS, None) == [CodeCount("100000", "DimitrosLab", 1)]


async def test_nothing_given_is_none_and_what_is_unknown_is_ignored() -> None:
    rows = [session(1, "2021-05-12T12:00:00+03:00", device_id="", brand_new={"a": [1]})]
    bespot, _ = adapter(page(rows))
    [record] = (await bespot.sessions(DAY_OF_SESSIONS, None, ANYONE, None)).body
    assert (record.device_id, record.user_id, record.alternate_user_id) == (None, None, None)
    assert record.started_at == "2021-05-12T09:00:00Z"


async def test_a_duration_without_an_end_is_not_believed() -> None:
    bespot, _ = adapter(page([session(1, "2021-05-12T12:00:00Z", visit_duration=7)]))
    [record] = (await bespot.sessions(DAY_OF_SESSIONS, None, ANYONE, None)).body
    assert record.duration_seconds is None


async def test_the_field_lists_spelling_of_visits_is_understood() -> None:
    row = {"store_code": "116500", "in": 5, "out": 2, "diff": 3, "minute": "2023-10-26T15:06:00+03:00"}
    both = visit("2023-10-26T15:07:00+03:00", 4, 1) | {"in": 4, "out": 1, "diff": 3}
    bespot, _ = adapter(page([row, both]))
    columns = (await bespot.visits(DAY_OF_VISITS, None, None)).body["116500"]
    assert (columns.entries, columns.exits, columns.nets) == ([5, 4], [2, 1], [3, 3])


async def test_a_missing_difference_is_computed_and_an_unequal_one_kept() -> None:
    missing = visit("2023-10-26T15:06:00+03:00", 5, 2)
    del missing["diff_metric"]
    bespot, _ = adapter(page([missing, visit("2023-10-26T15:07:00+03:00", 5, 2, diff_metric=9)]))
    assert (await bespot.visits(DAY_OF_VISITS, None, None)).body["116500"].nets == [3, 9]


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"in": 7}, "$.results[1].in_metric"),
        ({"out": 7}, "$.results[1].out_metric"),
        ({"diff": 7}, "$.results[1].diff_metric"),
        ({"in_metric": None}, "$.results[1].in_metric"),
        ({"out_metric": None}, "$.results[1].out_metric"),
        ({"minute": "2023-10-26T15:06:00"}, "$.results[1].minute"),
        ({"minute": "SECRET"}, "$.results[1].minute"),
    ],
)
async def test_a_visit_row_that_contradicts_itself_is_named(members: dict[str, Any], member: str) -> None:
    rows = [visit("2023-10-26T15:05:00+03:00"), visit("2023-10-26T15:06:00+03:00", 5, 2) | members]
    bespot, _ = adapter(page(rows))
    with pytest.raises(Malformed) as error:
        await bespot.visits(DAY_OF_VISITS, None, None)
    assert error.value.member == member
    assert "SECRET" not in error.value.message


@pytest.mark.parametrize("member", ["visit_start", "visit_stop"])
async def test_a_session_time_without_an_offset_is_named(member: str) -> None:
    bespot, _ = adapter(page([session(1, "2021-05-12T12:00:00Z") | {member: "2021-05-12T12:40:53.570366"}]))
    with pytest.raises(Malformed) as error:
        await bespot.sessions(DAY_OF_SESSIONS, None, ANYONE, None)
    assert error.value.member == f"$.results[0].{member}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"count": 0, "next": null, "results": {}}',
        b'{"count": 0, "results": []}',
        b'{"count": "0", "next": null, "results": []}',
        b'{"count": -1, "next": null, "results": []}',
        b'{"next": null, "results": []}',
        b'{"count": 1, "next": null, "results": [[]]}',
        b'{"count": 0, "next": null, "results": []',
        b"<html><body>SECRET</body></html>",
        page([session(1, "2021-05-12T12:00:00Z", session_id=None)]),
        page([session(1, "2021-05-12T12:00:00Z", session_id="")]),
        page([session(1, "2021-05-12T12:00:00Z", store_code=116500)]),
        page([session(1, "2021-05-12T12:00:00Z", visit_start=1620808853)]),
        page([session(1, "2021-05-12T12:00:00Z", visit_duration="49")]),
        page([session(1, "2021-05-12T12:00:00Z", user_id=5)]),
        page([{"session_id": "SECRET", "store_code": "000000D"}]),
    ],
)
async def test_a_page_of_another_shape_is_malformed(body: bytes) -> None:
    bespot, client = adapter(body)
    with pytest.raises(Malformed) as error:
        await bespot.sessions(DAY_OF_SESSIONS, None, ANYONE, None)
    assert "SECRET" not in error.value.message
    assert len(client.asks) == 1


@pytest.mark.parametrize(
    "row",
    [
        visit("2023-10-26T15:06:00+03:00", -1),
        visit("2023-10-26T15:06:00+03:00") | {"in_metric": "3"},
        visit("2023-10-26T15:06:00+03:00") | {"in_metric": 2**31},
        visit("2023-10-26T15:06:00+03:00") | {"store_code": None},
    ],
)
async def test_a_door_count_of_another_type_is_malformed(row: dict[str, Any]) -> None:
    bespot, _ = adapter(page([row]))
    with pytest.raises(Malformed):
        await bespot.visits(DAY_OF_VISITS, None, None)


async def test_occupancy_may_drift_below_zero() -> None:
    bespot, _ = adapter(page([occupied("2023-10-26T15:06:00+03:00", -2)]))
    assert (await bespot.occupancy(DAY_OF_VISITS, None, None)).body["116500"].counts == [-2]


@pytest.mark.parametrize(
    "body",
    [
        page([]),
        b'[{"store_code": "1", "count": -1}]',
        b'[{"store_code": "1", "count": 1.5}]',
        b'[{"store_code": "1"}]',
        b'[{"store_code": 1, "count": 1}]',
        b'{"detail": "x", "code": "y", "error_id": "z"}',
    ],
)
async def test_a_count_of_another_shape_is_malformed(body: bytes) -> None:
    bespot, _ = adapter(body)
    with pytest.raises(Malformed):
        await bespot.session_counts(DAY_OF_VISITS, None)


async def test_a_200_with_an_error_body_is_malformed_and_keeps_the_vendors_code() -> None:
    bespot, _ = adapter(sample("error-404.json"))
    with pytest.raises(Malformed) as error:
        await bespot.visits(DAY_OF_VISITS, None, None)
    assert (error.value.vendor_code, error.value.error_id) == ("store_code_not_found", "2ac759de3d9b62d4")
    assert "this store_code" not in error.value.message


async def test_an_unknown_store_is_a_refusal_with_its_code() -> None:
    bespot, client = adapter(lambda _: (404, sample("error-404.json")))
    with pytest.raises(Rejected) as error:
        await bespot.visits(DAY_OF_VISITS, "999999", None)
    assert (error.value.status, error.value.vendor_code) == (404, "store_code_not_found")
    assert error.value.error_id == "2ac759de3d9b62d4"
    assert len(client.asks) == 1


@pytest.mark.parametrize(
    ("status", "body", "code", "error_id"),
    [
        (401, sample("error-401.json"), "authentication_failed", "6ebbc397d56be8e3"),
        (400, b'{"detail": "x", "error_code": "bad_date"}', "bad_date", None),
        (400, b'{"code": "some prose with a name", "error_id": "abc"}', None, "abc"),
    ],
)
def test_a_refusal_keeps_code_and_id_and_no_prose(status: int, body: bytes, code: str | None, error_id: str) -> None:
    error = explain(Answer(status, {}, body))
    assert isinstance(error, Rejected)
    assert (error.status, error.vendor_code, error.error_id) == (status, code, error_id)
    assert "prose" not in error.message
    assert "Invalid" not in error.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (403, b"<html>"),
        (404, b"[1]"),
        (400, b"\xff"),
        (400, b"[" * 100_000),
        (301, sample("error-401.json")),
    ],
)
def test_what_says_nothing_is_left_to_the_pipeline(status: int, body: bytes) -> None:
    assert explain(Answer(status, {}, body)) is None


@pytest.mark.parametrize(("status", "kind"), [(429, Throttled), (500, Unavailable), (503, Unavailable)])
def test_what_may_pass_stays_retryable_and_keeps_its_id(status: int, kind: type[UpstreamError]) -> None:
    error = explain(Answer(status, {}, b'{"detail": "x", "code": "busy", "error_id": "ab12"}'))
    assert type(error) is kind
    assert (error.vendor_code, error.error_id, error.retryable) == ("busy", "ab12", True)


async def test_rows_of_other_stores_and_other_times_are_left_out() -> None:
    rows = [
        session(1, "2021-05-11T23:59:59.999999Z"),
        session(2, "2021-05-12T00:00:00Z"),
        session(3, "2021-05-12T10:00:00Z", store_code="116500"),
        session(4, "2021-05-12T23:59:59.999999Z"),
        session(5, "2021-05-13T00:00:00Z"),
    ]
    bespot, _ = adapter(page(rows))
    slice_ = await bespot.sessions(DAY_OF_SESSIONS, "000000D", ANYONE, None)
    assert [record.id for record in slice_.body] == ["session-2", "session-4"]


async def test_a_device_filter_the_vendor_ignores_is_applied_here_in_either_case() -> None:
    rows = [session(1, "2021-05-12T10:00:00Z", device_id="AB-1"), session(2, "2021-05-12T10:00:00Z")]
    bespot, _ = adapter(page(rows))
    slice_ = await bespot.sessions(DAY_OF_SESSIONS, None, SessionQuery(device_id="ab-1"), None)
    assert [record.id for record in slice_.body] == ["session-1"]


async def test_minutes_come_out_ascending_and_once_whatever_the_order() -> None:
    rows = [
        occupied("2023-10-26T15:09:00+03:00", 9),
        occupied("2023-10-26T12:06:00Z", 6, store_code="000000D"),
        occupied("2023-10-26T12:06:00Z", 1),
        occupied("2023-10-26T14:06:00+02:00", 2),
    ]
    bespot, _ = adapter(page(rows))
    body = (await bespot.occupancy(DAY_OF_VISITS, None, None)).body
    six, nine = minute("2023-10-26T12:06:00Z"), minute("2023-10-26T12:09:00Z")
    assert body == {"116500": OccupancyColumns([six, nine], [2, 9]), "000000D": OccupancyColumns([six], [6])}
