"""The documented filters of the four lists, read strictly: a parameter the document does not know is a 400."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

from starlette.datastructures import QueryParams

from gateway.vendors.okube.sandbox.refusal import malformed
from gateway.vendors.okube.sandbox.tenant import Record, Resource, Tenant, keys_of

Predicate = Callable[[Record], bool]

_PAGED = ("page", "per_page", "encoding", "app")
_PLACES = ("q", "name", "active", "keys", "tags")
_TIMED = ("sb", "sa", "eb", "ea", "tz", "from", "to", "keys", "g", "q", "sites", "tags")
_KNOWN: dict[Resource, frozenset[str]] = {
    Resource.SITES: frozenset({*_PAGED, *_PLACES, "online", "inProd", "hasDraft"}),
    Resource.POIS: frozenset({*_PAGED, *_PLACES}),
    Resource.CAMPAIGNS: frozenset(
        {
            *(*_PAGED, *_TIMED, "period", "lever", "levers", "provider", "agency", "format"),
            *("extra", "with_extra", "extra_mode", "trigger"),
        }
    ),
    Resource.STUDIES: frozenset({*_PAGED, *_TIMED, "pois"}),
}
_SEARCHED: dict[Resource, tuple[str, ...]] = {
    Resource.SITES: ("name", "key", "keys", "address"),
    Resource.POIS: ("name", "key", "address"),
    Resource.CAMPAIGNS: ("name", "key", "_cachedLeverName", "tags", "provider", "agency", "format"),
    Resource.STUDIES: ("name", "key", "tags"),
}
_EPOCH_DIGITS = 10


class Reader:
    """Values of one query, with a 400 for what is not one."""

    def __init__(self, query: QueryParams) -> None:
        self._query = query

    def one(self, name: str) -> str | None:
        """The single value; empty is refused, for what is not meant should not be sent (quirk O20)."""
        values = self.many(name)
        if values is not None and len(values) > 1:
            raise malformed(name, "must be given once")
        return values[0] if values else None

    def many(self, name: str) -> list[str] | None:
        """Repeated keys; None where there is none (quirk O21)."""
        if name not in self._query:
            return None
        values = self._query.getlist(name)
        if not all(values):
            raise malformed(name, "must not be empty")
        return values

    def flag(self, name: str) -> bool | None:
        value = self.one(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            raise malformed(name, "must be true or false")
        return value == "true"

    def choice(self, name: str, values: tuple[str, ...]) -> str | None:
        value = self.one(name)
        if value is not None and value not in values:
            raise malformed(name, f"must be one of {', '.join(values)}")
        return value

    def day(self, name: str) -> date | None:
        value = self.one(name)
        try:
            return None if value is None else datetime.strptime(value, "%Y-%m-%d").date()  # a day
        except ValueError:
            raise malformed(name, "must be a date, YYYY-MM-DD") from None

    def epoch(self, name: str) -> float | None:
        """Seconds as text; thirteen digits would be milliseconds (quirk O19)."""
        value = self.one(name)
        if value is not None and not (value.lstrip("-").isdigit() and len(value.lstrip("-")) <= _EPOCH_DIGITS):
            raise malformed(name, "must be an epoch in seconds")
        return None if value is None else float(value)


def predicates(tenant: Tenant, resource: Resource, query: QueryParams) -> list[Predicate]:
    """All that must hold. Raises 400 for unknown parameters and values."""
    unknown = sorted(set(query) - _KNOWN[resource])
    if unknown:
        raise malformed(unknown[0], "is not a parameter of this list")
    read = Reader(query)
    if (app := read.one("app")) is not None:
        tenant.named(app)
    found = [_search(resource, read.one("q")), *_flags(read), _keys(read.many("keys")), _tags(read.many("tags"))]
    if resource in (Resource.CAMPAIGNS, Resource.STUDIES):
        found += [*_periods(tenant, read), *_attached(tenant, read)]
    if resource is Resource.CAMPAIGNS:
        found += [*_marketing(read), _extra(read)]
    return [predicate for predicate in found if predicate is not None]


def _search(resource: Resource, words: str | None) -> Predicate | None:
    if words is None:
        return None
    wanted = words.casefold()
    members = _SEARCHED[resource]
    return lambda record: any(wanted in str(record.get(member) or "").casefold() for member in members)


def _flags(read: Reader) -> list[Predicate | None]:
    return [
        _same("active", read.flag("active")),
        _same("online", read.flag("online")),
        _same("inProd", read.flag("inProd")),
        _same("hasDraft", read.flag("hasDraft")),
        None if (named := read.flag("name")) is None else lambda record: bool(record.get("name")) is named,
    ]


def _same(member: str, wanted: bool | None) -> Predicate | None:
    return None if wanted is None else lambda record: bool(record.get(member, False)) is wanted


def _keys(wanted: list[str] | None) -> Predicate | None:
    return None if wanted is None else lambda record: not set(wanted).isdisjoint(keys_of(record))


def _tags(wanted: list[str] | None) -> Predicate | None:
    return None if wanted is None else lambda record: not set(wanted).isdisjoint(record.get("tags") or ())


def _attached(tenant: Tenant, read: Reader) -> list[Predicate | None]:
    """`g` selects only records without a site; references are ids or keys."""
    alone: Predicate | None = (lambda record: not record.get("sites")) if read.flag("g") else None
    return [
        alone,
        _referring(tenant, Resource.SITES, read.many("sites")),
        _referring(tenant, Resource.POIS, read.many("pois")),
    ]


def _referring(tenant: Tenant, target: Resource, wanted: list[str] | None) -> Predicate | None:
    if wanted is None:
        return None
    found = (tenant.find(target, reference) for reference in wanted)
    ids = {record["_id"] for record in found if record is not None}
    return lambda record: not ids.isdisjoint(record.get(target.value) or ())


def _marketing(read: Reader) -> list[Predicate | None]:
    levers = [*(read.many("lever") or ()), *(read.many("levers") or ())]
    by_lever: Predicate | None = None
    if levers:
        by_lever = lambda record: record.get("lever") in levers or record.get("_cachedLeverName") in levers  # noqa: E731
    return [
        by_lever,
        _same("_cachedLeverTrigger", read.flag("trigger")),
        *(_equal(member, read.one(member)) for member in ("provider", "agency", "format")),
    ]


def _equal(member: str, wanted: str | None) -> Predicate | None:
    return None if wanted is None else lambda record: record.get(member) == wanted


def _extra(read: Reader) -> Predicate | None:
    """`key:value`, joined by `extra_mode` (quirk O22, rules.md 26)."""
    read.flag("with_extra")
    join = all if read.choice("extra_mode", ("and", "or")) == "and" else any
    wanted = read.many("extra")
    if wanted is None:
        return None
    if not all(":" in pair for pair in wanted):
        raise malformed("extra", "must be key:value")
    return lambda record: join(
        pair in {f"{extra['key']}:{extra['value']}" for extra in record["extra"]} for pair in wanted
    )


def _periods(tenant: Tenant, read: Reader) -> list[Predicate | None]:
    """`from`/`to` select what overlaps these days; `sb`, `sa`, `eb`, `ea` bound start and end, bounds included."""
    zone = read.one("tz") or tenant.application["timezone"]
    if zone not in available_timezones():
        raise malformed("tz", "is not a time zone")
    computed = read.choice("period", ("computed", "direct")) != "direct"
    begin = lambda record: _moment(record, "computedFrom" if computed else "from", "from", zone)  # noqa: E731
    end = lambda record: _moment(record, "computedTo" if computed else "to", "to", zone)  # noqa: E731
    first, last = read.day("from"), read.day("to")
    return [
        _bounded(begin, read.epoch("sb"), below=True, open_end=float("-inf")),
        _bounded(begin, read.epoch("sa"), below=False, open_end=float("-inf")),
        _bounded(end, read.epoch("eb"), below=True, open_end=float("inf")),
        _bounded(end, read.epoch("ea"), below=False, open_end=float("inf")),
        _bounded(end, None if first is None else _epoch(first, zone), below=False, open_end=float("inf")),
        _bounded(begin, None if last is None else _epoch(last, zone), below=True, open_end=float("-inf")),
    ]


def _moment(record: Record, member: str, planned: str, zone: str) -> float | None:
    day = record.get(member) or record.get(planned)
    return None if day is None else _epoch(date.fromisoformat(day), zone)


def _epoch(day: date, zone: str) -> float:
    """Midnight in `zone`."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp()


def _bounded(
    moment: Callable[[Record], float | None], bound: float | None, *, below: bool, open_end: float
) -> Predicate | None:
    if bound is None:
        return None

    def holds(record: Record) -> bool:
        given = moment(record)
        at = open_end if given is None else given
        return at <= bound if below else at >= bound

    return holds
