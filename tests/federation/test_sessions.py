"""Sessions of several vendors in one order: paging, prices, dead vendors, statuses, totals."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.coverage import CoverageState
from gateway.domain.errors import CursorError, NotConfigured, Rejected, TimedOut, Unavailable
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND, Micros
from gateway.domain.session import AppRecord, SessionQuery, SessionStatus, WifiRecord
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.paging import Page, PageAsk
from gateway.federation.sessions import SessionAsk
from tests.federation.fakes import ORDERS, Federation, Order, Stays, app, at, site, span, wifi, wifi_stays
from tests.federation.walking import walk

pytestmark = pytest.mark.anyio

ATHENS = site("ath", "A", wifi=("w",))
BOSTON = site("bos", "B")
CAFE = site("cafe", wifi=("v",))
SITES = (ATHENS, BOSTON, CAFE)
DAY_ONE = at("2026-10-26T00:00:00Z")
WINDOW = Window(DAY_ONE, DAY_ONE + 5 * DAY)
BESPOT, WIFI = VendorKey.BESPOT, VendorKey.GUEST_WIFI


def ask_of(world: Federation, ask: SessionAsk, bound: Any = ("caller",)) -> Any:
    async def asked(page: PageAsk) -> Page[Any]:
        return await world.sessions.page(ask, page, bound)

    return asked


def ids(rows: list[Any]) -> list[str]:
    return [row.record.id for row in rows]


def stays_of(
    count: int, order: Order = "ascending", window: Window = WINDOW, clamp: int = 10_000, seed: int = 1
) -> Stays:
    """App sessions all over the window: some at one instant, one in three of a store nobody claims."""
    rng, stays = random.Random(seed), Stays(order=order, clamp=clamp)
    starts = [rng.randrange(window.start, window.end) // (7 * MINUTE) * (7 * MINUTE) for _ in range(count)]
    stays.records = [app(max(start, window.start), f"a{n:05}", rng.choice("ABZ")) for n, start in enumerate(starts)]
    return stays


def logins_of(count: int, order: Order = "ascending", window: Window = WINDOW, seed: int = 2) -> Stays:
    rng, stays = random.Random(seed), wifi_stays(order)
    starts = [rng.randrange(window.start, window.end) // (7 * MINUTE) * (7 * MINUTE) for _ in range(count)]
    stays.records = [wifi(max(start, window.start), f"w{n:05}", rng.choice("wvq")) for n, start in enumerate(starts)]
    return stays


def expected(*all_stays: Stays) -> list[str]:
    rank = {BESPOT: 0, WIFI: 1}
    claimed = {"A", "B", "w", "v"}
    rows = [(r.start, rank[s.vendor], r.id) for s in all_stays for r in s.records if r.code in claimed]
    return [row[2] for row in sorted(rows)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("forward", [True, False])
async def test_a_walk_of_any_page_sizes_is_the_whole_list(order: Order, descending: bool, forward: bool) -> None:
    app_stays, logins = stays_of(900, order), logins_of(300, order)
    world = Federation(SITES, stays=app_stays, wifi=logins)
    ask = ask_of(world, SessionAsk(WINDOW, SITES, descending=descending))
    whole = expected(app_stays, logins)
    walked = await walk(ask, [13, 1, 100, 250], forward=forward)
    assert ids(walked) == (whole[::-1] if descending else whole)


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_what_lies_between_two_cursors_is_what_the_list_has_there(data: st.DataObject) -> None:
    order, seed = data.draw(st.sampled_from(ORDERS)), data.draw(st.integers(1, 4))
    app_stays, logins = stays_of(120, order, seed=seed), logins_of(40, order, seed=seed)
    ask = ask_of(
        Federation(SITES, stays=app_stays, wifi=logins), SessionAsk(WINDOW, SITES, descending=data.draw(st.booleans()))
    )
    whole = await ask(PageAsk(1000))
    low, high = (data.draw(st.integers(0, len(whole.rows) - 1)) for _ in range(2))
    size, forward = data.draw(st.integers(0, 30)), data.draw(st.booleans())
    page = await ask(PageAsk(size, forward, after=whole.cursor(whole.rows[low]), before=whole.cursor(whole.rows[high])))
    between = ids(whole.rows[low + 1 : high])
    assert ids(page.rows) == (between[:size] if forward else between[-size:] if size else [])


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 5 * DAY - 1), order=st.sampled_from(ORDERS), seed=st.integers(1, 4))
async def test_splitting_a_window_never_changes_the_union(cut: int, order: Order, seed: int) -> None:
    world = Federation(SITES, stays=stays_of(200, order, seed=seed), wifi=logins_of(60, order, seed=seed))
    middle = WINDOW.start + cut
    parts = [Window(WINDOW.start, middle), Window(middle, WINDOW.end)]
    rows = [ids((await ask_of(world, SessionAsk(part, SITES))(PageAsk(10_000))).rows) for part in [*parts, WINDOW]]
    assert rows[0] + rows[1] == rows[2]


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
@pytest.mark.parametrize("length", [DAY, 30 * DAY])
async def test_the_first_five_of_five_thousand_take_two_calls_and_few_rows(order: Order, length: Micros) -> None:
    window = Window(DAY_ONE - 30 * DAY, DAY_ONE - 30 * DAY + length)
    rng, stays = random.Random(3), Stays(order=order)
    stays.records = [app(rng.randrange(window.start, window.end), f"a{n}", "A") for n in range(5000)]
    world = Federation(SITES, stays=stays)
    for forward in (True, False):
        stays.of.forget()
        page = await ask_of(world, SessionAsk(window, SITES, vendors=frozenset({BESPOT})))(PageAsk(5, forward))
        assert ids(page.rows) == (expected(stays)[:5] if forward else expected(stays)[-5:])
        assert stays.of.calls <= 2
        assert stays.of.rows <= 1500


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("sites", [SITES, (BOSTON,), (ATHENS, BOSTON)], ids=["all", "one store", "two of three"])
async def test_a_page_takes_at_most_two_calls(order: Order, forward: bool, sites: tuple[Site, ...]) -> None:
    stays = stays_of(6000, order, Window(DAY_ONE - 30 * DAY, DAY_ONE))
    world = Federation(SITES, stays=stays)
    window = Window(DAY_ONE - 30 * DAY, DAY_ONE)
    ask = ask_of(world, SessionAsk(window, SITES, sites, vendors=frozenset({BESPOT})))
    prices: list[int] = []

    def price() -> None:
        prices.append(stays.of.calls)
        stays.of.forget()

    await walk(ask, [50, 5, 600, 120], forward=forward, each=price)
    assert max(prices) <= 2


async def test_a_rare_status_in_a_long_window_takes_few_calls() -> None:
    window = Window(DAY_ONE - 30 * DAY, DAY_ONE)
    rng, stays = random.Random(4), Stays()
    stays.records = [app(rng.randrange(window.start, window.end), f"a{n}", "A", ended=n % 40 != 0) for n in range(6000)]
    world = Federation(SITES, stays=stays)
    page = await ask_of(
        world, SessionAsk(window, SITES, vendors=frozenset({BESPOT}), status=frozenset({SessionStatus.STALE}))
    )(PageAsk(50))
    assert len(page.rows) == 50
    assert stays.of.calls <= 5


async def test_the_first_page_of_the_wifi_reads_its_first_day_only() -> None:
    logins = wifi_stays()
    logins.records = [wifi(DAY_ONE + n * 10 * MINUTE, f"w{n:04}") for n in range(5 * 144)]
    world = Federation(SITES, wifi=logins)
    page = await ask_of(world, SessionAsk(WINDOW, SITES, vendors=frozenset({WIFI})))(PageAsk(5))
    assert ids(page.rows) == [f"w{n:04}" for n in range(5)]
    assert (logins.of.reads, logins.of.rows) == (1, 144)


async def test_rows_of_one_instant_come_by_vendor_and_then_by_the_vendors_id() -> None:
    stays, logins = Stays(order="shuffled"), wifi_stays("shuffled")
    stays.records = [app(DAY_ONE, name, "A") for name in ("z", "a", "m")]
    logins.records = [wifi(DAY_ONE, name) for name in ("y", "b")]
    world = Federation(SITES, stays=stays, wifi=logins)
    assert ids(await walk(ask_of(world, SessionAsk(WINDOW, SITES)), [1])) == ["a", "m", "z", "b", "y"]
    backward = await walk(ask_of(world, SessionAsk(WINDOW, SITES)), [2], forward=False)
    assert ids(backward) == ["a", "m", "z", "b", "y"]


async def test_a_dead_vendor_leaves_the_others_rows_and_is_named() -> None:
    stays, logins = stays_of(30), logins_of(10)
    logins.of.dead = TimedOut(WIFI, "It took too long.")
    page = await ask_of(Federation(SITES, stays=stays, wifi=logins), SessionAsk(WINDOW, SITES))(PageAsk(50, total=True))
    assert ids(page.rows) == expected(stays)
    assert [
        (line.vendor, line.state, line.code) for line in page.coverage if line.state is not CoverageState.NOT_COVERED
    ] == [
        (BESPOT, CoverageState.COMPLETE, None),
        (WIFI, CoverageState.FAILED, "UPSTREAM_TIMEOUT"),
    ]
    assert page.failures == [logins.of.dead]
    assert page.total is None


async def test_the_page_after_a_recovery_has_the_rows_it_would_have_had() -> None:
    stays, logins = stays_of(60), logins_of(60)
    world = Federation(SITES, stays=stays, wifi=logins)
    ask = ask_of(world, SessionAsk(WINDOW, SITES))
    logins.of.dead = Unavailable(WIFI, "It is down.")
    first = await ask(PageAsk(10))
    logins.of.dead = None
    second = await ask(PageAsk(10, after=first.cursor(first.rows[-1])))
    last = first.rows[-1].record.id
    whole = expected(stays, logins)
    assert ids(second.rows) == whole[whole.index(last) + 1 :][:10]
    assert any(row.vendor is WIFI for row in second.rows)
    assert second.failures == []


async def test_a_vendor_that_fails_midway_is_partial_and_its_rows_stay() -> None:
    stays, logins = Stays(), wifi_stays()
    stays.records = [app(DAY_ONE + n * DAY, f"a{n}", "A") for n in range(5)]
    logins.records = [wifi(DAY_ONE + n * HOUR, f"w{n}") for n in range(3)]
    logins.of.fails = {2}
    page = await ask_of(Federation(SITES, stays=stays, wifi=logins), SessionAsk(WINDOW, SITES))(PageAsk(50))
    assert ids(page.rows) == ["a0", "w0", "w1", "w2", "a1", "a2", "a3", "a4"]
    states = {line.vendor: line.state for line in page.coverage if line.state is not CoverageState.NOT_COVERED}
    assert states == {BESPOT: CoverageState.COMPLETE, WIFI: CoverageState.PARTIAL}
    assert [(error.vendor, error.retry_after) for error in page.failures] == [(WIFI, 3.0)]


async def test_where_all_vendors_are_dead_there_is_no_page() -> None:
    stays, logins = stays_of(3), logins_of(3)
    stays.of.dead, logins.of.dead = Unavailable(BESPOT, "It is down."), TimedOut(WIFI, "It took too long.")
    with pytest.raises(Unavailable) as met:
        await ask_of(Federation(SITES, stays=stays, wifi=logins), SessionAsk(WINDOW, SITES))(PageAsk(5))
    assert met.value.vendor is BESPOT


async def test_where_no_vendor_is_configured_that_is_said() -> None:
    with pytest.raises(NotConfigured):
        await ask_of(Federation(SITES), SessionAsk(WINDOW, SITES))(PageAsk(5))


async def test_a_vendor_that_is_not_configured_is_not_covered_with_its_code_and_the_rest_works() -> None:
    stays = stays_of(30)
    page = await ask_of(Federation(SITES, stays=stays), SessionAsk(WINDOW, SITES))(PageAsk(50, total=True))
    assert ids(page.rows) == expected(stays)
    line = next(line for line in page.coverage if line.vendor is WIFI)
    assert (line.state, line.code) == (CoverageState.NOT_COVERED, "VENDOR_NOT_CONFIGURED")
    assert page.total == len(expected(stays))  # the Wi-Fi is no part of this answer


async def test_a_site_a_vendor_does_not_cover_is_no_failure() -> None:
    stays, logins = stays_of(9), logins_of(9)
    page = await ask_of(Federation(SITES, stays=stays, wifi=logins), SessionAsk(WINDOW, SITES, (BOSTON,)))(PageAsk(50))
    assert {(line.vendor, line.state) for line in page.coverage} == {
        (BESPOT, CoverageState.COMPLETE),
        (WIFI, CoverageState.NOT_COVERED),
    }
    assert (page.failures, logins.of.calls) == ([], 0)


async def test_a_store_the_vendor_does_not_know_is_an_empty_connection_that_says_so() -> None:
    stays = Stays()
    stays.stores = {"A"}
    page = await ask_of(Federation(SITES, stays=stays, wifi=logins_of(3)), SessionAsk(WINDOW, SITES, (BOSTON,)))(
        PageAsk(5)
    )
    line = next(line for line in page.coverage if line.vendor is BESPOT)
    assert page.rows == []
    assert (line.state, line.code, line.vendor_code) == (
        CoverageState.FAILED,
        "UPSTREAM_REJECTED",
        "store_code_not_found",
    )
    assert [type(error) for error in page.failures] == [Rejected]


async def test_codes_nobody_claims_never_leak_and_are_listed() -> None:
    stays, logins = stays_of(60), logins_of(60)
    world = Federation(SITES, stays=stays, wifi=logins)
    page = await ask_of(world, SessionAsk(WINDOW, SITES))(PageAsk(1000))
    assert {row.record.code for row in page.rows} == {"A", "B", "w", "v"}
    assert (world.crosswalk.unclaimed(BESPOT), world.crosswalk.unclaimed(WIFI)) == (["Z"], ["q"])


async def test_a_caller_sees_only_his_sites() -> None:
    stays, logins = stays_of(60), logins_of(60)
    world = Federation(SITES, stays=stays, wifi=logins)
    page = await ask_of(world, SessionAsk(WINDOW, (BOSTON,)))(PageAsk(1000))
    assert {row.site.key for row in page.rows} == {"bos"}


async def test_the_total_is_bespots_own_count_of_claimed_stores_or_null() -> None:
    stays, logins = stays_of(900), logins_of(300)
    world = Federation(SITES, stays=stays, wifi=logins)
    only = SessionAsk(WINDOW, SITES, vendors=frozenset({BESPOT}))
    assert (await ask_of(world, only)(PageAsk(5, total=True))).total == len(expected(stays))
    assert (await ask_of(world, SessionAsk(WINDOW, SITES))(PageAsk(5, total=True))).total is None
    stays.selects_by_start = False
    assert (await ask_of(world, only)(PageAsk(5, total=True))).total is None
    whole = await ask_of(world, SessionAsk(WINDOW, SITES))(PageAsk(5000, total=True))
    assert whole.total == len(whole.rows) == len(expected(stays, logins))


async def test_no_count_is_asked_where_nobody_reads_it() -> None:
    stays = stays_of(900)
    world = Federation(SITES, stays=stays)
    await ask_of(world, SessionAsk(WINDOW, SITES))(PageAsk(5))
    assert stays.counted == 0


async def test_a_session_without_end_is_open_and_after_twelve_hours_stale() -> None:
    now = at("2026-11-02T12:07:30Z")
    stays, logins = Stays(), wifi_stays()
    stays.records = [
        app(now - 12 * HOUR - SECOND, "old", "A", ended=False),
        app(now - 12 * HOUR, "young", "A", ended=False),
        app(now - HOUR, "done", "A"),
    ]
    logins.records = [wifi(now - 13 * HOUR, "on", online=True), wifi(now - HOUR, "off")]
    window = span("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z")
    world = Federation(SITES, stays=stays, wifi=logins)
    page = await ask_of(world, SessionAsk(window, SITES))(PageAsk(50))
    assert [(row.record.id, row.status.value) for row in page.rows] == [
        ("on", "OPEN"),
        ("old", "STALE"),
        ("young", "OPEN"),
        ("done", "CLOSED"),
        ("off", "CLOSED"),
    ]
    for status, kept in (("OPEN", ["on", "young"]), ("STALE", ["old"]), ("CLOSED", ["done", "off"])):
        ask = SessionAsk(window, SITES, status=frozenset({SessionStatus(status)}))
        found = await ask_of(world, ask)(PageAsk(50, total=True))
        assert (ids(found.rows), found.total) == (kept, len(kept))


async def test_a_filter_on_one_vendors_identifier_leaves_the_other_alone() -> None:
    stays, logins = Stays(), wifi_stays()
    stays.records = [app(DAY_ONE, "a", "A", device="D1"), app(DAY_ONE, "b", "A", device="D2")]
    logins.records = [wifi(DAY_ONE, "w", mac="14:2d"), wifi(DAY_ONE, "v", mac="ff")]
    world = Federation(SITES, stays=stays, wifi=logins)
    page = await ask_of(world, SessionAsk(WINDOW, SITES, query=SessionQuery(device_id="D1")))(PageAsk(50))
    assert (ids(page.rows), logins.of.calls) == (["a"], 0)
    stays.of.forget()
    page = await ask_of(world, SessionAsk(WINDOW, SITES, query=SessionQuery(device_mac="14:2d")))(PageAsk(50))
    assert (ids(page.rows), stays.of.calls) == (["w"], 0)


class Shouting(Stays):
    """A vendor that compares identifiers without regard to case and writes them its own way."""

    async def sessions(self, window: Window, code: str | None, query: SessionQuery, budget: int | None) -> Any:
        return await super().sessions(window, code, SessionQuery(), budget)


async def test_an_identifier_the_vendor_writes_in_the_other_case_is_the_same() -> None:
    stays, logins = Shouting(), Shouting(WIFI)
    stays.records, logins.records = [app(DAY_ONE, "a", "A", device="AB-CD")], [wifi(DAY_ONE, "w", mac="14:2D:27")]
    world = Federation(SITES, stays=stays, wifi=logins)
    for query, found in ((SessionQuery(device_id="ab-cd"), ["a"]), (SessionQuery(device_mac="14:2d:27"), ["w"])):
        page = await ask_of(world, SessionAsk(WINDOW, SITES, query=query))(PageAsk(50))
        assert ids(page.rows) == found


async def test_a_cursor_holds_no_identifier() -> None:
    stays = Stays()
    stays.records = [app(DAY_ONE, "SECRET-SESSION-ID", "A", device="SECRET-DEVICE")]
    page = await ask_of(Federation(SITES, stays=stays), SessionAsk(WINDOW, SITES))(PageAsk(5))
    import base64

    raw = base64.urlsafe_b64decode(page.cursor(page.rows[0]) + "==")
    assert b"SECRET" not in raw


async def test_a_cursor_of_another_filter_is_refused() -> None:
    world = Federation(SITES, stays=stays_of(9))
    page = await ask_of(world, SessionAsk(WINDOW, SITES), ("one",))(PageAsk(5))
    with pytest.raises(CursorError) as met:
        await ask_of(world, SessionAsk(WINDOW, SITES), ("other",))(PageAsk(5, before=page.cursor(page.rows[0])))
    assert met.value.argument == ("before",)


def test_the_fakes_make_what_they_say() -> None:
    assert isinstance(stays_of(1).records[0], AppRecord)
    assert isinstance(logins_of(1).records[0], WifiRecord)
