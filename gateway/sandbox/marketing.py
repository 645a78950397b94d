"""What Okube knows besides the shops: campaigns that move visits, points of interest, studies, the application.

Drawn by calendar slots of ten days, never from the moment the world was made, so that yesterday stays yesterday.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from gateway.sandbox.places import Place

_SLOT_DAYS = 10
_LONGEST_DAYS = 21
_LEVERS = ("display", "leaflet", "radio", "ooh", "social", "email")
_PROVIDERS = ("Northwind Media", "Agora Ads", "Blue Hill", "Lumiere")
_FORMATS = ("banner", "print", "spot", "poster", "story", "newsletter")


@dataclass(frozen=True, slots=True)
class Application:
    """The tenant at Okube. Routes name it by `key` or `id`."""

    id: str
    key: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """`starts_on` and `ends_on` are inclusive civil days; `sites` are world keys, empty for a global campaign.

    `lift`: factor on the people who enter its sites while it runs. `costs`: currency-less numbers by name.
    """

    id: str
    key: str
    name: str
    lever: str
    provider: str
    agency: str
    format: str
    starts_on: date
    ends_on: date
    sites: tuple[str, ...]
    tags: tuple[str, ...]
    lift: float
    costs: tuple[tuple[str, float], ...]
    extra: tuple[tuple[str, str], ...]

    def runs(self, site: str, day: date) -> bool:
        """Whether it moves visits of `site` on `day`."""
        return self.starts_on <= day <= self.ends_on and (not self.sites or site in self.sites)


@dataclass(frozen=True, slots=True)
class PointOfInterest:
    """`coordinates`: (lng, lat). `radius`: metres."""

    id: str
    key: str
    name: str
    description: str
    city: str
    country: str
    timezone: str
    coordinates: tuple[float, float]
    radius: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """A look at some sites and points of interest over a period of inclusive days."""

    id: str
    key: str
    name: str
    description: str
    starts_on: date
    ends_on: date
    sites: tuple[str, ...]
    points_of_interest: tuple[str, ...]
    tags: tuple[str, ...]


APPLICATION = Application("5e1834b0e12d62a85b380001", "retail-demo", "Retail demo", "Europe/Paris")


class Marketing:
    """The marketing calendar of `places` between two days."""

    def __init__(self, seed: int, places: tuple[Place, ...], first: date, last: date) -> None:
        self._seed = seed
        self._places = places
        self._first = first
        self._last = last

    @cached_property
    def campaigns(self) -> tuple[Campaign, ...]:
        """All that touch the calendar, oldest first."""
        begin = (self._first.toordinal() - _LONGEST_DAYS) // _SLOT_DAYS
        end = self._last.toordinal() // _SLOT_DAYS
        drawn = [self._campaign(slot, turn) for slot in range(begin, end + 1) for turn in range(3)]
        return tuple(campaign for campaign in drawn if campaign.ends_on >= self._first)

    @cached_property
    def points_of_interest(self) -> tuple[PointOfInterest, ...]:
        """Two near each place Okube knows: a station and a rival."""
        return tuple(
            _point(place, turn, kind)
            for place in self._places
            if place.okube is not None
            for turn, kind in enumerate(("station", "competitor"))
        )

    @cached_property
    def studies(self) -> tuple[Study, ...]:
        """One per country, over the whole calendar, with the country's sites and points."""
        countries = sorted({place.country for place in self._places if place.okube is not None})
        return tuple(self._study(number, country) for number, country in enumerate(countries))

    def lift(self, site: str, day: date) -> float:
        """Factor on the people entering `site` on `day`: 1.0 without a campaign."""
        factor = 1.0
        for campaign in self.campaigns:
            if campaign.runs(site, day):
                factor *= campaign.lift
        return factor

    def _campaign(self, slot: int, turn: int) -> Campaign:
        rng = random.Random(f"{self._seed}:campaign:{slot}:{turn}")
        starts_on = date.fromordinal(slot * _SLOT_DAYS + rng.randrange(_SLOT_DAYS))
        lever = rng.randrange(len(_LEVERS))
        return Campaign(
            id=f"5e1834b0e12d62a85c{slot % 0xFFFFF:05x}{turn}",
            key=f"{_LEVERS[lever]}-{starts_on:%Y%m%d}-{turn}",
            name=f"{_LEVERS[lever].title()} {starts_on:%B %Y} {'ABC'[turn]}",
            lever=_LEVERS[lever],
            provider=rng.choice(_PROVIDERS),
            agency=rng.choice(("Agency One", "Agency Two")),
            format=_FORMATS[lever],
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=rng.randint(6, _LONGEST_DAYS - 1)),
            lift=round(rng.uniform(1.03, 1.25), 3),
            costs=(("media", round(rng.uniform(500, 9000), 2)), ("production", round(rng.uniform(100, 2000), 2))),
            tags=(rng.choice(("brand", "sale", "opening")),),
            extra=(("season", "winter" if starts_on.month in (11, 12, 1, 2) else "year"), ("wave", str(turn + 1))),
            sites=() if turn == 0 and slot % 4 == 0 else self._some_sites(f"{self._seed}:{slot}:{turn}"),
        )

    def _some_sites(self, draw: str) -> tuple[str, ...]:
        """About a third; each place is drawn on its own, so more places do not change the others' lot."""
        known = [place.key for place in self._places if place.okube is not None]
        chosen = tuple(key for key in known if random.Random(f"{draw}:{key}").random() < 0.35)
        return chosen or tuple(known[:1])

    def _study(self, number: int, country: str) -> Study:
        inside = [place for place in self._places if place.okube is not None and place.country == country]
        return Study(
            id=f"5e1834b0e12d62a85d{number:06x}",
            key=f"study-{country.lower()}",
            name=f"Catchment {country}",
            description="Who comes, from where, and what else they pass",
            starts_on=self._first,
            ends_on=self._last,
            sites=tuple(place.key for place in inside),
            points_of_interest=tuple(_point(place, 0, "station").id for place in inside),
            tags=("catchment",),
        )


def _point(place: Place, turn: int, kind: str) -> PointOfInterest:
    rng = random.Random(f"point:{place.key}:{kind}")
    lng, lat = place.coordinates
    return PointOfInterest(
        id=f"5e1834b0e12d62a85e{place.index:04x}{turn:02x}",
        key=f"{kind}/{place.key}",
        name=f"{place.city} {kind} {place.index}",
        description=f"A {kind} near {place.name}",
        city=place.city,
        country=place.country,
        timezone=place.timezone,
        coordinates=(round(lng + rng.uniform(-0.01, 0.01), 6), round(lat + rng.uniform(-0.01, 0.01), 6)),
        radius=rng.choice((50, 100, 150, 300)),
        tags=(kind,),
    )
