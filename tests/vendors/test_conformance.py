"""Every vendor of the registry against the one world: its adapter must tell, through its ports, what really happened.

Vendors are picked from the registry and checked port by port: a new vendor is checked with no edit here, and a port
nobody knows how to check fails. Strays, which no crosswalk claims, are part of what ports tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.domain import instant
from gateway.domain.campaign import CampaignQuery
from gateway.domain.engagement import Audience, EngagementTerms
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND, Micros
from gateway.domain.kpi import KpiAsk, KpiModule, PresenceKpi, PresenceScope
from gateway.domain.okube_site import SiteQuery
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.ports.supply import Supply
from gateway.domain.session import AppRecord, SessionQuery
from gateway.domain.site import Level, ShopsterObject
from gateway.domain.study import StudyQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.federation.ranges import whole
from gateway.registry import VENDORS, vendors
from gateway.sandbox import host
from gateway.sandbox.places import Place
from gateway.sandbox.world import World
from gateway.settings import VendorsSettings
from gateway.upstream.vendor import Vendor, build_client
from tests.sandbox.hands import NOON, Hands

pytestmark = pytest.mark.anyio

WORLD = World(days=20, clock=Hands())
CLOCK_CHANGE = NOON // DAY * DAY - 8 * DAY  # 25 October 2026
WINDOWS = {
    "a day": Window(NOON - 4 * DAY, NOON - 3 * DAY),
    "an odd hour": Window(NOON - 2 * DAY + 12_345_678, NOON - 2 * DAY + HOUR + 7),
    "up to now": Window(NOON - 8 * HOUR, NOON + DAY),
    "a clock change": Window(CLOCK_CHANGE, CLOCK_CHANGE + DAY),
    "before history": Window(NOON - 400 * DAY, NOON - 390 * DAY),
}
Check = Callable[[Any, Window], Awaitable[None]]


@asynccontextmanager
async def supplied(vendor: Vendor) -> AsyncIterator[Supply]:
    """The vendor's adapter over its own simulator of the world, on a real socket."""
    hosted = host.start(WORLD, [vendor.simulator])
    folder = vendor.key.folder
    try:
        section = getattr(VendorsSettings.model_validate({folder: dict(hosted.vendors[folder].settings)}), folder)
        client = build_client(vendor, section, WORLD.now)
        try:
            yield vendor.build(section, client, WORLD.now, True)
        finally:
            await client.close()
    finally:
        hosted.stop()


def days(window: Window) -> Iterator[tuple[Place, date]]:
    for place in WORLD.everywhere:
        for day in WORLD.days(place, window.start, window.end):
            yield place, day


def doors(window: Window) -> Iterator[tuple[str, Place, int, date]]:
    for place, day in days(window):
        for door, code in enumerate(place.bespot):
            yield code, place, door, day


# what each port must tell -------------------------------------------------------------------------------------------


