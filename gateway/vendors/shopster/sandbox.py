"""Plays Shopster's one report from its document, over the world's truth.

The document is the judge: nothing of the adapter may be used here. What it leaves open (error bodies, what a weekday
row is dated) is played one way and not relied upon by anything else.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.domain.instant import HOUR, SECOND, Micros
from gateway.sandbox.engagement import Crowd
from gateway.sandbox.faults import Faults
from gateway.sandbox.places import Place, ShopsterObject
from gateway.sandbox.simulation import Simulation, secret
from gateway.sandbox.world import World

_INTERVALS = frozenset({"hourly", "daily", "weekly", "monthly", "weekday", "weekend"})
_SUMMED = frozenset({"daily", "weekly", "monthly"})
_COMEBACK_DAYS = {
    "2 week": 14,
    "1 month": 30,
    "2 month": 61,
    "3 month": 91,
    "6 month": 182,
    "1 year": 365,
    "10 year": 3652,
}
_MINUTES = {f"{count} minute": count for count in (2, 5, 10, 15, 20, 30, 45)}
# The order of the document's sample.
_AUDIENCES = {
    "all": "all",
    "bounced": "bounced",
    "employee": "employee",
    "engaged": "engaged",
    "half engaged": "half_engaged",
    "passer": "passer",
    "visitor": "visitor",
}
_SATURDAY = 5
# Of the true minutes inside: the sample's sums do not reconcile with its averages either (quirk S6).
_GROSS = 0.6


class _Refused(Exception):
    """The method "gives an error"; its shape is not documented."""


@dataclass(frozen=True)
class _Question:
    """The seven arguments, read. `first` and `last` are inclusive."""

    first: date
    last: date
    objects: tuple[int, ...]
    interval: str
    comeback_days: int
    bounce_minutes: int
    engaged_minutes: int


@dataclass(frozen=True)
class _Bucket:
    """`label`: the wall clock the row is dated with. `spans`: half-open instants whose people it counts."""

    label: datetime
    spans: tuple[tuple[Micros, Micros], ...]


def simulate(world: World, faults: Faults) -> Simulation:
    """Shopster over `world`. The token is drawn from the seed."""
    del faults  # nothing of the document depends on them: the stage plays them
    token = secret(world.seed, "shopster token")

    async def group_datetime(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("x-token", "").encode(), token.encode()):
            return PlainTextResponse("Access denied", 401)
        try:
            report = _report(world, _question(request, world))
        except _Refused as refused:
            return PlainTextResponse(str(refused), 400)
        request.state.rows = sum(len(rows) for series in report.values() for rows in series.values())
        return Response(orjson.dumps(report), media_type="application/json")

    app = Starlette(routes=[Route("/reports/group_datetime", group_datetime, methods=["GET"])])
    return Simulation(app, settings={"token": token}, endpoints=("/reports/group_datetime",))


def _question(request: Request, world: World) -> _Question:
    given = request.query_params
    try:
        question = _Question(
            first=date.fromisoformat(given["from"]),
            last=date.fromisoformat(given["to"]),
            objects=tuple(int(number) for number in given["objects"].split(",")),
            interval=given["interval"],
            comeback_days=_COMEBACK_DAYS[given["comeback"]],
            bounce_minutes=_MINUTES[given["bounce_threshold"]],
            engaged_minutes=_MINUTES[given["engagement_threshold"]],
        )
    except KeyError as absent:
        raise _Refused(f"Argument is missing or not one of its values: {absent.args[0]}") from None
    except ValueError:
        raise _Refused("Argument is not a date or an object") from None
    if question.interval not in _INTERVALS or question.first > question.last:
        raise _Refused("Interval is unknown or from is after to")
    if question.engaged_minutes < question.bounce_minutes:
        raise _Refused("engagement_threshold must be greater than or equal to bounce_threshold")
    if len({thing.kind for _, thing in _known(world, question.objects)}) > 1:
        raise _Refused("Objects of one type only")
    return question


def _known(world: World, numbers: tuple[int, ...]) -> list[tuple[Place, ShopsterObject]]:
    """Unknown objects are left out: the sample asks for two and is answered for one."""
    return [
        (world.shopster[number], thing)
        for number in dict.fromkeys(numbers)
        if number in world.shopster
        for thing in world.shopster[number].shopster
        if thing.id == number
    ]


def _report(world: World, question: _Question) -> dict[str, dict[str, list[dict[str, object]]]]:
    report = {}
    for place, thing in _known(world, question.objects):
        series = _series(world, place, thing, question)
        if series:
            report[str(thing.id)] = series
    return report


def _series(
    world: World, place: Place, thing: ShopsterObject, question: _Question
) -> dict[str, list[dict[str, object]]]:
    """Categories in the sample's order; one that counted nobody is left out."""
    rows: dict[str, list[dict[str, object]]] = {audience: [] for audience in _AUDIENCES}
    for bucket in _buckets(world, place, question):
        crowds = [
            world.engagement(
                place, start, end, question.bounce_minutes, question.engaged_minutes, question.comeback_days
            )
            for start, end in bucket.spans
        ]
        for audience, member in _AUDIENCES.items():
            crowd = _joined([getattr(crowd, member) for crowd in crowds])
            rows[audience].append(_row(audience, bucket.label, crowd, thing.share, question.interval))
    return {audience: listed for audience, listed in rows.items() if any(row["count_session"] for row in listed)}


