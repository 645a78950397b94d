"""The three endpoints of one guest Wi-Fi tenant, over the world. No text form is made here."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.instant import DAY, SECOND, Micros, start_of
from gateway.sandbox.places import Place
from gateway.sandbox.stays import WifiSession
from gateway.sandbox.world import World
from gateway.vendors.guest_wifi.sandbox.answers import (
    Refused,
    answer,
    day_asked,
    duration,
    flag_asked,
    formatted,
    page,
    size,
    utc,
)

_MOST_ADDRESSES = 100

Found: TypeAlias = tuple[Place, WifiSession]


@dataclass(frozen=True, slots=True)
class Play:
    """Open points (quirks G4, G5, G8).

    `start_day_included`: an entry that started on the day of `start_time` is returned; `end_day_included`: one that
    ended on the day of `end_time` is; `local_days`: days are the venue's, not UTC. `order` is promised nowhere.
    `calls_per_minute`: of each endpoint on its own; None: no limit. `address_of_one`: the object for a single address
    repeats it, as the sample shows and the table denies.
    """

    start_day_included: bool = True
    end_day_included: bool = True
    local_days: bool = False
    order: Literal["newest", "oldest", "shuffled"] = "newest"
    calls_per_minute: int | None = 60
    address_of_one: bool = True


class Venues:
    """Answers for every place with Wi-Fi."""

    def __init__(self, world: World, play: Play) -> None:
        self._world = world
        self._play = play

    def sessions(self, request: Request) -> Response:
        found = self._ordered(list(self._found(request)))
        return page(request, len(found), lambda lo, hi: [self._row(*pair) for pair in found[lo:hi]])

    def count(self, request: Request) -> Response:
        request.state.rows = 1
        return answer({"count": sum(1 for _ in self._found(request))})

    def leases(self, request: Request) -> Response:
        """Who holds the addresses now: an object for one, an array for several (quirk G8)."""
        addresses = [part.strip() for part in unquote(request.path_params["addresses"]).split(",")]
        if len(addresses) > _MOST_ADDRESSES:
            raise Refused(422, "The ip address may not have more than 100 items.")
        online = {session.ip: session for _, session in sorted(self._online(), key=lambda found: found[1].start)}
        rows = [self._lease(online[address]) for address in dict.fromkeys(addresses) if address in online]
        if len(addresses) > 1:
            request.state.rows = len(rows)
            return answer(rows)
        if not rows:
            raise Refused(404, "Session not found.")
        request.state.rows = 1
        if not self._play.address_of_one:
            del rows[0]["ip_address"]
        return answer(rows[0])

    # -- what is asked

    def _found(self, request: Request) -> Iterator[Found]:
        query = request.query_params
        wanted = query.get("location_id")
        guest, mac, yas = (query.get(name) for name in ("guest_id", "guest_device_mac", "yas_id"))
        online = flag_asked(request, "online")
        start_day, end_day = day_asked(request, "start_time"), day_asked(request, "end_time")
        now = self._world.now()
        for location, place in self._world.wifi.items():
            if wanted and location != wanted:
                continue
            since = self._since(place, start_day)
            before = self._before(place, end_day)
            for day in self._world.days(place, since, before):
                for session in self._world.wifi_sessions(place, day):
                    if (
                        (since is None or session.start >= since)
                        and (before is None or session.end < before)
                        and (end_day is None or session.end <= now)  # an open entry has not ended yet
                        and (online is None or online == (session.end > now))
                        and (not guest or session.guest.guest_id == guest)
                        and (not mac or session.guest.mac == mac.lower())
                        and (not yas or session.guest.yas_id == yas)
                    ):
                        yield place, session

    def _since(self, place: Place, day: date | None) -> Micros | None:
        if day is None:
            return None
        return self._begin(place, day if self._play.start_day_included else day + timedelta(days=1))

    def _before(self, place: Place, day: date | None) -> Micros | None:
        if day is None:
            return None
        return self._begin(place, day + timedelta(days=1) if self._play.end_day_included else day)

    def _begin(self, place: Place, day: date) -> Micros:
        return place.midnight(day) if self._play.local_days else start_of(day)

    def _online(self) -> Iterator[Found]:
        now = self._world.now()
        for place in self._world.wifi.values():
            for day in self._world.days(place, now - 2 * DAY, now):
                yield from ((place, one) for one in self._world.wifi_sessions(place, day) if one.end > now)

    # -- what is answered

    def _ordered(self, found: list[Found]) -> list[Found]:
        if self._play.order == "shuffled":
            return sorted(found, key=lambda pair: zlib.crc32(pair[1].id.encode()))
        return sorted(found, key=lambda pair: (pair[1].start, pair[1].id), reverse=self._play.order == "newest")

    def _row(self, place: Place, session: WifiSession) -> dict[str, Any]:
        now, guest = self._world.now(), session.guest
        online = session.end > now
        until = now // SECOND * SECOND if online else session.end
        part = (until - session.start) / (session.end - session.start)
        return {
            "id": session.id,
            "location_id": place.wifi,
            "location_name": place.name,
            "guest_device_description": guest.device,
            "guest_device_mac": guest.mac,
            "guest_device_ip": session.ip,
            "access_code": session.access_code,
            "login_type_name": session.login,
            "service_profile_name": session.profile,
            "total_duration": duration((until - session.start) // SECOND),
            "downloaded_data": size(session.down * part),
            "uploaded_data": size(session.up * part),
            "connection_status": "Online" if online else "Offline",
            "connection_status_value": 1 if online else 0,
            "start_time": utc(session.start),
            "start_time_formatted": formatted(session.start, place.zone),
            "end_time": None if online else utc(session.end),
            "end_time_formatted": None if online else formatted(session.end, place.zone),
            "guest_id": guest.guest_id,
            "yas_id": guest.yas_id,
        }

    def _lease(self, session: WifiSession) -> dict[str, Any]:
        return {
            "ip_address": session.ip,
            "username": session.guest.username,
            "name": session.guest.name,
            "email": session.guest.email,
            "duration": (self._world.now() - session.start) // SECOND,
        }
