"""What a caller asks of a table, from the parameters of a URL or of the command line, checked before anything is asked.

An unknown parameter is refused with the nearest name, never ignored; no message repeats a value (rules.md 43).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any, TypeVar

import msgspec
import orjson

from gateway.bi.tables import Column, Span, Table
from gateway.domain import instant
from gateway.domain.engagement import Audience, ComebackWindow, DwellThreshold, EngagementInterval, EngagementTerms
from gateway.domain.errors import InputError
from gateway.domain.instant import Micros
from gateway.domain.kpi import (
    ConversionKpi,
    ConversionScope,
    GeoMarketingKpi,
    GeoMarketingScope,
    KpiGranularity,
    KpiMode,
    KpiModule,
    PresenceKpi,
    PresenceScope,
)
from gateway.domain.session import SessionStatus
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.federation.buckets import Granularity

E = TypeVar("E", bound=Enum)
Pairs = Sequence[tuple[str, str]]

MOST_MEMBERS = 1_000
_EARLIEST, _LATEST = instant.parse("1970-01-01T00:00:00Z"), instant.parse("2200-01-01T00:00:00Z")
_PLURAL = {
    "sites": "site",
    "kpis": "kpi",
    "scopes": "scope",
    "audiences": "audience",
    "vendors": "vendor",
    "bounce_threshold": "bounceThreshold",
    "engagement_threshold": "engagementThreshold",
}
_MANY = frozenset({"site", "kpi", "scope", "audience", "vendor", "status", "columns"})
MODULES: Mapping[KpiModule, tuple[type[Any], type[Any]]] = {
    KpiModule.GEO_MARKETING: (GeoMarketingKpi, GeoMarketingScope),
    KpiModule.CONVERSION: (ConversionKpi, ConversionScope),
    KpiModule.PRESENCE: (PresenceKpi, PresenceScope),
}


class KpiTerms(msgspec.Struct, frozen=True):
    """What the figures of the table `kpis` depend on besides the days."""

    module: KpiModule
    kpis: tuple[Any, ...]
    scopes: tuple[Any, ...]
    mode: KpiMode
    granularity: KpiGranularity
    study: str | None
    uplift: bool
    filters: dict[str, Any] | None


class Ask(msgspec.Struct, frozen=True):
    """One question to one table. `sites` None: all the caller may see. `now`: when it was asked, for `final`.

    `columns`: those shown, in order, by their place among the columns of the batches.
    """

    table: Table
    columns: tuple[int, ...]
    pii: bool = False
    window: Window | None = None
    days: Days | None = None
    sites: tuple[str, ...] | None = None
    application: str | None = None
    granularity: Granularity = Granularity.MINUTE
    vendors: frozenset[VendorKey] | None = None
    status: frozenset[SessionStatus] | None = None
    device: str | None = None
    engagement: EngagementTerms = EngagementTerms()
    audiences: frozenset[Audience] | None = None
    kpi: KpiTerms | None = None
    since: str | None = None

    @property
    def batch_columns(self) -> tuple[Column, ...]:
        """The columns of a batch."""
        return self.table.shown(pii=self.pii)

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns of the answer."""
        every = self.batch_columns
        return tuple(every[index] for index in self.columns)


def names_of(table: Table) -> tuple[str, ...]:
    """Every parameter a table takes."""
    time = () if table.span is Span.NONE else ("from", "to")
    since = ("since",) if table.incremental else ()
    device = ("device",) if table.name == "sessions" else ()
    return (*time, *table.parameters, *device, *since, "columns")


