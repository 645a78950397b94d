"""What Shopster's rows mean: wall clocks that pretend to be UTC, minutes, zeros that mean nothing."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.engagement import (
    ComebackWindow,
    DwellThreshold,
    EngagementInterval,
    EngagementTerms,
    require_ordered_thresholds,
)
from gateway.domain.errors import InputError
from gateway.domain.window import Days
from gateway.vendors.shopster import mapping
from gateway.vendors.shopster.wire import Row

ATHENS = ZoneInfo("Europe/Athens")
LONG = Days(date(2020, 1, 1), date(2030, 1, 1))


def row(datetime: str, total: float | None = 0.0, average: float | None = 16) -> Row:
    return Row(datetime, 10, 8, 3, average, total)


def starts(days: Days, interval: EngagementInterval, *datetimes: str, local: bool = True) -> list[str]:
    rows = [row(text) for text in datetimes]
    return [point.starts_at for point in mapping.points(rows, days, interval, ATHENS, local_times=local)]


def test_the_z_of_the_vendor_is_the_clock_on_the_objects_wall() -> None:
    assert starts(LONG, EngagementInterval.DAILY, "2026-01-10T00:00:00Z", "2026-07-10T00:00:00Z") == [
        "2026-01-09T22:00:00Z",
        "2026-07-09T21:00:00Z",
    ]


def test_a_vendor_set_to_true_instants_is_believed() -> None:
    assert starts(LONG, EngagementInterval.DAILY, "2026-01-09T22:00:00Z", local=False) == ["2026-01-09T22:00:00Z"]


def test_a_real_offset_is_believed() -> None:
    assert starts(LONG, EngagementInterval.DAILY, "2026-01-10T00:00:00+02:00") == ["2026-01-09T22:00:00Z"]


def test_the_autumn_hour_comes_twice_and_both_are_kept_in_order() -> None:
    day = Days(date(2026, 10, 25), date(2026, 10, 25))
    labels = [f"2026-10-25T{hour:02d}:00:00Z" for hour in (0, 1, 2, 3, 3, *range(4, 24))]
    found = starts(day, EngagementInterval.HOURLY, *labels)
    assert len(found) == 25
    assert found[2:6] == [
        "2026-10-24T23:00:00Z",
        "2026-10-25T00:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T02:00:00Z",
    ]
    assert found[0] == "2026-10-24T21:00:00Z"
    assert found[-1] == "2026-10-25T21:00:00Z"


def test_the_spring_day_has_no_missing_hour_even_if_the_vendor_lists_it() -> None:
    day = Days(date(2026, 3, 29), date(2026, 3, 29))
    labels = [f"2026-03-29T{hour:02d}:00:00Z" for hour in range(24)]
    listed = starts(day, EngagementInterval.HOURLY, *labels)
    honest = starts(day, EngagementInterval.HOURLY, *(label for label in labels if "T03" not in label))
    assert listed == honest
    assert len(honest) == 23
    assert honest[2:4] == ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"]


def test_a_day_that_begins_inside_a_gap_is_kept() -> None:
    beirut = ZoneInfo("Asia/Beirut")  # clocks go forward at midnight
    rows = [row("2026-03-29T00:00:00Z")]
    [point] = mapping.points(rows, LONG, EngagementInterval.DAILY, beirut, local_times=True)
    assert point.starts_at == "2026-03-28T22:00:00Z"


@pytest.mark.parametrize("interval", [EngagementInterval.HOURLY, EngagementInterval.DAILY])
def test_hours_and_days_outside_the_asked_days_are_dropped(interval: EngagementInterval) -> None:
    day = Days(date(2026, 7, 10), date(2026, 7, 10))
    labels = [f"2026-07-{number:02d}T00:00:00Z" for number in (9, 10, 11)]
    assert starts(day, interval, *labels) == ["2026-07-09T21:00:00Z"]


@pytest.mark.parametrize(
    "interval",
    [
        EngagementInterval.WEEKLY,
        EngagementInterval.MONTHLY,
        EngagementInterval.WEEKDAY,
        EngagementInterval.WEEKEND,
    ],
)
def test_coarser_buckets_that_start_before_the_first_day_are_kept(interval: EngagementInterval) -> None:
    days = Days(date(2026, 7, 10), date(2026, 7, 20))
    assert starts(days, interval, "2026-07-06T00:00:00Z") == ["2026-07-05T21:00:00Z"]


def test_points_come_in_time_order_whatever_the_vendors() -> None:
    assert starts(LONG, EngagementInterval.DAILY, "2026-07-11T00:00:00Z", "2026-07-10T00:00:00Z") == [
        "2026-07-09T21:00:00Z",
        "2026-07-10T21:00:00Z",
    ]


@pytest.mark.parametrize("interval", list(EngagementInterval))
def test_a_sum_stands_only_where_the_vendor_defines_one(interval: EngagementInterval) -> None:
    defined = interval in {EngagementInterval.DAILY, EngagementInterval.WEEKLY, EngagementInterval.MONTHLY}
    [zero] = mapping.points([row("2026-07-10T00:00:00Z", 0.0)], LONG, interval, ATHENS, local_times=True)
    [some] = mapping.points([row("2026-07-10T00:00:00Z", 861.73)], LONG, interval, ATHENS, local_times=True)
    assert zero.gross_shopping_time == (0.0 if defined else None)
    assert some.gross_shopping_time == (861.73 if defined else None)


def test_minutes_become_seconds_and_an_unknown_average_stays_unknown() -> None:
    rows = [row("2026-07-10T00:00:00Z", average=16), row("2026-07-11T00:00:00Z", average=None)]
    found = mapping.points(rows, LONG, EngagementInterval.DAILY, ATHENS, local_times=True)
    assert [point.average_session_seconds for point in found] == [960, None]


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not an RFC 3339"):
        mapping.points([row("2026-07-10")], LONG, EngagementInterval.DAILY, ATHENS, local_times=True)


def test_every_term_has_the_vendors_own_text() -> None:
    comebacks = [
        dict(mapping.query([1], LONG, EngagementTerms(comeback=comeback)))["comeback"] for comeback in ComebackWindow
    ]
    bounces = [
        dict(mapping.query([1], LONG, EngagementTerms(bounce_threshold=dwell)))["bounce_threshold"]
        for dwell in DwellThreshold
    ]
    engagements = [
        dict(mapping.query([1], LONG, EngagementTerms(engagement_threshold=dwell)))["engagement_threshold"]
        for dwell in DwellThreshold
    ]
    intervals = [
        dict(mapping.query([1], LONG, EngagementTerms(interval=interval)))["interval"]
        for interval in EngagementInterval
    ]
    minutes = ["2 minute", "5 minute", "10 minute", "15 minute", "20 minute", "30 minute", "45 minute"]
    assert comebacks == ["2 week", "1 month", "2 month", "3 month", "6 month", "1 year", "10 year"]
    assert bounces == minutes
    assert engagements == minutes
    assert intervals == ["hourly", "daily", "weekly", "monthly", "weekday", "weekend"]


def test_thresholds_may_be_equal_but_not_crossed() -> None:
    require_ordered_thresholds(DwellThreshold.TEN_MINUTES, DwellThreshold.TEN_MINUTES)
    require_ordered_thresholds(DwellThreshold.FIVE_MINUTES, DwellThreshold.FORTY_FIVE_MINUTES)
    with pytest.raises(InputError) as refused:
        require_ordered_thresholds(DwellThreshold.TWENTY_MINUTES, DwellThreshold.FIVE_MINUTES)
    assert refused.value.argument == ("engagementThreshold",)
