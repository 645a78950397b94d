"""How many calls a read costs, and that no page is lost, doubled or believed too much."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.domain import instant
from gateway.domain.errors import Malformed, Rejected
from gateway.domain.session import SessionQuery
from gateway.domain.window import Window
from gateway.upstream.exchange import Ask
from gateway.vendors.bespot.pages import AT_ONCE
from tests.vendors.bespot.fake import PagedVendor, adapter, link_to, page, sample, session

pytestmark = pytest.mark.anyio

WINDOW = Window(instant.parse("2021-05-12T00:00:00Z"), instant.parse("2021-05-13T00:00:00Z"))
ANYONE = SessionQuery()


def rows(count: int) -> list[dict[str, Any]]:
    return [session(number, f"2021-05-12T{number // 60:02d}:{number % 60:02d}:00Z") for number in range(count)]


def page_of(ask: Ask) -> int:
    return int(dict(ask.query).get("page", "1"))


async def test_one_page_costs_one_call() -> None:
    bespot, client = adapter(PagedVendor(rows(1000), "visit_start"))
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert (len(slice_.body), slice_.complete, slice_.total, slice_.sample) == (1000, True, 1000, [])
    assert len(client.asks) == 1


async def test_a_page_exactly_full_is_the_whole_even_with_a_link() -> None:
    bespot, client = adapter(page(rows(3), 3, link_to(2)))
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, 3)
    assert (len(slice_.body), slice_.complete, len(client.asks)) == (3, True, 1)


async def test_a_clamping_vendor_is_read_to_the_end_by_its_own_page_length() -> None:
    bespot, client = adapter(PagedVendor(rows(1000), "visit_start", clamp=130))
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert [record.id for record in slice_.body] == [f"session-{number}" for number in range(1000)]
    assert (slice_.complete, slice_.total, slice_.moved) == (True, 1000, False)
    assert sorted(page_of(ask) for ask in client.asks) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {dict(ask.query)["page_size"] for ask in client.asks} == {"10000"}


async def test_a_budget_stops_after_one_page_with_a_sample_in_the_vendors_order() -> None:
    shuffled = rows(40)[::-1]
    bespot, client = adapter(PagedVendor(shuffled, "visit_start"))
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, 3)
    assert len(client.asks) == 1
    assert (slice_.complete, slice_.total, slice_.moved) == (False, 40, False)
    assert [record.id for record in slice_.body] == ["session-39", "session-38", "session-37"]
    assert slice_.sample == [instant.parse(f"2021-05-12T00:{minute}:00Z") for minute in (39, 38, 37)]


async def test_a_vendor_that_selects_by_end_gives_no_total_for_a_part() -> None:
    bespot, _ = adapter(PagedVendor(rows(40), "visit_start"), session_window="end")
    assert (await bespot.sessions(WINDOW, None, ANYONE, 3)).total is None
    assert (await bespot.sessions(WINDOW, None, ANYONE, None)).total == 40


async def test_rows_met_twice_count_once_and_the_later_one_stands() -> None:
    again = session(1, "2021-05-12T00:01:00Z", visit_stop="2021-05-12T00:02:00Z", visit_duration=60)

    def respond(ask: Ask) -> tuple[int, bytes]:
        return 200, page(rows(2), 3, link_to(2)) if page_of(ask) == 1 else page([again], 3)

    bespot, client = adapter(respond)
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert [(record.id, record.duration_seconds) for record in slice_.body] == [("session-0", None), ("session-1", 60)]
    assert len(client.asks) == 2


async def test_a_count_that_changes_starts_over_once() -> None:
    asked: list[int] = []

    def respond(ask: Ask) -> tuple[int, bytes]:
        asked.append(page_of(ask))
        if asked == [1]:
            return 200, page(rows(4)[:2], 3, link_to(2))
        return 200, page(rows(4)[:2], 4, link_to(2)) if page_of(ask) == 1 else page(rows(4)[2:], 4)

    bespot, _ = adapter(respond)
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert asked == [1, 2, 1, 2]
    assert (len(slice_.body), slice_.complete, slice_.moved, slice_.total) == (4, True, False, 4)


async def test_a_count_that_keeps_changing_is_told() -> None:
    asked: list[int] = []

    def respond(ask: Ask) -> tuple[int, bytes]:
        asked.append(page_of(ask))
        return 200, page(rows(2), 2 + len(asked), link_to(2)) if page_of(ask) == 1 else page(
            rows(4)[2:], 2 + len(asked)
        )

    bespot, _ = adapter(respond)
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert len(asked) <= 6
    assert (slice_.complete, slice_.moved, slice_.total) == (True, True, None)
    assert len(slice_.body) == 4


async def test_a_page_past_the_end_means_the_rows_moved() -> None:
    asked: list[int] = []

    def respond(ask: Ask) -> tuple[int, bytes]:
        asked.append(page_of(ask))
        if page_of(ask) == 2:
            return 404, b'{"detail": "Invalid page.", "code": "not_found", "error_id": "1"}'
        return 200, page(rows(2), 3, link_to(2)) if asked == [1] else page(rows(2))

    bespot, _ = adapter(respond)
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert asked == [1, 2, 1]
    assert (len(slice_.body), slice_.moved, slice_.total) == (2, False, 2)


async def test_an_unknown_store_on_a_later_page_is_still_a_refusal() -> None:
    def respond(ask: Ask) -> tuple[int, bytes]:
        return (200, page(rows(1), 2, link_to(2))) if page_of(ask) == 1 else (404, sample("error-404.json"))

    bespot, client = adapter(respond)
    with pytest.raises(Rejected) as error:
        await bespot.sessions(WINDOW, None, ANYONE, None)
    assert error.value.vendor_code == "store_code_not_found"
    assert len(client.asks) == 2


async def test_a_failing_page_stops_the_others() -> None:
    def respond(ask: Ask) -> tuple[int, bytes]:
        if page_of(ask) == 1:
            return 200, page(rows(1), 500, link_to(2))
        return 403, b""

    bespot, client = adapter(respond)
    with pytest.raises(Rejected):
        await bespot.sessions(WINDOW, None, ANYONE, None)
    assert len(client.asks) == 1 + AT_ONCE


@pytest.mark.parametrize(
    "link",
    [
        link_to(1),
        link_to(3),
        link_to(0),
        "http://api.opap.bespot.io/api/bi/dwelltime/",
        "http://api.opap.bespot.io/api/bi/dwelltime/?page=two",
        "garbage",
        "",
    ],
)
async def test_a_link_that_leads_elsewhere_is_malformed(link: str) -> None:
    bespot, client = adapter(page(rows(2), 9, link))
    with pytest.raises(Malformed) as error:
        await bespot.sessions(WINDOW, None, ANYONE, None)
    assert error.value.member == "$.next"
    assert len(client.asks) == 1


@pytest.mark.parametrize(
    "link", ["http://169.254.169.254/?page=2", "https://evil.example/x?page=2&page_size=1", "?page=2"]
)
async def test_of_a_link_only_the_page_number_is_believed(link: str) -> None:
    def respond(ask: Ask) -> tuple[int, bytes]:
        return 200, page(rows(2), 3, link) if page_of(ask) == 1 else page(rows(3)[2:], 3)

    bespot, client = adapter(respond)
    assert len((await bespot.sessions(WINDOW, "000000D", ANYONE, None)).body) == 3
    first, second = client.asks
    assert second.path == first.path
    assert second.query == (*first.query, ("page", "2"))


async def test_an_empty_page_with_a_next_one_is_malformed() -> None:
    bespot, client = adapter(page([], 9, link_to(2)))
    with pytest.raises(Malformed):
        await bespot.sessions(WINDOW, None, ANYONE, None)
    assert len(client.asks) == 1


async def test_fewer_rows_than_counted_without_a_next_page_is_told_after_a_second_look() -> None:
    bespot, client = adapter(page(rows(2), 9))
    slice_ = await bespot.sessions(WINDOW, None, ANYONE, None)
    assert (len(slice_.body), slice_.moved, slice_.total, len(client.asks)) == (2, True, None, 2)
