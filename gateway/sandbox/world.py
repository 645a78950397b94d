"""One seeded truth that every simulator describes in its own vendor's words. No vendor's wire form belongs here.

    world = World(seed=7, stores=12, days=60, clock=system)

Who and where (`places.py`): `world.sites` (claimed by the crosswalk), `world.strays` (two places every vendor knows and
no crosswalk entry claims), `world.everywhere` (both). A `Place` carries its key, name, timezone, hours, coordinates and
its names at each vendor: `bespot` codes (one per door), `okube` (id, key, keys; None: unknown to Okube), `shopster`
objects (id, kind), `wifi` location id. `world.bespot[code]` is (place, door); `world.wifi[location]`,
`world.okube[id or key]` and `world.shopster[id]` are places.

What happened (asked by place and civil day of the place; micros are UTC microseconds; nothing later than `now()`):

    world.days(place, start, end)      the civil days of history that touch [start, end)
    world.visits(place, day, door)     columns minutes, entries, exits: minutes with traffic that are over
    world.occupancy(place, day, door)  columns minutes, inside: measured every 3 to 6 minutes while open; drifts
    world.app_sessions(place, day)     AppSession tuples that have started; stop None: killed; see `app_stop`
    world.wifi_sessions(place, day)    WifiSession tuples that have started; online while `end` > now()
    world.footfall(place, day)         people through all doors, their seconds inside, by hour
    world.engagement(place, start, end, …)  audiences split by how long they stayed, from the same people

`world.published()` is the instant up to which the people counter has published: the last quarter hour at least
`publish_lag` seconds old; pass it as `until` to `visits` and `occupancy`.

Marketing (`marketing.py`): `world.application`, `world.campaigns` (they lift visits), `world.points_of_interest`,
`world.studies`. Crosswalk: `world.crosswalk_toml()`.

The same seed, place and day give the same facts, whatever was asked before and whenever the world was made. Days are
drawn on first need and kept in bounded caches. Personal values are canaries: patterns in `people.py`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from gateway.domain.clock import Clock, system
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND, Micros
from gateway.sandbox.engagement import Engagement, audiences
from gateway.sandbox.footfall import DoorDay, door_day
from gateway.sandbox.marketing import APPLICATION, Application, Campaign, Marketing, PointOfInterest, Study
from gateway.sandbox.people import Device, Guest, devices, guests
from gateway.sandbox.places import STRAYS, Place, crosswalk_toml, places
from gateway.sandbox.stays import AppSession, WifiSession, app_sessions, wifi_sessions

_CACHED_DAYS = 2048
_QUARTER = 15 * MINUTE


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Minutes with traffic: start of the minute, people in, people out."""

    minutes: array[int]
    entries: array[int]
    exits: array[int]


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """Measured minutes: start of the minute, people inside (may be below zero: quirk B19)."""

    minutes: array[int]
    inside: array[int]


@dataclass(frozen=True, slots=True)
class Footfall:
    """A place's day over all doors. `hours`: (start of the hour, entries) for hours with entries."""

    entries: int
    exits: int
    seconds_inside: int
    hours: tuple[tuple[Micros, int], ...]


