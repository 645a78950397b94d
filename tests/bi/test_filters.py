"""`$filter`: many ways to write one question, and what is refused instead of answered wrongly."""

from __future__ import annotations

import pytest

from tests.bi.conftest import Doors
from tests.bi.feed import HOUR, read, refused

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("starts_at ge 2026-11-19T12:00:00+02:00 and starts_at lt 2026-11-19T13:00:00%2B02:00", HOUR),
        ("starts_at ge 2026-11-19T10:00Z and starts_at lt 2026-11-19T11:00Z", HOUR),
        ("2026-11-19T10:00:00Z le starts_at and starts_at le 2026-11-19T10:59:59.999999Z", HOUR),
        (f"((({HOUR})))", HOUR),
        (f"{HOUR} and starts_at ge 2026-11-19T09:00:00Z", HOUR),
        (f"{HOUR} and site_key ne null and entries ge 0", HOUR),
        (f"{HOUR} and site_key in ('ath-116500')", f"{HOUR} and site_key eq 'ath-116500'"),
        (f"{HOUR} and (site_key eq 'ath-116500' or site_key eq 'nowhere')", f"{HOUR} and site_key eq 'ath-116500'"),
        (f"{HOUR} and entries in (1,2.0)", f"{HOUR} and (entries eq 1 or entries eq 2)"),
        (f"{HOUR} and contains(site_key,'ath') eq true", f"{HOUR} and contains(site_key,'ath')"),
    ],
)
async def test_a_filter_can_be_written_in_many_ways(doors: Doors, text: str, same: str) -> None:
    rows = (await read(doors, "Visits", filter=text.replace("%2B", "+")))["value"]
    assert rows == (await read(doors, "Visits", filter=same))["value"]
    assert rows


@pytest.mark.parametrize(
    "text", ["site_key eq 'O''Brien'", "site_key eq 'Ελλάδα😀'", "entries gt null", "site_key eq null", "entries lt -1"]
)
async def test_a_filter_that_nothing_fits_is_an_empty_answer(doors: Doors, text: str) -> None:
    assert (await read(doors, "Visits", filter=f"{HOUR} and {text}"))["value"] == []
    assert (await read(doors, "Visits", filter=HOUR, skip="99999999"))["value"] == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("site_key in ()", 400),
        ("site_key eq 'x", 400),
        ("entries eq '1'", 400),
        ("entries in (1,'x')", 400),
        ("AND final", 400),
        ("(" * 60 + "final" + ")" * 60, 400),
        ("entries gt exits", 501),
        ("entries add 1 gt 2", 501),
        ("year(starts_at) eq 2026", 501),
        ("startswith(site_key,'ath') eq false", 501),
        ("site_key/length eq 1", 501),
        ("(starts_at lt 2026-11-18T10:00:00Z or final)", 501),
        ("starts_at in (2026-11-18T10:00:00Z)", 501),
    ],
)
async def test_a_filter_that_is_not_understood_is_refused(doors: Doors, text: str, status: int) -> None:
    found, message = await refused(doors, "Visits", filter=f"{HOUR} and {text}")
    assert found == status
    assert "'x" not in message