def _joined(crowds: list[Crowd]) -> Crowd:
    return Crowd(*(sum(column) for column in zip(*(astuple(crowd) for crowd in crowds), strict=True)))


def _row(audience: str, label: datetime, crowd: Crowd, share: float, interval: str) -> dict[str, object]:
    """`Z` on the wall clock of the object (quirk S8); minutes whole; no sum below a day (quirk S5)."""
    gross = crowd.seconds * share / 60 * _GROSS
    return {
        "datetime": f"{label.isoformat()}Z",
        "count_session": round(crowd.sessions * share),
        "count_client": round(crowd.clients * share),
        "avg_session_duration": round(crowd.seconds / crowd.sessions / 60) if crowd.sessions else 0,
        "count_comeback_client": round(crowd.comeback * share),
        "sum_session_duration": round(gross, 2) if interval in _SUMMED else 0,
        "user_type": audience,
    }


def _buckets(world: World, place: Place, question: _Question) -> Iterator[_Bucket]:
    """Those with history in them, in order. Weeks and months are clipped to the asked days (quirk S9)."""
    listed = set(world.days(place))
    days = [day for day in _days(question.first, question.last) if day in listed]
    if question.interval == "hourly":
        yield from (bucket for day in days for bucket in _hours(place, day, world.now()))
        return
    grouped: dict[date, list[date]] = {}
    for day in days:
        label = _label(day, question)
        if label is not None:
            grouped.setdefault(label, []).append(day)
    for label, members in grouped.items():
        runs = _weekdays_or_run(question.interval, members)
        spans = tuple((place.span(run[0])[0], place.span(run[-1])[1]) for run in runs)
        yield _Bucket(datetime(label.year, label.month, label.day), spans)  # a wall clock


def _label(day: date, question: _Question) -> date | None:
    """The day that dates the bucket of `day`; None where the interval does not count it."""
    match question.interval:
        case "daily":
            return day
        case "weekly":
            return day - timedelta(days=day.weekday())
        case "monthly":
            return day.replace(day=1)
        case "weekday":
            return question.first if day.weekday() < _SATURDAY else None
        case _:
            return question.first if day.weekday() >= _SATURDAY else None


def _weekdays_or_run(interval: str, days: list[date]) -> list[list[date]]:
    """Days counted day by day where they do not follow each other, else as one run."""
    return [[day] for day in days] if interval in {"weekday", "weekend"} else [days]


def _hours(place: Place, day: date, now: Micros) -> Iterator[_Bucket]:
    """23, 24 or 25 of them: the autumn hour comes twice under one label, the spring hour is missing."""
    begin, end = place.span(day)
    for start in range(begin, min(end, now), HOUR):
        label = datetime.fromtimestamp(start // SECOND, place.zone).replace(tzinfo=None)
        yield _Bucket(label, ((start, min(start + HOUR, end)),))


def _days(first: date, last: date) -> Iterator[date]:
    for step in range((last - first).days + 1):
        yield first + timedelta(days=step)
