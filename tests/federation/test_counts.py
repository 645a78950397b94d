"""Figures the vendors count themselves: added up over codes where that is right, never where it is not."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.errors import NotAdditive, NotConfigured, Rejected, Unavailable
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days
from tests.federation.fakes import Federation, Guests, Stays, app, at, site, span

pytestmark = pytest.mark.anyio

ONE, TWO, SILENT, NONE = site("one", "A"), site("two", "B1", "B2"), site("silent", "S"), site("none", wifi=("w",))
SITES = (ONE, TWO, SILENT, NONE)
WINDOW = span("2026-10-30T00:00:00Z", "2026-10-31T00:00:00Z")
WEEK = Days(date(2026, 10, 1), date(2026, 10, 7))


def stays() -> Stays:
    vendor = Stays()
    vendor.stores = {"A", "B1", "B2", "S", "stray"}
    noon = at("2026-10-30T12:00:00Z")
    vendor.records = [
        app(noon, f"{code}{n}", code) for code, n in (("A", 1), ("A", 2), ("B1", 1), ("B2", 1), ("stray", 1))
    ]
    vendor.users_of = {"A": 2, "B1": 1, "B2": 1, "stray": 1}
    return vendor


async def test_codes_are_summed_and_a_store_left_out_counts_nothing() -> None:
    vendor = stays()
    counted = await Federation(SITES, stays=vendor).counts.sessions(SITES, WINDOW)
    assert counted.by_key == {"one": 2, "two": 2, "silent": 0}
    assert counted.failures == {}
    assert vendor.counted == 1


async def test_distinct_users_of_several_codes_are_never_added() -> None:
    vendor = stays()
    counted = await Federation(SITES, stays=vendor).counts.users(SITES, WINDOW)
    assert counted.by_key == {"one": 2, "silent": 0}
    assert {key: type(error) for key, error in counted.failures.items()} == {"two": NotAdditive}
    assert counted.failures["two"].vendor is VendorKey.BESPOT
    assert vendor.counted == 1


async def test_users_of_a_site_of_several_codes_alone_ask_nobody() -> None:
    vendor = stays()
    counted = await Federation(SITES, stays=vendor).counts.users([TWO], WINDOW)
    assert (counted.by_key, list(counted.failures), vendor.counted) == ({}, ["two"], 0)


async def test_a_store_the_vendor_does_not_know_has_no_figure_and_the_reason_is_told() -> None:
    vendor = stays()
    vendor.stores = {"B1"}
    counted = await Federation(SITES, stays=vendor).counts.sessions([ONE], WINDOW)
    assert counted.by_key == {}
    refusal = counted.failures["one"]
    assert isinstance(refusal, Rejected)
    assert (refusal.status, refusal.vendor_code) == (404, "store_code_not_found")


async def test_sites_the_vendor_does_not_cover_ask_nobody() -> None:
    vendor = stays()
    counted = await Federation(SITES, stays=vendor).counts.sessions([NONE], WINDOW)
    assert (counted.by_key, counted.failures, vendor.counted) == ({}, {}, 0)


async def test_a_vendor_that_is_down_or_missing_is_an_error_and_never_a_zero() -> None:
    vendor = stays()
    vendor.counts_dead = Unavailable(VendorKey.BESPOT, "It is down.")
    with pytest.raises(Unavailable):
        await Federation(SITES, stays=vendor).counts.sessions(SITES, WINDOW)
    with pytest.raises(NotConfigured):
        await Federation(SITES).counts.sessions(SITES, WINDOW)


async def test_codes_nobody_claims_are_left_out_and_listed() -> None:
    world = Federation(SITES, stays=stays())
    counted = await world.counts.sessions(SITES, WINDOW)
    assert sum(counted.by_key.values()) == 4
    assert world.crosswalk.unclaimed(VendorKey.BESPOT) == ["stray"]


async def test_logins_are_counted_location_by_location_and_one_that_fails_leaves_the_others() -> None:
    cafe, both = site("cafe", wifi=("w",)), site("both", wifi=("x", "y"))
    guests = Guests({"w": 3, "x": 10, "y": 5})
    world = Federation((cafe, both, ONE), guests=guests)
    counted = await world.counts.guests((cafe, both, ONE), WEEK, None)
    assert counted.by_key == {"cafe": 3, "both": 15}
    assert sorted(code or "" for code in guests.asked) == ["w", "x", "y"]
    guests.dead = {"y"}
    counted = await world.counts.guests((cafe, both, ONE), WEEK, None)
    assert (counted.by_key, list(counted.failures)) == ({"cafe": 3}, ["both"])
    guests.dead = {"w", "x", "y"}
    with pytest.raises(Unavailable):
        await world.counts.guests((cafe, both), WEEK, None)