class World:
    """Facts of `stores` sites (and two strays) from `days` days before its making up to the clock's now."""

    def __init__(
        self, seed: int = 7, stores: int = 12, days: int = 60, clock: Clock = system, publish_lag: float = 120.0
    ) -> None:
        self.seed = seed
        self.now = clock
        self.publish_lag = publish_lag
        self.begin: Micros = clock() - days * DAY
        self.sites = places(stores)
        self.strays = STRAYS
        self.everywhere = self.sites + STRAYS
        self.bespot = {code: (place, door) for place in self.everywhere for door, code in enumerate(place.bespot)}
        self.wifi = {place.wifi: place for place in self.everywhere if place.wifi is not None}
        self.shopster = {thing.id: place for place in self.everywhere for thing in place.shopster}
        self.okube = {
            name: place
            for place in self.everywhere
            if place.okube is not None
            for name in (place.okube.id, place.okube.key, *place.okube.keys)
        }
        first = STRAYS[0].local_day(self.begin) - timedelta(days=1)
        self._marketing = Marketing(seed, self.everywhere, first, first + timedelta(days=days + 30))
        self._door_day = lru_cache(_CACHED_DAYS)(self._draw_door_day)
        self._app_day = lru_cache(_CACHED_DAYS)(self._draw_app_day)
        self._wifi_day = lru_cache(_CACHED_DAYS)(self._draw_wifi_day)
        self._devices = lru_cache(256)(self._draw_devices)
        self._guests = lru_cache(256)(self._draw_guests)
        self._travellers = devices(seed, "everywhere", 50)

    # -- who and where

    @property
    def application(self) -> Application:
        """The one tenant of Okube."""
        return APPLICATION

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """Oldest first; some run now, some are still to come."""
        return self._marketing.campaigns

    @property
    def points_of_interest(self) -> tuple[PointOfInterest, ...]:
        """Two near each place Okube knows."""
        return self._marketing.points_of_interest

    @property
    def studies(self) -> tuple[Study, ...]:
        """One per country."""
        return self._marketing.studies

    def crosswalk_toml(self) -> str:
        """`sites.toml` for the claimed sites (configuration.md)."""
        return crosswalk_toml(self.sites)

    # -- when

    def published(self) -> Micros:
        """How far the people counter has published."""
        return (self.now() - int(self.publish_lag * SECOND)) // _QUARTER * _QUARTER

    def days(self, place: Place, start: Micros | None = None, end: Micros | None = None) -> list[date]:
        """Civil days of history at `place` that touch [start, end), oldest first. None: no bound."""
        first = place.local_day(self.begin if start is None else max(start, self.begin))
        now = self.now()
        last = place.local_day(now if end is None else min(end - 1, now))
        return [first + timedelta(days=step) for step in range((last - first).days + 1)]

    # -- what happened

    def visits(self, place: Place, day: date, door: int = 0, until: Micros | None = None) -> Visits:
        """Traffic of one door in the minutes that are over by `until` (now)."""
        facts = self._door_day(place, door, day)
        stop = self._over(facts.minutes, until)
        if stop == len(facts.minutes):
            return Visits(facts.minutes, facts.entries, facts.exits)
        return Visits(facts.minutes[:stop], facts.entries[:stop], facts.exits[:stop])

    def occupancy(self, place: Place, day: date, door: int = 0, until: Micros | None = None) -> Occupancy:
        """What the counter of one door measured in the minutes that are over by `until` (now)."""
        facts = self._door_day(place, door, day)
        stop = self._over(facts.measured, until)
        if stop == len(facts.measured):
            return Occupancy(facts.measured, facts.inside)
        return Occupancy(facts.measured[:stop], facts.inside[:stop])

    def app_sessions(self, place: Place, day: date) -> tuple[AppSession, ...]:
        """App sessions that started on `day` and not after now, by start."""
        sessions = self._app_day(place, day)
        now = self.now()
        if not sessions or sessions[-1].start <= now:
            return sessions
        return sessions[: bisect_right(sessions, now, key=lambda session: session.start)]

    def app_stop(self, session: AppSession) -> Micros | None:
        """When it ended; None while it runs or where the app was killed."""
        return None if session.stop is None or session.stop > self.now() else session.stop

    def wifi_sessions(self, place: Place, day: date) -> tuple[WifiSession, ...]:
        """Wi-Fi sessions that started on `day` and not after now, by start; none where there is no Wi-Fi."""
        if place.wifi is None:
            return ()
        sessions = self._wifi_day(place, day)
        now = self.now()
        if not sessions or sessions[-1].start <= now:
            return sessions
        return sessions[: bisect_right(sessions, now, key=lambda session: session.start)]

    def footfall(self, place: Place, day: date) -> Footfall:
        """People through all doors of `place` on `day`, up to now."""
        now = self.now()
        entries = exits = seconds = 0
        hours: dict[Micros, int] = {}
        for door in range(place.doors):
            facts = self._door_day(place, door, day)
            for arrival, stay in self._people(facts, 0, now):
                entries += 1
                seconds += stay
                hour = arrival // HOUR * HOUR
                hours[hour] = hours.get(hour, 0) + 1
            exits += sum(facts.exits[: self._over(facts.minutes, now)])
        return Footfall(entries, exits, seconds, tuple(sorted(hours.items())))

    def engagement(
        self,
        place: Place,
        start: Micros,
        end: Micros,
        bounce_minutes: int = 5,
        engaged_minutes: int = 15,
        comeback_days: int = 30,
    ) -> Engagement:
        """Audiences of those who entered in [start, end), up to now. Any span: an hour as well as a month."""
        now = self.now()
        stays = [
            stay
            for day in self.days(place, start, end)
            for door in range(place.doors)
            for _, stay in self._people(self._door_day(place, door, day), start, min(end, now))
        ]
        return audiences(stays, min(end, now) - start, bounce_minutes, engaged_minutes, comeback_days)

    # -- drawing

    def _people(self, facts: DoorDay, start: Micros, end: Micros) -> Iterator[tuple[Micros, int]]:
        """(arrival, seconds inside so far) of those who entered in [start, end)."""
        now = self.now()
        lo, hi = bisect_left(facts.arrivals, start), bisect_left(facts.arrivals, end)
        for arrival, stay in zip(facts.arrivals[lo:hi], facts.stays[lo:hi], strict=True):
            yield arrival, min(stay, (now - arrival) // SECOND)

    def _over(self, minutes: array[int], until: Micros | None) -> int:
        """How many of these minutes are over."""
        return bisect_right(minutes, (self.now() if until is None else until) - MINUTE)

    def _draw_door_day(self, place: Place, door: int, day: date) -> DoorDay:
        return door_day(self.seed, place, door, day, self._marketing.lift(place.key, day))

    def _draw_app_day(self, place: Place, day: date) -> tuple[AppSession, ...]:
        return app_sessions(self.seed, place, day, self._arrivals(place, day), self._devices(place))

    def _draw_wifi_day(self, place: Place, day: date) -> tuple[WifiSession, ...]:
        return wifi_sessions(self.seed, place, day, self._arrivals(place, day), self._guests(place))

    def _arrivals(self, place: Place, day: date) -> list[array[int]]:
        return [self._door_day(place, door, day).arrivals for door in range(place.doors)]

    def _draw_devices(self, place: Place) -> tuple[Device, ...]:
        """The place's own phones, and some that are met everywhere."""
        return devices(self.seed, place.key, 350) + self._travellers

    def _draw_guests(self, place: Place) -> tuple[Guest, ...]:
        return guests(self.seed, place.key, place.index, 300)
