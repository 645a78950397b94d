"""What a whole walk costs the vendor, counted through federation and cache: its rows in full pages, and four calls.

Of the guest Wi-Fi every read takes in the day before and the two after it (rules.md 17), and there is no order and no
total by which a page could be proved: on dense days those rows come on top, which is counted here as well.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from gateway.cache.footfall import CachedFootfall
from gateway.cache.rules import CounterRule
from gateway.cache.stays import CachedStays
from gateway.domain import instant
from gateway.domain.instant import DAY, HOUR, MINUTE, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.session import SessionQuery, WifiRecord
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.buckets import Granularity
from gateway.federation.paging import Page, PageAsk
from gateway.federation.sessions import SessionAsk
from gateway.federation.stay_order import Session
from gateway.settings import GuestWifiSettings
from gateway.vendors.guest_wifi import mapping
from tests.cache.doubles import LAG, PSEUDONYMS, SETTLE, Asked, shelf
from tests.federation.fakes import NOW, Counter, Federation, Order, site, wifi
from tests.federation.test_footfall_paging import ask_of
from tests.federation.walking import walk
from tests.sandbox.hands import Hands

pytestmark = pytest.mark.anyio

FIRST = NOW // DAY * DAY - 90 * DAY
PAGE = 4_000
WIFI = GuestWifiSettings()


def minutes(order: Order, codes: list[str], days: int) -> Counter:
    """Stores open twelve hours a day, with a row in most of the minutes."""
    counter, chance = Counter(order, PAGE, PAGE), random.Random(1)
    for code in codes:
        opened = [(FIRST + day * DAY + 6 * HOUR) // MINUTE + step for day in range(days) for step in range(720)]
        rows = {minute: (chance.randrange(4), 1) for minute in opened if chance.random() < 0.9}
        counter.store(code, rows, {minute: come for minute, (come, _) in rows.items()})
    return counter


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "store"])
@pytest.mark.parametrize("sites", [(site("a", "A"),), (site("a", "A"), site("b", "B")), (site("ab", "A", "B"),)])
async def test_minutes_of_a_month_cost_the_vendors_pages_and_four_calls(
    sites: tuple[Site, ...], order: Order, forward: bool
) -> None:
    codes = [code for each in sites for code in each.bespot]
    inner = minutes(order, codes, days=30)
    clock = Hands(NOW)
    cached = CachedFootfall(inner, shelf(clock), CounterRule(SETTLE, LAG))
    world = Federation(sites, counter=cached, clock=clock)  # type: ignore[arg-type]  # the cache around a fake
    noun = "visits" if forward else "occupancy"
    ask = ask_of(noun, world, Window(FIRST, FIRST + 30 * DAY), Granularity.MINUTE, sites)
    assert await walk(ask, [1700], forward=forward)
    held = sum(len(inner.visits_of[code]) for code in codes)
    calls = (inner.of_visits if forward else inner.of_occupancy).calls
    # a vendor that sorts by store shows one store of many first, which tells little of where the others' rows are
    assert calls <= -(-held // PAGE) + (6 if order == "store" else 4)


class Logins(Asked):
    """The guest Wi-Fi: widened days, pages of a hundred, no total, any order. A call a page."""

    vendor = VendorKey.GUEST_WIFI
    grain: Micros = DAY
    page_rows = 100

    def __init__(self, a_day: int, days: int, order: str) -> None:
        super().__init__()
        chance = random.Random(2)
        around = range(a_day * (days + 20))
        starts = sorted(FIRST - 10 * DAY + chance.randrange((days + 20) * DAY) for _ in around)
        self.rows = [(wifi(start, f"{n:06}"), start + chance.randrange(3 * HOUR)) for n, start in enumerate(starts)]
        if order == "shuffled":
            chance.shuffle(self.rows)

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[WifiRecord]]:
        low = _start_of(mapping.first_day(window, WIFI.margin_days).isoformat())
        high = _start_of(mapping.last_day(window, WIFI.margin_days, WIFI.longest_stay_days).isoformat())
        found = [record for record, end in self.rows if record.start >= low and end < high]
        taken = found if budget is None else found[: -(-budget // 100) * 100]
        self.calls += max(1, -(-len(taken) // 100))
        kept = [record for record in taken if record.start in window]
        complete = len(taken) == len(found)
        return Slice(kept, complete, sample=[] if complete else [record.start for record in kept])


def _start_of(day: str) -> Micros:
    return instant.from_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC))


async def walked(inner: Logins, days: int, *, forward: bool) -> int:
    """How many sessions a walk over the days found, each once and in order."""
    clock, venue = Hands(NOW), (site("v", wifi=("w",)),)
    cached = CachedStays(
        inner, WifiRecord, shelf(clock, VendorKey.GUEST_WIFI), PSEUDONYMS.sealer("cache"), stale=12 * HOUR
    )
    world = Federation(venue, wifi=cached, clock=clock)  # type: ignore[arg-type]  # the cache around a fake
    window = Window(FIRST, FIRST + days * DAY)
    ask = SessionAsk(window, venue, vendors=frozenset({VendorKey.GUEST_WIFI}))

    async def page(asked: PageAsk) -> Page[Session]:
        return await world.sessions.page(ask, asked, ("caller",))

    rows = await walk(page, [100, 40, 300], forward=forward)
    truth = sorted((record.start, record.id) for record, _ in inner.rows if record.start in window)
    assert [(row.record.start, row.record.id) for row in rows] == truth
    return len(rows)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("order", ["ascending", "shuffled"])
@pytest.mark.parametrize(("a_day", "days"), [(5, 40), (20, 20), (60, 7), (40, 20)])
async def test_logins_of_quiet_days_cost_full_pages_and_four_calls(
    a_day: int, days: int, order: str, forward: bool
) -> None:
    inner = Logins(a_day, days, order)
    rows = await walked(inner, days, forward=forward)
    assert inner.calls <= -(-rows // 100) + 4


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize(("a_day", "days"), [(300, 20), (500, 20)])
async def test_logins_of_dense_days_cost_twice_their_pages_at_most(a_day: int, days: int, forward: bool) -> None:
    inner = Logins(a_day, days, "shuffled")
    rows = await walked(inner, days, forward=forward)
    assert inner.calls <= 2 * -(-rows // 100)
