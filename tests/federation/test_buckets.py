"""Civil buckets: they cover time without gap or overlap, in every zone, on days of any length."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import instant
from gateway.domain.instant import MINUTE
from gateway.federation.buckets import Granularity, bucket, buckets, buckets_back
from tests.federation.fakes import at

ZONES = (
    "Europe/Athens",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "America/Havana",
    "Pacific/Apia",
    "Asia/Beirut",
    "UTC",
)
CIVIL = [g for g in Granularity if g is not Granularity.MINUTE]
FIRST, LAST = at("2010-01-01T00:00:00Z") // MINUTE, at("2027-12-31T00:00:00Z") // MINUTE


def of(zone: str, granularity: Granularity, text: str) -> tuple[str, str]:
    start, end = bucket(ZoneInfo(zone), granularity, at(text) // MINUTE)
    return instant.text(start * MINUTE), instant.text(end * MINUTE)


@pytest.mark.parametrize(
    ("zone", "inside", "start", "end", "hours"),
    [
        ("Europe/Athens", "2026-10-25T12:00:00Z", "2026-10-24T21:00:00Z", "2026-10-25T22:00:00Z", 25),
        ("Europe/Athens", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z", 23),
        ("America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
        ("America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
        ("Australia/Lord_Howe", "2026-04-04T20:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 24.5),
        ("Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 23.5),
        ("Asia/Kathmandu", "2026-06-01T12:00:00Z", "2026-05-31T18:15:00Z", "2026-06-01T18:15:00Z", 24),
        # midnight does not exist: the day begins at one o'clock
        ("Africa/Cairo", "2026-04-24T06:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z", 23),
        ("America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", 23),
        # midnight happens twice: the day before has 25 hours
        ("America/Sao_Paulo", "2019-02-16T20:00:00Z", "2019-02-16T02:00:00Z", "2019-02-17T03:00:00Z", 25),
        ("America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
        # a whole day was left out
        ("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", 24),
        ("Pacific/Apia", "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_makes_it(zone: str, inside: str, start: str, end: str, hours: float) -> None:
    assert of(zone, Granularity.DAY, inside) == (start, end)
    assert (at(end) - at(start)) / (60 * MINUTE) == hours


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert of("Europe/Athens", Granularity.WEEK, "2026-11-22T12:00:00Z") == (
        "2026-11-15T22:00:00Z",
        "2026-11-22T22:00:00Z",
    )
    assert of("Europe/Athens", Granularity.WEEK, "2026-11-22T22:00:00Z") == (
        "2026-11-22T22:00:00Z",
        "2026-11-29T22:00:00Z",
    )
    assert of("Europe/Athens", Granularity.MONTH, "2026-10-31T21:59:00Z") == (
        "2026-09-30T21:00:00Z",
        "2026-10-31T22:00:00Z",
    )
    assert of("America/New_York", Granularity.MONTH, "2026-12-31T12:00:00Z") == (
        "2026-12-01T05:00:00Z",
        "2027-01-01T05:00:00Z",
    )


def test_the_hour_that_comes_twice_is_two_buckets() -> None:
    zone = ZoneInfo("Europe/Athens")
    start, end = at("2026-10-24T23:00:00Z") // MINUTE, at("2026-10-25T03:00:00Z") // MINUTE
    assert list(buckets(zone, Granularity.HOUR, start, end)) == [
        (start + 60 * n, start + 60 * n + 60) for n in range(4)
    ]


def test_a_clock_that_goes_back_by_half_an_hour_cuts_the_hour_there() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")  # 02:00 becomes 01:30 at 15:00Z
    start, end = at("2026-04-04T14:00:00Z") // MINUTE, at("2026-04-04T16:30:00Z") // MINUTE
    lengths = [last - first for first, last in buckets(zone, Granularity.HOUR, start, end)]
    assert lengths == [60, 30, 60]


def test_kathmandu_counts_its_hours_from_a_quarter_past() -> None:
    assert of("Asia/Kathmandu", Granularity.HOUR, "2026-06-01T12:00:00Z") == (
        "2026-06-01T11:15:00Z",
        "2026-06-01T12:15:00Z",
    )


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    granularity=st.sampled_from(CIVIL),
    start=st.integers(FIRST, LAST),
    length=st.integers(1, 5 * 1440),
)
def test_buckets_leave_no_gap_and_share_no_minute(zone: str, granularity: Granularity, start: int, length: int) -> None:
    found = list(buckets(ZoneInfo(zone), granularity, start, start + length))
    assert found[0][0] <= start < found[0][1]
    assert found[-1][0] < start + length <= found[-1][1]
    assert all(one[1] == following[0] for one, following in pairwise(found))
    assert list(buckets_back(ZoneInfo(zone), granularity, start, start + length)) == found[::-1]


@settings(max_examples=150, deadline=None)
@given(zone=st.sampled_from(ZONES), minute=st.integers(FIRST, LAST))
def test_every_minute_of_a_day_has_that_date(zone: str, minute: int) -> None:
    start, end = bucket(ZoneInfo(zone), Granularity.DAY, minute)

    def day(at_minute: int) -> str:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=at_minute)
        return moment.astimezone(ZoneInfo(zone)).date().isoformat()

    assert day(start) == day(minute) == day(end - 1)
    assert day(start - 1) < day(minute) < day(end)
