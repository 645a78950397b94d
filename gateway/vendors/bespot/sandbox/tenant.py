"""The five endpoints of one Bespot tenant, over the world. No envelope is made here."""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.instant import DAY, SECOND, Micros
from gateway.sandbox.places import Place
from gateway.sandbox.stays import AppSession
from gateway.sandbox.world import World
from gateway.vendors.bespot.sandbox.answers import Refused, Row, answer, bound, local, page

Order: TypeAlias = Literal["store", "time", "newest", "shuffled"]
SessionWindow: TypeAlias = Literal["start", "end", "overlap", "contain"]
Door: TypeAlias = tuple[str, Place, int]
"""Store code, place, door of the place."""
Columns: TypeAlias = tuple[Sequence[int], ...]
"""Minutes first, then the values measured in them."""


@dataclass(frozen=True, slots=True)
class Play:
    """Open points. Orders are stable but promised nowhere; `sessions_by`: which sessions a window selects (quirk B8);
    `short_names`: `in`, `out`, `diff` as the field list has it, not as the sample (quirk B5).
    """

    minute_order: Order = "store"
    session_order: Order = "time"
    sessions_by: SessionWindow = "start"
    short_names: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters all endpoints have. Both bounds belong to the window (quirk B7)."""

    doors: list[Door]
    gte: Micros
    lte: Micros


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows `lo` to `hi` of a door's day: kept as columns, because a long window has hundreds of thousands."""

    code: str
    place: Place
    columns: Columns
    lo: int
    hi: int


_start = attrgetter("start")


class Tenant:
    """Answers for every place with a Bespot code."""

    def __init__(self, world: World, play: Play) -> None:
        self._world = world
        self._play = play

    def dwell_time(self, request: Request) -> Response:
        asked = self._asked(request)
        device = request.query_params.get("device_id")
        found = [
            (code, place, session)
            for code, place, session in self._sessions(asked)
            if not device or session.device.device_id == device
        ]
        keys = [(session.start, code) for code, _, session in found]
        order = _arranged(keys, self._play.session_order)
        return page(request, len(found), lambda lo, hi: (self._session_row(*found[i]) for i in order[lo:hi]))

    def sessions_count(self, request: Request) -> Response:
        counts: dict[str, int] = {}
        for code, _, _ in self._sessions(self._asked(request)):
            counts[code] = counts.get(code, 0) + 1
        return self._counts(request, counts)

    def unique_users(self, request: Request) -> Response:
        devices: dict[str, set[str]] = {}
        for code, _, session in self._sessions(self._asked(request)):
            devices.setdefault(code, set()).add(session.device.device_id)
        return self._counts(request, {code: len(found) for code, found in devices.items()})

    def visits(self, request: Request) -> Response:
        until = self._world.published()

        def columns(place: Place, day: date, door: int) -> Columns:
            facts = self._world.visits(place, day, door, until)
            return facts.minutes, facts.entries, facts.exits

        return self._minutes(request, columns, self._visit_row)

    def occupancy(self, request: Request) -> Response:
        until = self._world.published()

        def columns(place: Place, day: date, door: int) -> Columns:
            facts = self._world.occupancy(place, day, door, until)
            return facts.minutes, facts.inside

        return self._minutes(request, columns, _occupancy_row)

    # -- what is asked

    def _asked(self, request: Request) -> Asked:
        gte, lte = bound(request, "datetime_gte"), bound(request, "datetime_lte")
        code = request.query_params.get("store_code")
        if not code:
            return Asked([(known, *where) for known, where in self._world.bespot.items()], gte, lte)
        if code not in self._world.bespot:
            raise Refused(404, "store_code_not_found", "Store with this store_code not found.")
        return Asked([(code, *self._world.bespot[code])], gte, lte)

    def _sessions(self, asked: Asked) -> Iterator[tuple[str, Place, AppSession]]:
        by = self._play.sessions_by
        wanted = {code for code, _, _ in asked.doors}
        # a killed app never stops, so an overlap reaches back for ever; no session that stops lasts a day
        since = {"end": asked.gte - DAY, "overlap": self._world.begin - DAY}.get(by, asked.gte)
        for place in dict.fromkeys(place for _, place, _ in asked.doors):
            for day in self._world.days(place, since, asked.lte + 1):
                sessions = self._world.app_sessions(place, day)
                first = bisect_left(sessions, since, key=_start)
                for session in sessions[first : bisect_right(sessions, asked.lte, key=_start)]:
                    code = place.bespot[session.door]
                    if code in wanted and (by == "start" or self._selects(asked, session)):
                        yield code, place, session

    def _selects(self, asked: Asked, session: AppSession) -> bool:
        """For a session that started in reach, whether its end is to the window's liking."""
        stop = self._world.app_stop(session)
        match self._play.sessions_by:
            case "start":
                return True
            case "end":
                return stop is not None and asked.gte <= stop <= asked.lte
            case "overlap":
                return stop is None or stop >= asked.gte
            case "contain":
                return stop is not None and stop <= asked.lte

    # -- what is answered

    def _minutes(
        self,
        request: Request,
        columns: Callable[[Place, date, int], Columns],
        row: Callable[[str, Place, Columns, int], Row],
    ) -> Response:
        asked = self._asked(request)
        stretches = []
        for code, place, door in asked.doors:
            for day in self._world.days(place, asked.gte, asked.lte + 1):
                found = columns(place, day, door)
                lo, hi = bisect_left(found[0], asked.gte), bisect_right(found[0], asked.lte)
                stretches.append(Stretch(code, place, found, lo, hi))

        def rows(start: int, stop: int) -> Iterator[Row]:
            picked = _picked(stretches, self._play.minute_order, start, stop)
            return (row(one.code, one.place, one.columns, at) for one, at in picked)

        return page(request, sum(one.hi - one.lo for one in stretches), rows)

    def _counts(self, request: Request, counts: dict[str, int]) -> Response:
        """A bare array; stores without any are left out (quirk B21)."""
        rows = [
            {"name": place.name if door == 0 else f"{place.name} {door + 1}", "store_code": code, "count": counts[code]}
            for code, (place, door) in self._world.bespot.items()
            if code in counts
        ]
        request.state.rows = len(rows)
        return answer(rows)

    def _session_row(self, code: str, place: Place, session: AppSession) -> Row:
        stop = self._world.app_stop(session)
        return {
            "session_id": session.session_id,
            "store_code": code,
            "device_id": session.device.device_id,
            "user_id": session.device.user_id,
            "alt_user_id": session.device.alt_user_id,
            "visit_start": local(session.start, place.zone),
            "visit_stop": None if stop is None else local(stop, place.zone),
            "visit_duration": None if stop is None else (stop - session.start) // SECOND,
        }

    def _visit_row(self, code: str, place: Place, columns: Columns, at: int) -> Row:
        minutes, entries, exits = columns
        into, out, diff = (
            ("in", "out", "diff") if self._play.short_names else ("in_metric", "out_metric", "diff_metric")
        )
        come, gone = entries[at], exits[at]
        minute = local(minutes[at], place.zone)
        return {"store_code": code, into: come, out: gone, diff: come - gone, "minute": minute}


