"""The gateway's own schema over vendors in memory whose facts are not always what the schema says.

For comparing executors: real resolvers, real federation, and records with nulls and wrong types in them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import msgspec

from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.scopes import EVERY_SCOPE, Scope
from gateway.domain.application import Application
from gateway.domain.campaign import Campaign, KeyValue, Lever
from gateway.domain.engagement import Audience, EngagementPoint, EngagementRecord
from gateway.domain.errors import Unavailable
from gateway.domain.instant import MINUTE
from gateway.domain.kpi import KpiAsk, KpiPoint, KpiSeriesRecord, KpiValue
from gateway.domain.okube_site import OkubeSite
from gateway.domain.place import Coordinates
from gateway.domain.point_of_interest import PointOfInterest
from gateway.domain.ports.pages import Page
from gateway.domain.session import AppRecord, GuestLease, WifiRecord
from gateway.domain.site import Level, ShopsterObject, Site
from gateway.domain.study import Study
from gateway.domain.vendor import VendorKey
from gateway.execution.errors import facts
from gateway.federation.catalog import Catalog
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.supplies import Supplies
from gateway.loaders.request import Request
from gateway.schema import build
from gateway.schema.node import encode
from gateway.settings import BespotSettings, OkubeSettings
from tests.execution.maze import LONG_WORLDS
from tests.federation.fakes import NOW, Counter, Guests, Stays, app, at, supply, wifi, wifi_stays
from tests.sandbox.hands import Hands

SCHEMA = build.build()
SITES = 4
FROM, TO = "2026-11-01T22:00:00Z", "2026-11-02T12:00:00Z"
IDS = [
    *(str(encode("Site", f"s{number}")) for number in range(SITES)),
    *(str(encode(kind, f"{kind}1")) for kind in ("Campaign", "Study", "PointOfInterest", "Application")),
]

CALLERS = (
    Principal(kind=CallerKind.ANONYMOUS, label="operator", scopes=EVERY_SCOPE),
    Principal(kind=CallerKind.KEY, label="reader", name="reader", scopes=frozenset({Scope.READ})),
    Principal(
        kind=CallerKind.KEY, label="limited", scopes=frozenset({Scope.READ, Scope.PII_READ}), sites=frozenset({"s1"})
    ),
    Principal(kind=CallerKind.ANONYMOUS, label="anonymous"),
)


class House:
    """One world, drawn from `random`; `fault`: the share of values that are not what the schema says."""

    def __init__(self, random: Random, fault: float) -> None:
        self._random = random
        self._fault = fault
        sites = [self._site(number) for number in range(SITES)]
        counter, stays, logins = Counter(), Stays(), wifi_stays()
        for number in range(SITES):
            self._minutes(counter, f"b{number}")
        counter.store("b9", {}, {})
        stays.records = self._stays()
        logins.records = self._logins()
        dead = Unavailable(VendorKey.BESPOT, "It is down.", retry_after=3.0)
        for part in (counter.of_visits, counter.of_occupancy, stays.of):
            part.dead = dead if random.random() < 0.1 else None
        guests = Leases({f"w{number}": number for number in range(SITES)})
        records = Records(self)
        self._catalog = Catalog(
            Supplies(
                [
                    supply(VendorKey.BESPOT, footfall=counter, sessions=stays, counts=stays),
                    supply(VendorKey.GUEST_WIFI, sessions=logins, guests=guests),
                    supply(VendorKey.SHOPSTER, engagement=Groups(self)),
                    supply(VendorKey.OKUBE, records=records, kpis=Figures(self)),
                ]
            ),
            Crosswalk(sites),
            [b"a key of cursors"],
            Hands(NOW),
            BespotSettings(),
            OkubeSettings(application="Application1"),
        )
        self._pseudonyms = Pseudonyms(b"5" * 32)

    def context(self, caller: int) -> Request:
        return Request(self._catalog, CALLERS[caller % len(CALLERS)], self._pseudonyms, describe=facts)

    def value(self, right: Any, *wrong: Any) -> Any:
        return self._random.choice(wrong) if self._random.random() < self._fault else right

    def several(self, make: Callable[[int], Any], most: int) -> list[Any]:
        return [make(number) for number in range(self._random.choice((0, 1, 3, most)))]

    def _length(self, most: int) -> int:
        """Of a list; now and then longer than what is completed in one go."""
        return 1_200 if self._random.random() < LONG_WORLDS else self._random.choice((0, 3, most))

    def _site(self, number: int) -> Site:
        return Site(
            key=f"s{number}",
            name=self.value(f"Site {number}", None, 5, ["x"]),
            timezone=("Europe/Athens", "America/New_York")[number % 2],
            tags=("north",) if number % 2 else (),
            bespot=() if number == SITES - 1 else (f"b{number}", "b9") if number == 1 else (f"b{number}",),
            okube=f"o{number}",
            shopster=(ShopsterObject(number, Level.MALL),),
            guest_wifi=(f"w{number}",),
        )

    def _minutes(self, counter: Counter, code: str) -> None:
        first = at(FROM) // MINUTE
        wrong = (None, "x", 2**40, True, 1.5)
        rows = sorted(self._random.sample(range(600), self._random.choice((0, 2, 60, 300))))
        visits = {first + row: (self.value(row % 7, *wrong), row % 3) for row in rows}
        # A sum of what is no number fails as a whole: hardly any roll-up would be left without this.
        counter.store(code, visits if self._fault < 0.2 else {}, {first + row: self.value(row, *wrong) for row in rows})

    def _stays(self) -> list[Any]:
        return [self._stay(number) for number in range(self._length(60))]

    def _stay(self, number: int) -> AppRecord:
        made = app(at(FROM) + number * 60_000_000, f"a{number}", f"b{number % SITES}", ended=number % 5 > 0)
        return msgspec.structs.replace(
            made,
            started_at=self.value(made.started_at, None, 7),
            ended_at=self.value(made.ended_at, None, 7),
            duration_seconds=self.value(made.duration_seconds, "x", 2**40, 1.5, True),
            device_id=self.value(f"d{number}", None, ""),
            user_id=self.value(f"u{number}", None, 12, 1.5, []),
            alternate_user_id=self.value("alt", None, 5, {}),
        )

    def _logins(self) -> list[Any]:
        return [self._login(number) for number in range(self._length(40))]

    def _login(self, number: int) -> WifiRecord:
        made = wifi(at(FROM) + number * 50_000_000, f"l{number}", f"w{number % SITES}", online=number % 4 == 0)
        return msgspec.structs.replace(
            made,
            ended_at=self.value(made.ended_at, None, 7),
            device_description=self.value("WebKit", None, 5),
            login_type=self.value("Registration", None, 1.5, []),
            downloaded_bytes=self.value(number * 10**9, None, "x", 2**60, 1.5, True),
            uploaded_bytes=self.value(5, None, "x"),
            guest_id=self.value("g", None, 5),
            device_ip=self.value("10.0.0.1", None, 7),
        )


class Leases(Guests):
    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        return {each: GuestLease(each, "n", None, "e", 60) for each in addresses[::2]}


class Groups:
    """Engagement of every object."""

    vendor = VendorKey.SHOPSTER

    def __init__(self, house: House) -> None:
        point = EngagementPoint(at(FROM), FROM, 5, house.value(3, None, "x"), 1, None, house.value(1.5, None, "y"))
        self._points = house.several(lambda _: point, 40)

    async def engagement(self, objects: list[ShopsterObject], *_: Any) -> dict[int, list[EngagementRecord]]:
        return {
            each.id: [EngagementRecord(each.id, kind, self._points) for kind in (Audience.ALL, Audience.VISITOR)]
            for each in objects
        }


class Figures:
    """A series for every KPI and scope asked."""

    def __init__(self, house: House) -> None:
        right = KpiValue(2.5, 2.5)
        self._points = house.several(
            lambda number: KpiPoint(number, house.value(right, None, KpiValue([1], None)), date(2026, 11, 1)), 40
        )
        self._total = house.value(right, None, KpiValue({"a": 1}))

    async def kpis(self, ask: KpiAsk) -> list[KpiSeriesRecord]:
        return [
            KpiSeriesRecord(
                ask.module, str(kpi), ask.mode, ask.granularity, str(scope), entity, True, self._total, self._points
            )
            for kpi in ask.kpis
            for scope in ask.scopes
            for entity in ((None,) if scope == "GLOBAL" else ("o1", "o2"))
        ]


class Records:
    """Okube's lists; every record is known by its id."""

    page_rows = 100

    def __init__(self, house: House) -> None:
        value = house.value
        texts = {"application": "Application1", "description": value(None, "told", 5)}
        places = value(Coordinates(37.9, 23.7), None, Coordinates("x", None), 5)  # type: ignore[arg-type]
        self._applications = [Application("Application1", "k", value("Bench", None, 5))]
        self._sites = [
            OkubeSite(
                id=f"o{number}",
                key=f"k{number}",
                name=f"Okube {number}",
                active=value(True, None, "yes"),
                tags=("south",),
                address=value({"city": "Athens"}, None, 5),
                coordinates=places,
                created_at=value(FROM, None, 5),
                **texts,
            )
            for number in range(1, SITES + 2)
        ]
        self._campaigns = [
            Campaign(
                id=f"Campaign{number}",
                key=f"c{number}",
                name=value("Campaign", None, 5),
                tags=value(("a", "b"), None, ["a"], "text", (None,)),
                starts_on=value(date(2026, 1, 1), None, "2026"),
                lever=value(Lever("l", "Web", True), None, Lever(5, [], "x"), 5),  # type: ignore[arg-type]
                extra=value((KeyValue("k", 1),), None, ("x",)),
                sites=value(("o1", "o2"), None, ()),
                **texts,
            )
            for number in range(3)
        ]
        self._studies = [
            Study(
                id=f"Study{number}", key=f"t{number}", sites=("o1",), points_of_interest=("PointOfInterest1",), **texts
            )
            for number in range(3)
        ]
        self._points = [
            PointOfInterest(
                id=f"PointOfInterest{number}",
                key=value("p", None, 5),
                active=value(True, None, "no"),
                coordinates=places,
                radius_meters=value(1.5, None, 2, float("nan"), "x"),
                **texts,
            )
            for number in range(40)
        ]

    async def applications(self, start: int, count: int) -> Page[Any]:
        return _page(self._applications, start, count)

    async def sites(self, application: str | None, query: Any, start: int, count: int) -> Page[Any]:
        return _page(self._sites, start, count)

    async def points_of_interest(self, application: str | None, query: Any, start: int, count: int) -> Page[Any]:
        return _page(self._points, start, count)

    async def campaigns(self, application: str | None, query: Any, start: int, count: int) -> Page[Any]:
        return _page(self._campaigns, start, count)

    async def studies(self, application: str | None, query: Any, start: int, count: int) -> Page[Any]:
        return _page(self._studies, start, count)

    async def application(self, reference: str) -> Any:
        return _one(self._applications, reference)

    async def site(self, application: str | None, reference: str) -> Any:
        return _one(self._sites, reference)

    async def point_of_interest(self, application: str | None, reference: str) -> Any:
        return _one(self._points, reference)

    async def campaign(self, application: str | None, reference: str) -> Any:
        return _one(self._campaigns, reference)

    async def study(self, application: str | None, reference: str) -> Any:
        return _one(self._studies, reference)


def _page(rows: list[Any], start: int, count: int) -> Page[Any]:
    found = rows[start : start + count]
    end = start + len(found)
    return Page(found, list(range(start, end)), len(rows), end, end >= len(rows))


def _one(rows: list[Any], reference: str) -> Any:
    return next((row for row in rows if row.id == reference), None)