async def footfall(port: Any, window: Window) -> None:
    visits: dict[str, list[tuple[int, int, int]]] = {}
    inside: dict[str, list[tuple[int, int]]] = {}
    for code, place, door, day in doors(window):
        seen = WORLD.visits(place, day, door, WORLD.published())
        rows = zip(seen.minutes, seen.entries, seen.exits, strict=True)
        visits.setdefault(code, []).extend((m // MINUTE, come, gone) for m, come, gone in rows if m in window)
        measured = WORLD.occupancy(place, day, door, WORLD.published())
        inside.setdefault(code, []).extend(
            (m // MINUTE, count) for m, count in zip(measured.minutes, measured.inside, strict=True) if m in window
        )
    told = await port.visits(window, None, None)
    assert told.complete
    found = {c: list(zip(v.minutes, v.entries, v.exits, strict=True)) for c, v in told.body.items()}
    assert found == {code: sorted(rows) for code, rows in visits.items() if rows}
    assert all(
        net == come - gone
        for column in told.body.values()
        for net, come, gone in zip(column.nets, column.entries, column.exits, strict=True)
    )
    measured_told = await port.occupancy(window, None, None)
    assert {c: list(zip(o.minutes, o.counts, strict=True)) for c, o in measured_told.body.items()} == {
        code: sorted(rows) for code, rows in inside.items() if rows
    }
    for code in WORLD.bespot:
        alone = await port.visits(window, code, None)
        assert alone.body.get(code) == told.body.get(code)
        assert set(alone.body) <= {code}
        assert await port.visit_rows(window, code) == len(visits.get(code, []))
        assert await port.occupancy_rows(window, code) == len(inside.get(code, []))


def started(window: Window) -> tuple[dict[str, tuple[str, Micros, Micros | None]], dict[str, tuple[str, Micros, bool]]]:
    """App sessions and Wi-Fi logins by id: code, start, and end (app) or whether still online (Wi-Fi)."""
    apps, logins = {}, {}
    for place, day in days(window):
        for app in WORLD.app_sessions(place, day) if place.bespot else ():
            if app.start in window:
                apps[app.session_id] = (place.bespot[app.door], app.start, WORLD.app_stop(app))
        for login in WORLD.wifi_sessions(place, day):
            if login.start in window and place.wifi is not None:
                logins[login.id] = (place.wifi, login.start, login.end > WORLD.now())
    return apps, logins


async def sessions(port: Any, window: Window) -> None:
    told = (await port.sessions(window, None, SessionQuery(), None)).body
    apps, logins = started(window)
    if port.vendor is VendorKey.BESPOT:
        assert {r.id: (r.code, r.start, r.ended_at is None) for r in told} == {
            name: (code, start, stop is None) for name, (code, start, stop) in apps.items()
        }
        ends = {r.id: r.duration_seconds for r in told if isinstance(r, AppRecord)}
        assert ends == {n: None if stop is None else (stop - start) // SECOND for n, (_, start, stop) in apps.items()}
    else:
        assert {r.id: (r.code, r.start, r.online) for r in told} == logins
    assert len(told) == len({r.id for r in told})
    for code in sorted({r.code for r in told})[:3]:
        alone = (await port.sessions(window, code, SessionQuery(), None)).body
        assert {r.id for r in alone} == {r.id for r in told if r.code == code}


async def counts(port: Any, window: Window) -> None:
    apps, _ = started(window)
    expected = Counter(code for code, _, _ in apps.values())
    assert {count.code: count.count for count in await port.session_counts(window, None)} == expected
    users = {count.code: count.count for count in await port.user_counts(window, None)}
    assert set(users) == set(expected)
    assert all(0 < users[code] <= expected[code] for code in expected)


async def guests(port: Any, window: Window) -> None:
    # the vendor's days are its own: with some to spare on either side they hold all that ended in the window
    spare = Days(instant.day_of(window.start - 2 * DAY), instant.day_of(min(window.end, NOON) + 3 * DAY))
    _, logins = started(window)
    ended = Counter(code for code, _, online in logins.values() if not online)
    for code in WORLD.wifi:
        counted = await port.login_count(spare, code, None)
        assert ended[code] <= counted
        assert bool(counted) is bool(ended[code]) or window.start > WORLD.begin
    online = {
        login.ip: login.guest.email
        for place in WORLD.everywhere
        for day in WORLD.days(place, NOON - 2 * DAY, NOON)
        for login in WORLD.wifi_sessions(place, day)
        if login.end > WORLD.now()
    }
    asked = [*list(online)[:5], "10.255.255.254"]
    leases = await port.leases(asked)
    assert set(leases) == set(asked[:-1])
    assert (await port.leases(asked[:1])).keys() == {asked[0]}
    assert {code for code, _ in await port.locations()} == set(WORLD.wifi)


async def engagement(port: Any, window: Window) -> None:
    terms = EngagementTerms()
    for place in (place for place in WORLD.everywhere if place.shopster and place.shopster[0].kind == "mall"):
        day = place.local_day(window.start)
        thing = place.shopster[0]
        told = await port.engagement(
            [ShopsterObject(thing.id, Level(thing.kind))], Days(day, day), terms, {thing.id: ZoneInfo(place.timezone)}
        )
        truth = WORLD.engagement(place, *place.span(day), 5, 20, 14)
        if place.span(day)[0] < WORLD.begin or not truth.visitor.sessions:
            continue
        sums = {r.audience: sum(p.session_count for p in r.points) for r in told[thing.id]}
        assert sums[Audience.VISITOR] == truth.visitor.sessions
        assert sums[Audience.ENGAGED] == truth.engaged.sessions
        assert sums[Audience.BOUNCED] == truth.bounced.sessions
        starts = {p.start for r in told[thing.id] for p in r.points}
        assert starts == {place.midnight(day)}


async def records(port: Any, window: Window) -> None:
    del window
    lists: list[tuple[Callable[[int, int], Awaitable[Any]], set[str]]] = [
        (lambda s, n: port.applications(s, n), {WORLD.application.id}),
        (lambda s, n: port.sites(None, SiteQuery(), s, n), {p.okube.id for p in WORLD.everywhere if p.okube}),
        (
            lambda s, n: port.points_of_interest(None, PointOfInterestQuery(), s, n),
            {point.id for point in WORLD.points_of_interest},
        ),
        (lambda s, n: port.campaigns(None, CampaignQuery(), s, n), {c.id for c in WORLD.campaigns}),
        (lambda s, n: port.studies(None, StudyQuery(), s, n), {study.id for study in WORLD.studies}),
    ]
    for read, expected in lists:
        found = [row.id for row in await whole(read, port.page_rows)]
        assert len(found) == len(set(found))
        assert expected <= set(found)
        assert len(found) <= len(expected) + 1  # an online shop, which is no place of the world
    place = next(place for place in WORLD.sites if place.okube)
    assert place.okube is not None
    by_id, by_key = await port.site(None, place.okube.id), await port.site(None, place.okube.key)
    assert by_id.id == by_key.id == place.okube.id
    assert await port.site(None, "5e1834b0e12d62a85b38ffff") is None


async def kpis(port: Any, window: Window) -> None:
    day = instant.day_of(window.start)
    scopes = (PresenceScope.GLOBAL, PresenceScope.SITES)
    told = await port.kpis(KpiAsk(KpiModule.PRESENCE, Days(day, day), (PresenceKpi.SESSIONS,), scopes))
    entities = {series.entity for series in told if series.entity is not None}
    names = {name for p in WORLD.everywhere if p.okube for name in (p.okube.id, p.okube.key, *p.okube.keys)}
    assert entities <= names
    assert [series.scope for series in told if series.entity is None] == ["GLOBAL"]
    if window.start >= WORLD.begin + DAY:
        assert len(entities) == sum(place.okube is not None for place in WORLD.everywhere)


async def writes(port: Any, window: Window) -> None:
    """What is written is not part of the world: tests/schema and tests/vendors hold the writes."""


CHECKS: dict[str, Check] = {
    "footfall": footfall,
    "sessions": sessions,
    "counts": counts,
    "guests": guests,
    "engagement": engagement,
    "records": records,
    "kpis": kpis,
    "writes": writes,
}


@pytest.mark.parametrize("window", list(WINDOWS.values()), ids=list(WINDOWS))
@pytest.mark.parametrize("name", VENDORS)
async def test_a_vendor_tells_what_happened(name: str, window: Window) -> None:
    vendor = next(vendor for dotted, vendor in zip(VENDORS, vendors(), strict=True) if dotted == name)
    async with supplied(vendor) as supply:
        assert supply.vendor is vendor.key
        assert supply.simulated
        plain = {"vendor", "title", "health", "simulated"}
        ports = {
            n: port for n in supply.__struct_fields__ if n not in plain and (port := getattr(supply, n)) is not None
        }
        assert ports, "a vendor supplies something"
        for noun, port in ports.items():
            await CHECKS[noun](port, window)
        health = await supply.health.health()
        assert health.last_success_at is not None
        assert health.last_failure_code is None