def _occupancy_row(code: str, place: Place, columns: Columns, at: int) -> Row:
    minutes, inside = columns
    return {"store_code": code, "occupancy_metric": inside[at], "minute": local(minutes[at], place.zone)}


def _picked(stretches: list[Stretch], order: Order, start: int, stop: int) -> Iterable[tuple[Stretch, int]]:
    """Rows `start` to `stop` in `order`, as the stretch and the place in its columns."""
    if order != "store":
        every = [(one, at) for one in stretches for at in range(one.lo, one.hi)]
        keys = [(one.columns[0][at], one.code) for one, at in every]
        return [every[place] for place in _arranged(keys, order)[start:stop]]
    return _cut(stretches, start, stop)


def _cut(stretches: list[Stretch], start: int, stop: int) -> Iterator[tuple[Stretch, int]]:
    """Rows `start` to `stop`, store by store, without a look at the others."""
    passed = 0
    for one in stretches:
        length = one.hi - one.lo
        for at in range(max(start - passed, 0), min(stop - passed, length)):
            yield one, one.lo + at
        passed += length


def _arranged(keys: list[tuple[Micros, str]], order: Order) -> list[int]:
    """Indexes of `keys` (instant, store code) in `order`: the same for the same rows. `store`: as they come."""
    places = range(len(keys))
    match order:
        case "store":
            return list(places)
        case "time":
            return sorted(places, key=keys.__getitem__)
        case "newest":
            return sorted(places, key=keys.__getitem__, reverse=True)
        case "shuffled":
            return sorted(places, key=lambda place: zlib.crc32(repr(keys[place]).encode()))
