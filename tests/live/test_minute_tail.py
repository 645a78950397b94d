"""What is told of a people counter's minutes: each closed one once, and once more where it changed."""

from __future__ import annotations

import pytest

from gateway.domain.errors import Unavailable
from gateway.domain.footfall import Occupancy, OccupancyColumns, Visit, VisitColumns
from gateway.domain.instant import MINUTE, SECOND, Micros
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.minute_tail import MinuteTail
from gateway.federation.series import OccupancySeries, Rules, VisitSeries
from gateway.federation.supplies import Supplies
from tests.federation.fakes import Counter, at, site, supply
from tests.sandbox.hands import Hands

pytestmark = pytest.mark.anyio

QUARTER = 15 * MINUTE
LAG = 120 * SECOND
START = at("2026-11-02T12:07:30Z")
TWELVE = at("2026-11-02T12:00:00Z") // MINUTE
A, B, TWO = site("a", "A"), site("b", "B"), site("two", "T1", "T2")


class Stage:
    """A tail over a counter that is filled by hand."""

    def __init__(self, *sites: Site) -> None:
        self.clock = Hands(START)
        self.counter = Counter()
        for each in sites:
            for code in each.bespot:
                self.counter.store(code)
        supplies, crosswalk = Supplies([supply(VendorKey.BESPOT, footfall=self.counter)]), Crosswalk(sites)
        rules = Rules()
        self.visits: MinuteTail[Visit, VisitColumns] = MinuteTail(
            VisitSeries(), supplies, crosswalk, self.clock, rules, LAG
        )
        self.occupancy: MinuteTail[Occupancy, OccupancyColumns] = MinuteTail(
            OccupancySeries(rules), supplies, crosswalk, self.clock, rules, LAG
        )
        self.since: dict[Site, Micros] = dict.fromkeys(sites, START)

    def publish(self, code: str, *minutes: int, entries: int = 1) -> None:
        self.counter.visits_of[code] |= {TWELVE + minute: (entries, 0) for minute in minutes}

    async def told(self) -> list[tuple[str, int, int]]:
        """Site, minute of the hour and entries."""
        rows = (await self.visits.news(self.since)).rows
        return [(row.site.key, row.minute - TWELVE, row.entries) for row in rows]

    def next_quarter(self) -> None:
        self.clock.now = self.visits.due(self.clock.now)


def test_a_reading_is_due_when_the_next_quarter_hour_is_published() -> None:
    tail = Stage(A).visits
    assert tail.due(at("2026-11-02T12:07:30Z")) == at("2026-11-02T12:17:00Z")
    assert tail.due(at("2026-11-02T12:16:59.999999Z")) == at("2026-11-02T12:17:00Z")
    assert tail.due(at("2026-11-02T12:17:00Z")) == at("2026-11-02T12:32:00Z")


async def test_only_what_is_published_after_the_start_is_told_and_only_once() -> None:
    stage = Stage(A)
    stage.publish("A", -20, -5, -1)
    stage.next_quarter()
    stage.publish("A", 0, 3, 14)
    assert await stage.told() == [("a", 0, 1), ("a", 3, 1), ("a", 14, 1)]
    assert await stage.told() == []
    stage.next_quarter()
    stage.publish("A", 15)
    assert await stage.told() == [("a", 15, 1)]


async def test_a_minute_that_is_not_closed_waits() -> None:
    stage = Stage(A)
    stage.next_quarter()
    stage.publish("A", 14, 15, 16)
    assert await stage.told() == [("a", 14, 1)]
    stage.next_quarter()
    assert await stage.told() == [("a", 15, 1), ("a", 16, 1)]


async def test_a_correction_is_told_and_so_is_a_row_that_comes_late() -> None:
    stage = Stage(A)
    stage.publish("A", -10)
    stage.next_quarter()
    stage.publish("A", 1)
    assert await stage.told() == [("a", 1, 1)]
    stage.next_quarter()
    stage.publish("A", -10, entries=4)
    stage.publish("A", 1, entries=5)
    stage.publish("A", 2)
    assert await stage.told() == [("a", -10, 4), ("a", 1, 5), ("a", 2, 1)]


