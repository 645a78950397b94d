"""The fast reading of instants equals the plain one, for every text there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import instant
from gateway.domain.instant import MINUTE
from gateway.vendors.bespot import instants

moments = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
fractions = st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"])


@settings(max_examples=200, deadline=None)
@given(moments, offsets, fractions)
def test_any_instant_reads_as_the_domain_reads_it(moment: datetime, offset: timezone, digits: str) -> None:
    text = moment.replace(tzinfo=offset).isoformat(timespec=digits)
    plain = instant.parse(text)
    for _ in range(2):  # the second time from memory
        assert instants.read(text) == (plain, instant.text(plain))
        assert instants.minute(text) == plain // MINUTE


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789-:.+TZ ", max_size=34) | st.text(max_size=34))
def test_any_text_is_refused_or_read_exactly_as_the_domain_does(text: str) -> None:
    try:
        plain = instant.parse(text)
    except ValueError:
        with pytest.raises(ValueError, match="not"):
            instants.read(text)
        with pytest.raises(ValueError, match="not"):
            instants.minute(text)
    else:
        assert instants.read(text)[0] == plain


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-12T12:40:53.570366",  # no offset: never guessed
        "2021-05-12T12:40:60.570366+03:00",
        "2021-05-12T12:61:53.570366+03:00",
        "2021-05-12T24:40:53.570366+03:00",
        "2021-02-30T12:40:53.570366+03:00",
        "2021-05-12T12:40:5\u0663.570366+03:00",
        "2021-05-12T12:40:53.57036\u00b2+03:00",
        "2021-05-12T12:4\u0663:00+03:00",
        "2021-05-12T12:40:53.570366+24:00",
        "2021-05-12",
        "",
    ],
)
def test_what_is_no_instant_is_refused_without_repeating_it(text: str) -> None:
    for read in (instants.read, instants.minute):
        with pytest.raises(ValueError, match="not") as refusal:
            read(text)
        assert not text or text not in str(refusal.value)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.000001+03:00", "9999-12-31T23:59:59.999999-03:00"])
def test_an_instant_outside_the_calendar_once_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="calendar"):
        instants.read(text)


def test_digits_past_the_sixth_are_cut_and_trailing_zeros_go() -> None:
    assert instants.read("2021-05-12T12:40:53.5703669+03:00")[1] == "2021-05-12T09:40:53.570366Z"
    assert instants.read("2021-05-12T12:40:53.500000+03:00")[1] == "2021-05-12T09:40:53.5Z"
    assert instants.read("2021-05-12T12:40:53.000000+03:00")[1] == "2021-05-12T09:40:53Z"


def test_memory_stays_bounded() -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    for count in range(instants.REMEMBERED + 10):
        instants.minute((first + timedelta(minutes=count)).isoformat())
    assert len(instants._minutes) <= instants.REMEMBERED
