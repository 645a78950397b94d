"""`$filter`: what is understood, what is refused as unsupported, and what is no filter at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bi.odata import expression
from gateway.bi.odata.expression import conjuncts, parse, texts_of
from gateway.bi.odata.refusals import NotSupported
from gateway.bi.tables import BY_NAME
from gateway.domain import instant
from gateway.domain.errors import InputError

VISITS = BY_NAME["visits"]
PLACES = {column.name: at for at, column in enumerate(VISITS.columns)}
AT = instant.parse("2026-11-20T10:00:00Z")
ROW = ("ath's", AT, AT + 60_000_000, 3, 1, 2, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("entries eq 3", True),
        ("3 eq entries", True),
        ("2 lt entries", True),
        ("entries gt 3", False),
        ("entries ge 3.0 and exits le 1", True),
        ("entries eq 4 or exits eq 1 and net eq 2", True),
        ("(entries eq 4 or exits eq 1) and net eq 9", False),
        ("entries in (1, 2, 3)", True),
        ("site_key eq 'ath''s'", True),
        ("contains(site_key,'th''')", True),
        ("contains(site_key,'xx') eq true", False),
        ("startswith(site_key,'ath') and final", True),
        ("final eq false", False),
        ("starts_at ge 2026-11-20T12:00:00+02:00", True),
        ("starts_at lt 2026-11-20T10:00Z", False),
        ("net ne null", True),
        ("net eq null", False),
        ("net gt null", False),
        ("net gt -3", True),
        ("site_key eq 'a and b' or true eq final", True),
    ],
)
def test_a_filter_wants_the_rows_it_says(text: str, wanted: bool) -> None:
    assert expression.test_of(parse(text, VISITS.columns), PLACES)(ROW) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "not final",
        "not (entries eq 1)",
        "endswith(site_key,'x')",
        "tolower(site_key) eq 'x'",
        "year(starts_at) eq 2026",
        "entries add 1 eq 2",
        "entries eq exits",
        "site/name eq 'x'",
        "starts_at ge now()",
        "contains(site_key,'x') eq false",
    ],
)
def test_what_odata_has_and_this_feed_has_not_is_said_so(text: str) -> None:
    with pytest.raises(NotSupported):
        parse(text, VISITS.columns)


@pytest.mark.parametrize(
    "text",
    [
        "entrie eq 3",
        "entries",
        "entries eq",
        "entries eq 'x'",
        "entries eq 1 and",
        "(entries eq 1",
        "entries eq 1)",
        "entries = 1",
        "site_key eq x'",
        "site_key eq 3",
        "starts_at ge 2026-11-20",
        "starts_at ge 2026-11-20T10:00:00",
        "starts_at ge 2026-13-20T10:00:00Z",
        "final eq 1",
        "frobnicate(site_key,'x')",
        "entries in ()",
        "(" * 60 + "entries eq 1" + ")" * 60,
    ],
)
def test_what_is_no_filter_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InputError) as met:
        parse(text, VISITS.columns)
    assert text not in met.value.message


def test_raw_identifiers_cannot_be_filtered_on() -> None:
    with pytest.raises(InputError):
        parse("device_mac eq '02:00'", BY_NAME["sessions"].columns)


def test_the_sites_of_a_filter_are_known() -> None:
    tree = parse("final and (site_key eq 'a' or site_key in ('b','c'))", VISITS.columns)
    assert [texts_of(part, "site_key") for part in conjuncts(tree)] == [None, ("a", "b", "c")]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="entriesx' ()andorq,123-", max_size=40))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    try:
        parse(text, VISITS.columns)
    except (InputError, NotSupported):
        return
