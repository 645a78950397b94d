"""What is asked of Okube's lists: domain queries as query pairs, and what must be sorted out after the answer.

Pure. Never makes a pair without a value or a list without members: the vendor would read them as something else
(quirk O20). A query that can match nothing is None: nobody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gateway.domain import instant
from gateway.domain.campaign import Campaign, CampaignPeriod, CampaignQuery
from gateway.domain.errors import InputError
from gateway.domain.instant import Micros
from gateway.domain.okube_site import SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.study import Study, StudyQuery

Pairs: TypeAlias = tuple[tuple[str, str], ...]

# Encoded length of one query: with path and page it stays below the 8 KB common servers take.
_LONGEST = 6_000
_FEW = 1
"""Pairs that cannot be parted."""
# Members of these lists are alternatives, so a list too long for one URL may be asked in parts (quirk O21).
_ALTERNATIVES = frozenset({"keys", "sites", "pois", "tags", "levers"})
_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def sites(query: SiteQuery) -> Pairs | None:
    return _gathered(
        _search(query.search),
        _flag("name", query.named),
        _flag("active", query.active),
        _flag("online", None if query.kind is None else query.kind is SiteKind.ONLINE),
        _flag("inProd", query.in_production),
        _flag("hasDraft", query.has_draft),
        _list("keys", query.keys),
        _list("tags", query.tags),
    )


def points_of_interest(query: PointOfInterestQuery) -> Pairs | None:
    return _gathered(
        _search(query.search),
        _flag("name", query.named),
        _flag("active", query.active),
        _list("keys", query.keys),
        _list("tags", query.tags),
    )


def campaigns(query: CampaignQuery) -> Pairs | None:
    """`with_extra` always, or extra fields stay away; `levers`, for the typed single `lever` repeats too (O21, O22)."""
    extra = None if query.extra is None else tuple(f"{pair.key}:{pair.value}" for pair in query.extra)
    return _gathered(
        _text("period", query.period and query.period.lower()),
        *_time(query),
        _list("keys", query.keys),
        _flag("g", query.global_only),
        _search(query.search),
        _list("sites", query.sites),
        _list("tags", query.tags),
        _list("levers", query.levers),
        _text("provider", query.provider),
        _text("agency", query.agency),
        _text("format", query.format),
        _list("extra", extra),
        _flag("with_extra", True),
        _text("extra_mode", query.extra_mode.lower() if extra else None),
        _flag("trigger", query.trigger),
    )


def studies(query: StudyQuery) -> Pairs | None:
    return _gathered(
        *_time(query),
        _list("keys", query.keys),
        _flag("g", query.global_only),
        _search(query.search),
        _list("sites", query.sites),
        _list("pois", query.points_of_interest),
        _list("tags", query.tags),
    )


def parts(pairs: Pairs) -> list[Pairs]:
    """The query in parts short enough for a URL: the longest list of alternatives is halved until they fit."""
    if len(pairs) <= _FEW or _length(pairs) <= _LONGEST:
        return [pairs]
    lists = {name: [pair for pair in pairs if pair[0] == name] for name in _ALTERNATIVES}
    longest = max(lists.values(), key=lambda members: (len(members) > 1, _length(members)))
    if len(longest) < 2:
        return [pairs]
    middle = len(longest) // 2
    halves = (frozenset(longest[:middle]), frozenset(longest[middle:]))
    return [part for gone in reversed(halves) for part in parts(tuple(pair for pair in pairs if pair not in gone))]


def by_instants(query: CampaignQuery | StudyQuery) -> bool:
    """Whether the query compares instants: then the vendor's count is not exact, see `belongs`."""
    bounds = (query.starts_before, query.starts_after, query.ends_before, query.ends_after)
    return any(bound is not None for bound in bounds)


def belongs(row: Campaign | Study, query: CampaignQuery | StudyQuery) -> bool:
    """Whether a row the vendor let through can belong: whether it counts the bound in is open, here not (quirk O19).

    Days begin at midnight in the query's zone. A row goes only where no reading of the document keeps it: an end may be
    the beginning or the end of its day, and without `period` planned or computed days may have been meant.
    """
    zone = _zone(query.timezone)
    starts, ends = _days(row, query)
    started = [_midnight(day, zone) for day in starts]
    ended = [(_midnight(day, zone), _midnight(day, zone, after=True)) for day in ends]
    return (
        _any(query.starts_before, started, lambda start, bound: start < bound)
        and _any(query.starts_after, started, lambda start, bound: start > bound)
        and _any(query.ends_before, [first for first, _ in ended], lambda end, bound: end < bound)
        and _any(query.ends_after, [last for _, last in ended], lambda end, bound: end > bound)
    )


def _any(bound: Micros | None, moments: list[Micros], holds: Callable[[Micros, Micros], bool]) -> bool:
    """An open end (no moment at all) is left to the vendor's judgement."""
    return bound is None or not moments or any(holds(moment, bound) for moment in moments)


def _days(row: Campaign | Study, query: CampaignQuery | StudyQuery) -> tuple[list[date], list[date]]:
    pairs = [(row.starts_on, row.ends_on)]
    if isinstance(row, Campaign) and isinstance(query, CampaignQuery):
        computed = (row.computed_starts_on, row.computed_ends_on)
        if query.period is CampaignPeriod.COMPUTED and any(computed):
            pairs = [computed]
        elif query.period is not CampaignPeriod.DIRECT:
            pairs.append(computed)
    return [first for first, _ in pairs if first], [last for _, last in pairs if last]


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):
        raise InputError("Not a time zone of the IANA database.", ("filter", "timezone")) from None


def _midnight(day: date, zone: ZoneInfo, *, after: bool = False) -> Micros:
    day = day + _DAY if after and day < date.max else day
    return instant.from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))


def _time(query: CampaignQuery | StudyQuery) -> Iterator[Pairs | None]:
    """Epoch seconds as text, rounded so that the vendor's answer holds every row that belongs (quirk O19).

    The zone is always sent with days, lest the vendor count them in its own (quirk O18).
    """
    yield _text("sb", _seconds(query.starts_before, up=True))
    yield _text("sa", _seconds(query.starts_after))
    yield _text("eb", _seconds(query.ends_before, up=True))
    yield _text("ea", _seconds(query.ends_after))
    yield _text("tz", _zone(query.timezone).key if query.timezone or query.days else None)
    yield _text("from", query.days.first.isoformat() if query.days else None)
    yield _text("to", query.days.last.isoformat() if query.days else None)


def _seconds(moment: Micros | None, *, up: bool = False) -> str | None:
    if moment is None:
        return None
    return str(-(-moment // instant.SECOND) if up else moment // instant.SECOND)


def _search(text: str | None) -> Pairs | None:
    """A search for nothing finds everything: it is not sent."""
    return (("q", text),) if text else ()


def _text(name: str, value: str | None) -> Pairs | None:
    if value is None:
        return ()
    return ((name, value),) if value else None


def _flag(name: str, value: bool | None) -> Pairs | None:
    return () if value is None else ((name, "true" if value else "false"),)


def _list(name: str, values: Iterable[str] | None) -> Pairs | None:
    if values is None:
        return ()
    return tuple((name, value) for value in dict.fromkeys(values) if value) or None


def _gathered(*given: Pairs | None) -> Pairs | None:
    pairs: list[tuple[str, str]] = []
    for some in given:
        if some is None:
            return None
        pairs.extend(some)
    return tuple(pairs)


def _length(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(quote(name, safe="")) + len(quote(value, safe="")) + 2 for name, value in pairs)