async def test_all_sites_cost_one_call_and_come_in_the_order_of_connections() -> None:
    stage = Stage(A, B)
    stage.next_quarter()
    stage.publish("B", 0, 1)
    stage.publish("A", 1)
    assert await stage.told() == [("b", 0, 1), ("a", 1, 1), ("b", 1, 1)]
    assert stage.counter.of_visits.calls == 1


async def test_a_site_that_joins_later_is_told_from_then_on() -> None:
    stage = Stage(A, B)
    del stage.since[B]
    stage.next_quarter()
    stage.publish("A", 1)
    stage.publish("B", 1)
    assert await stage.told() == [("a", 1, 1)]
    stage.since[B] = stage.clock.now
    stage.next_quarter()
    stage.publish("B", 16)
    assert await stage.told() == [("b", 16, 1)]


async def test_what_was_missed_in_an_outage_is_told_afterwards() -> None:
    stage = Stage(A)
    stage.next_quarter()
    stage.publish("A", 1)
    assert await stage.told() == [("a", 1, 1)]
    for _ in range(6):
        stage.next_quarter()
        stage.counter.of_visits.dead = Unavailable(VendorKey.BESPOT, "It is down.")
        with pytest.raises(Unavailable):
            await stage.told()
    stage.counter.of_visits.dead = None
    stage.publish("A", 20, 100)
    assert await stage.told() == [("a", 20, 1), ("a", 100, 1)]


async def test_a_store_that_is_silent_does_not_silence_the_other_and_catches_up() -> None:
    stage = Stage(A, B, *(site(f"other-{number}", f"O{number}") for number in range(50)))
    stage.since = {A: START, B: START}
    stage.counter.page_rows = 50  # so that each store is read by itself
    stage.next_quarter()
    stage.publish("A", 1)
    stage.publish("B", 2)
    stage.counter.refused_codes["B"] = Unavailable(VendorKey.BESPOT, "It is down.")
    news = await stage.visits.news(stage.since)
    assert [row.site.key for row in news.rows] == ["a"]
    assert [error.code for error in news.failures] == ["UPSTREAM_UNAVAILABLE"]
    del stage.counter.refused_codes["B"]
    assert await stage.told() == [("b", 2, 1)]


async def test_a_publication_that_is_late_is_looked_for_again_a_little_later_and_not_for_ever() -> None:
    stage = Stage(A)
    stage.next_quarter()
    published = stage.clock.now
    assert await stage.told() == []
    assert stage.visits.due(stage.clock.now) == published + MINUTE
    stage.clock.now += MINUTE
    assert await stage.told() == []
    assert stage.visits.due(stage.clock.now) == published + 6 * MINUTE
    stage.clock.now = published + 6 * MINUTE
    stage.publish("A", 3)
    assert await stage.told() == [("a", 3, 1)]
    assert stage.visits.due(stage.clock.now) == published + QUARTER


async def test_a_night_without_visitors_costs_three_calls_a_quarter_hour() -> None:
    stage = Stage(A)
    until = at("2026-11-02T13:15:00Z")
    while (due := stage.visits.due(stage.clock.now)) < until:
        stage.clock.now = due
        await stage.told()
    assert stage.counter.of_visits.calls == 12


async def test_occupancy_of_several_codes_is_joined() -> None:
    stage = Stage(TWO)
    stage.next_quarter()
    stage.counter.inside_of["T1"] = {TWELVE - 3: 4, TWELVE + 5: 6}
    stage.counter.inside_of["T2"] = {TWELVE - 2: 10}
    rows = (await stage.occupancy.news(stage.since)).rows
    assert [(row.minute - TWELVE, row.count, row.final) for row in rows] == [(5, 16, False)]


async def test_a_site_without_codes_costs_nothing() -> None:
    stage = Stage(site("bare"))
    stage.next_quarter()
    assert await stage.told() == []
    assert stage.counter.of_visits.calls == 0
