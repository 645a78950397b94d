"""Sessions of the app and of the guest Wi-Fi on one civil day of a place, drawn from the people who came in.

A session here is whole, its end in the future included; the world hides what has not happened yet. There are tens of
thousands of them: they hold no cycles, so the garbage collector is spared them.
"""

from __future__ import annotations

import random
from array import array
from datetime import date

import msgspec

from gateway.domain.instant import HOUR, SECOND, Micros
from gateway.sandbox.people import Device, Guest, marked_uuid, token
from gateway.sandbox.places import Place

_APP_SHARE = 0.08
_WIFI_SHARE = 0.04
_KILLED = 0.03
_PROFILES = ("Default Service Profile - 60 Minute(s)", "Day pass", "Premium - 5 Mbit/s")
_LOGINS = ("Registration", "SMS", "Access code")


class AppSession(msgspec.Struct, frozen=True, eq=False, gc=False):
    """`stop` None: the app was killed and nobody ever closed it (quirk B9). `door`: index of the Bespot code."""

    session_id: str
    door: int
    device: Device
    start: Micros
    stop: Micros | None


class WifiSession(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A login. `start`, `end` on whole seconds, as micros; `down`, `up`: bytes when it has ended."""

    id: str
    guest: Guest
    ip: str
    access_code: str
    login: str
    profile: str
    start: Micros
    end: Micros
    down: int
    up: int


def app_sessions(
    seed: int, place: Place, day: date, doors: list[array[int]], pool: tuple[Device, ...]
) -> tuple[AppSession, ...]:
    """By start. `doors`: arrivals at each door. One stay may be several sessions (quirk B10)."""
    rng = random.Random(f"{seed}:{place.key}:{day}:app")
    sessions: list[AppSession] = []
    for door, arrivals in enumerate(doors):
        for arrival in sorted(rng.sample(arrivals, round(len(arrivals) * _APP_SHARE))):
            device = pool[int(len(pool) * rng.random() ** 1.6)]
            start = arrival + rng.randrange(1, 60 * SECOND)
            for _ in range(1 if rng.random() < 0.8 else 2):
                stop = start + 5 * SECOND + int(rng.expovariate(1 / 420) * SECOND)
                killed = rng.random() < _KILLED
                sessions.append(AppSession(marked_uuid(rng, "5e55"), door, device, start, None if killed else stop))
                start = stop + rng.randrange(20 * SECOND, 180 * SECOND)
    return tuple(sorted(sessions, key=lambda session: session.start))


def wifi_sessions(
    seed: int, place: Place, day: date, doors: list[array[int]], pool: tuple[Guest, ...]
) -> tuple[WifiSession, ...]:
    """By start. Two devices of the house log in every morning for longer than a day, so somebody is always online."""
    rng = random.Random(f"{seed}:{place.key}:{day}:wifi")
    arrivals = [moment for door in doors for moment in door]
    starts = rng.sample(arrivals, round(len(arrivals) * _WIFI_SHARE))
    drawn = [
        _login(rng, pool[2 + int((len(pool) - 2) * rng.random() ** 1.5)], start, 60 + rng.expovariate(1 / 1500))
        for start in starts
    ]
    morning = place.midnight(day) + 8 * HOUR
    house = [_login(rng, pool[seat], morning + rng.randrange(HOUR), rng.uniform(25, 29) * 3600) for seat in range(2)]
    return tuple(sorted(drawn + house, key=lambda session: session.start))


def _login(rng: random.Random, guest: Guest, start: Micros, seconds: float) -> WifiSession:
    login = rng.choice(_LOGINS)
    begin = start // SECOND * SECOND
    return WifiSession(
        id="s" + token(rng, 10),
        guest=guest,
        ip=f"172.31.{rng.randint(96, 99)}.{rng.randint(2, 254)}",
        access_code=f"CANARY-{token(rng, 5).upper()}" if login == "Access code" else "",
        login=login,
        profile=rng.choice(_PROFILES),
        start=begin,
        end=begin + int(seconds) * SECOND,
        down=int(rng.lognormvariate(14.5, 1.6)),
        up=int(rng.lognormvariate(13, 1.4)),
    )
