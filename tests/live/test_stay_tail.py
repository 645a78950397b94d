"""What is told of stays: each when it begins and when it ends, never what was there before."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gateway.domain.errors import NotConfigured, Unavailable
from gateway.domain.instant import HOUR, MINUTE, SECOND, Micros
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.stay_tail import SWEEP, SessionTail
from gateway.federation.supplies import Supplies
from tests.federation.fakes import NOW, Stays, app, site, supply, wifi, wifi_stays
from tests.sandbox.hands import Hands

pytestmark = pytest.mark.anyio

A, B = site("a", "A", wifi=["w"]), site("b", "B")


class Stage:
    """A tail over vendors whose records are put there by hand."""

    def __init__(self, vendors: Iterable[VendorKey] = (VendorKey.BESPOT, VendorKey.GUEST_WIFI)) -> None:
        self.clock = Hands(NOW)
        self.app, self.wifi = Stays(), wifi_stays()
        ports = {VendorKey.BESPOT: self.app, VendorKey.GUEST_WIFI: self.wifi}
        supplies = Supplies([supply(vendor, sessions=ports[vendor]) for vendor in vendors])
        self.tail = SessionTail(supplies, Crosswalk([A, B]), self.clock, every=MINUTE, stale_after=12 * 3600)
        self.since: dict[Site, Micros] = {A: NOW}

    async def told(self, forward: Micros = MINUTE) -> list[tuple[str, str]]:
        """Id and status of what the next reading tells."""
        self.clock.now += forward
        news = await self.tail.news(self.since)
        assert news.failures == []
        return [(row.record.id, row.status.value) for row in news.rows]


def test_the_first_reading_is_at_once_and_the_others_at_their_pace() -> None:
    stage = Stage()
    assert stage.tail.due(NOW) == NOW


async def test_a_session_is_told_when_it_begins_and_when_it_ends() -> None:
    stage = Stage()
    assert await stage.told() == []
    assert stage.tail.due(stage.clock.now) == stage.clock.now + MINUTE
    stage.app.records = [app(NOW + 70 * SECOND, "s", ended=False)]
    assert await stage.told() == [("s", "OPEN")]
    assert await stage.told() == []
    stage.app.records = [app(NOW + 70 * SECOND, "s")]
    assert await stage.told() == [("s", "CLOSED")]
    assert await stage.told(SWEEP) == []


async def test_what_was_there_before_is_not_news_but_its_end_is() -> None:
    stage = Stage()
    old = [app(NOW - 2 * HOUR, "long gone"), app(NOW - 3 * HOUR, "still there", ended=False)]
    stage.app.records = [*old]
    stage.wifi.records = [wifi(NOW - HOUR, "online", online=True), wifi(NOW - HOUR, "left")]
    assert await stage.told() == []
    stage.app.records = [old[0], app(NOW - 3 * HOUR, "still there")]
    stage.wifi.records = [wifi(NOW - HOUR, "online"), wifi(NOW - HOUR, "left")]
    assert await stage.told(SWEEP) == [("still there", "CLOSED"), ("online", "CLOSED")]


async def test_a_session_handed_in_late_is_told() -> None:
    stage = Stage()
    await stage.told()
    stage.app.records = [app(NOW - 30 * MINUTE, "late")]
    assert await stage.told() == [("late", "CLOSED")]


async def test_other_sites_and_unclaimed_codes_are_never_told() -> None:
    stage = Stage()
    stage.since = {A: NOW, B: NOW}
    await stage.told()
    stage.app.records = [app(NOW + 61 * SECOND, "b", "B"), app(NOW + 61 * SECOND, "stray", "ZZ")]
    stage.wifi.records = [wifi(NOW + 61 * SECOND, "w", "elsewhere", online=True)]
    assert await stage.told() == [("b", "CLOSED")]
    del stage.since[B]
    stage.app.records.append(app(NOW + 2 * MINUTE + SECOND, "b2", "B"))
    assert await stage.told() == []


async def test_a_login_is_read_among_those_online_and_its_end_by_its_guest() -> None:
    stage = Stage()
    await stage.told()
    stage.wifi.records = [wifi(NOW - HOUR, f"old {number}") for number in range(500)]
    stage.wifi.records.append(wifi(NOW + 61 * SECOND, "s", online=True))
    stage.wifi.of.forget()
    assert await stage.told() == [("s", "OPEN")]
    assert stage.wifi.of.calls == 1
    stage.wifi.records[-1] = wifi(NOW + 61 * SECOND, "s")
    assert await stage.told() == [("s", "CLOSED")]
    assert (stage.wifi.of.calls, stage.wifi.of.rows) == (3, 2)


async def test_an_end_that_cannot_be_read_now_is_read_later() -> None:
    stage = Stage()
    await stage.told()
    stage.wifi.records = [wifi(NOW + 61 * SECOND, "s", online=True)]
    assert await stage.told() == [("s", "OPEN")]
    stage.wifi.records = [wifi(NOW + 61 * SECOND, "s")]
    stage.wifi.of.fails = {stage.wifi.of.reads + 2}
    assert await stage.told() == []
    assert await stage.told() == [("s", "CLOSED")]


async def test_a_silent_vendor_does_not_silence_the_other() -> None:
    stage = Stage()
    await stage.told()
    stage.app.of.dead = Unavailable(VendorKey.BESPOT, "It is down.")
    stage.wifi.records = [wifi(NOW + 61 * SECOND, "s", online=True)]
    stage.clock.now += MINUTE
    news = await stage.tail.news(stage.since)
    assert [row.record.id for row in news.rows] == ["s"]
    assert [(error.vendor, error.code) for error in news.failures] == [(VendorKey.BESPOT, "UPSTREAM_UNAVAILABLE")]


async def test_one_vendor_is_enough_and_none_is_not() -> None:
    Stage([VendorKey.GUEST_WIFI]).tail.check()
    with pytest.raises(NotConfigured):
        Stage([]).tail.check()
