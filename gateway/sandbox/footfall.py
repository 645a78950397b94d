"""What happens at one door of one place on one civil day, drawn whole from its own seed.

Exits follow from entries and stays; occupancy is measured beside them and drifts (quirk B19). Nothing here asks what
time it is: the world cuts a day where the present is.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate

from gateway.domain.instant import HOUR, MINUTE, SECOND, Micros
from gateway.sandbox.places import Place

_SLOT = HOUR // 4
# pull of each hour on the wall, midnight first
_PULL = (1, 0.6, 0.4, 0.3, 0.5, 1.5, 3, 4, 5, 6, 8, 10, 12, 12, 10, 9, 10, 12, 14, 13, 9, 6, 4, 2)
_WEEKDAY = (0.82, 0.85, 0.9, 0.95, 1.1, 1.45, 1.05)


@dataclass(frozen=True, slots=True, eq=False)
class DoorDay:
    """A door's whole day as columns.

    `minutes` (start of the minute, micros), `entries`, `exits`: minutes with traffic only. `measured` (start of the
    minute, micros), `inside`: measured occupancy. `arrivals` (micros, ascending) and `stays` (seconds): one per person.
    """

    minutes: array[int]
    entries: array[int]
    exits: array[int]
    measured: array[int]
    inside: array[int]
    arrivals: array[int]
    stays: array[int]


def door_day(seed: int, place: Place, door: int, day: date, lift: float) -> DoorDay:
    """The day of one door; empty on a day of rest. `lift`: factor of the campaigns that run."""
    rng = random.Random(f"{seed}:{place.key}:{day}:{door}:door")
    opening = place.opening(day)
    if opening is None:
        return DoorDay(*(array(code) for code in "qhhqhqi"))
    opens, closes = opening
    arrivals = _arrivals(rng, place, door, day, lift, opens, closes)
    departures = [min(moment + _stay(rng) * SECOND, closes - SECOND) for moment in arrivals]
    entries = Counter(moment // MINUTE for moment in arrivals)
    exits = Counter(moment // MINUTE for moment in departures)
    minutes = sorted(entries.keys() | exits.keys())
    measured, inside = _measurements(rng, arrivals, sorted(departures), opens, closes)
    return DoorDay(
        minutes=array("q", [minute * MINUTE for minute in minutes]),
        entries=array("h", [entries[minute] for minute in minutes]),
        exits=array("h", [exits[minute] for minute in minutes]),
        measured=measured,
        inside=inside,
        arrivals=array("q", arrivals),
        stays=array("i", [(end - start) // SECOND for start, end in zip(arrivals, departures, strict=True)]),
    )


def _arrivals(
    rng: random.Random, place: Place, door: int, day: date, lift: float, opens: Micros, closes: Micros
) -> list[Micros]:
    """Instants at which people enter, ascending; none in the last minutes before closing."""
    share = 1.0 if place.doors == 1 else 1.2 / (door + 2)  # the first of several doors is the main one
    crowd = round(place.scale * share * _WEEKDAY[day.weekday()] * lift * rng.uniform(0.88, 1.12))
    slots = range(0, closes - opens, _SLOT)
    pull = [_PULL[datetime.fromtimestamp((opens + slot) // SECOND, place.zone).hour] for slot in slots]
    latest = closes - 5 * MINUTE
    drawn = rng.choices(slots, cum_weights=list(accumulate(pull)), k=crowd)
    return sorted(min(opens + slot + int(rng.random() * _SLOT), latest) for slot in drawn)


def _stay(rng: random.Random) -> int:
    """Seconds: one in four turns round at the door, the others linger."""
    mean = 100 if rng.random() < 0.25 else 1100
    return 20 + int(rng.expovariate(1 / mean))


def _measurements(
    rng: random.Random, arrivals: list[Micros], departures: list[Micros], opens: Micros, closes: Micros
) -> tuple[array[int], array[int]]:
    """Every three to six minutes while open; the counter's error walks through the day and may pass below zero."""
    minutes, inside = array("q"), array("h")
    drift = 0.0
    minute = opens + rng.randint(1, 4) * MINUTE
    while minute < closes:
        drift += rng.gauss(0, 0.25)
        end = minute + MINUTE - 1
        present = bisect_right(arrivals, end) - bisect_right(departures, end)
        minutes.append(minute)
        inside.append(present + round(drift))
        minute += rng.randint(3, 6) * MINUTE
    return minutes, inside