def parse(table: Table, pairs: Pairs) -> Ask:
    """The question, without what only the catalog knows. Raises InputError."""
    given = _given(table, pairs)
    window, days = _time(table, given)
    pii = _flag(given, "pii", default=False)
    return Ask(
        table,
        _columns(table, given, pii=pii),
        pii,
        window,
        days,
        sites=_members(given, "site"),
        application=_one(given, "application"),
        granularity=Granularity.MINUTE if table.name == "kpis" else _enum(given, "granularity", Granularity.MINUTE),
        vendors=_enums(given, "vendor", VendorKey),
        status=_enums(given, "status", SessionStatus),
        device=_one(given, "device"),
        engagement=EngagementTerms(
            _enum(given, "interval", EngagementInterval.DAILY),
            _enum(given, "comeback", ComebackWindow.TWO_WEEKS),
            _enum(given, "bounceThreshold", DwellThreshold.FIVE_MINUTES),
            _enum(given, "engagementThreshold", DwellThreshold.TWENTY_MINUTES),
        ),
        audiences=_enums(given, "audience", Audience),
        kpi=_kpi_terms(given) if table.name == "kpis" else None,
        since=_one(given, "since"),
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean …?`, or nothing near."""
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f" Did you mean {found[0]}?" if found else ""


def instant_of(text: str, name: str) -> Micros:
    """An instant with its offset. A `+` that came as a blank is one: URLs are often written by hand."""
    try:
        found = instant.parse(text.replace(" ", "+") if text[10:11] in "Tt" else text)
    except ValueError as problem:
        raise InputError(f"`{name}` is {problem}.", (name,)) from None
    if not _EARLIEST <= found <= _LATEST:
        raise InputError(f"`{name}` must lie between the years 1970 and 2200.", (name,))
    return found


def day_of(text: str, name: str) -> date:
    """A calendar day."""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year < 2200:
        raise InputError(f"`{name}` is a calendar day, YYYY-MM-DD, between 1970 and 2200.", (name,))
    return found


def window_of(start: Micros, end: Micros) -> Window:
    """Raises InputError where it is empty."""
    if start >= end:
        raise InputError("`from` must be before `to`.", ("from",))
    return Window(start, end)


def _given(table: Table, pairs: Pairs) -> dict[str, list[str]]:
    known = names_of(table)
    given: dict[str, list[str]] = {}
    for written, value in pairs:
        name = written if written in known else _PLURAL.get(written, written)
        if name not in known:
            raise InputError(f"There is no such parameter of {table.name}.{nearest(written, known)}")
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in _MANY:
            raise InputError(f"`{name}` stands there twice.", (name,))
    return given


def _time(table: Table, given: Mapping[str, list[str]]) -> tuple[Window | None, Days | None]:
    if table.span is Span.NONE:
        return None, None
    start, end = _one(given, "from"), _one(given, "to")
    if start is None or end is None:
        missing = "from" if start is None else "to"
        raise InputError(f"`{missing}` is required: {table.name} needs a span of time.", (missing,))
    if table.span is Span.INSTANTS:
        return window_of(instant_of(start, "from"), instant_of(end, "to")), None
    first, last = day_of(start, "from"), day_of(end, "to")
    if first > last:
        raise InputError("`from` must not be after `to`.", ("from",))
    return None, Days(first, last)


def _columns(table: Table, given: Mapping[str, list[str]], *, pii: bool) -> tuple[int, ...]:
    every = [column.name for column in table.shown(pii=pii)]
    asked = [name.strip() for text in given.get("columns", ()) for name in text.split(",") if name.strip()]
    if not asked:
        if "columns" in given:
            raise InputError("`columns` names none.", ("columns",))
        return tuple(range(len(every)))
    for name in asked:
        if name not in every:
            raise InputError(f"There is no such column in {table.name}.{nearest(name, every)}", ("columns",))
    return tuple(every.index(name) for name in dict.fromkeys(asked))


def _one(given: Mapping[str, list[str]], name: str) -> str | None:
    values = given.get(name)
    return values[0] if values else None


def _members(given: Mapping[str, list[str]], name: str) -> tuple[str, ...] | None:
    values = given.get(name)
    if values is None:
        return None
    if len(values) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} can be named.", (name,))
    return tuple(dict.fromkeys(values))


def _split(given: Mapping[str, list[str]], name: str) -> list[str]:
    return [part.strip() for text in given.get(name, ()) for part in text.split(",") if part.strip()]


def _enum(given: Mapping[str, list[str]], name: str, default: E) -> E:
    text = _one(given, name)
    return default if text is None else _member(type(default), text, name)


def _enums(given: Mapping[str, list[str]], name: str, of: type[E]) -> frozenset[E] | None:
    if name not in given:
        return None
    return frozenset(_member(of, text, name) for text in _split(given, name))


def _member(of: type[E], text: str, name: str) -> E:
    try:
        return of[text.upper()]
    except KeyError:
        known = [each.name for each in of]
        listed = f" It is one of {', '.join(known)}." if len(known) <= 12 else ""
        raise InputError(f"`{name}` has no such value.{listed or nearest(text.upper(), known)}", (name,)) from None


def _flag(given: Mapping[str, list[str]], name: str, *, default: bool) -> bool:
    text = _one(given, name)
    if text is None:
        return default
    if text.lower() not in ("true", "false"):
        raise InputError(f"`{name}` is true or false.", (name,))
    return text.lower() == "true"


def _kpi_terms(given: Mapping[str, list[str]]) -> KpiTerms:
    text = _one(given, "module")
    if text is None:
        raise InputError("`module` is required: GEO_MARKETING, CONVERSION or PRESENCE.", ("module",))
    module = _member(KpiModule, text, "module")
    kpis, scopes = MODULES[module]
    named = tuple(dict.fromkeys(_member(kpis, each, "kpi") for each in _split(given, "kpi")))
    if not named:
        raise InputError("`kpi` is required: name at least one.", ("kpi",))
    study = _one(given, "study")
    if module is KpiModule.GEO_MARKETING and study is None:
        raise InputError("`study` is required for GEO_MARKETING.", ("study",))
    if module is not KpiModule.GEO_MARKETING and study is not None:
        raise InputError("`study` is for GEO_MARKETING only.", ("study",))
    if module is KpiModule.PRESENCE and "uplift" in given:
        raise InputError("PRESENCE knows no `uplift`.", ("uplift",))
    if study is not None and (len(study) != 24 or not all(c in "0123456789abcdefABCDEF" for c in study)):
        raise InputError("There is no such study.", ("study",))
    return KpiTerms(
        module,
        named,
        tuple(dict.fromkeys(_member(scopes, each, "scope") for each in _split(given, "scope"))) or (scopes["GLOBAL"],),
        _enum(given, "mode", KpiMode.HISTOGRAM),
        _enum(given, "granularity", KpiGranularity.DAY),
        study,
        _flag(given, "uplift", default=True),
        _filters(_one(given, "filters")),
    )


def _filters(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise InputError("`filters` is a JSON object.", ("filters",))
    return value
