"""What Okube's analytics answer: elements in both documented shapes as series of the domain.

Pure. Elements are matched by KPI, scope and granularity, never by their order; days and categories are never mixed
(quirks O12 to O14). Malformed where one that was asked is missing, or there twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NoReturn, TypeAlias

import msgspec

from gateway.domain.errors import Malformed
from gateway.domain.kpi import KpiAsk, KpiGranularity, KpiMode, KpiModule, KpiPoint, KpiSeriesRecord, KpiValue
from gateway.domain.vendor import VendorKey
from gateway.vendors.okube import kpis
from gateway.vendors.okube.wire import KpiElement

_INDEX = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_FIGURES = frozenset({"all", "temporals"})
_GLOBAL = "GLOBAL"

Figures: TypeAlias = Mapping[str, Any]


class Found(msgspec.Struct, frozen=True):
    """Figures of one scope of one element: by entity, None for GLOBAL."""

    kpi: str
    scope: str
    figures: dict[str | None, Figures]
    at: str


def series(ask: KpiAsk, elements: list[KpiElement]) -> list[KpiSeriesRecord]:
    """Ordered by KPI and scope as asked, entities as the vendor has them."""
    granularity = kpis.GRANULARITIES[ask.granularity]
    by_name: dict[tuple[str, str], Found] = {}
    for number, element in enumerate(elements):
        if element.granularity != granularity:
            continue
        for found in _found(ask.module, element, f"$[{number}]"):
            if by_name.setdefault((found.kpi, found.scope), found) is not found:
                _refuse("Okube answered twice for one KPI and scope.", found.at)
    asked = [(kpi, scope) for kpi in dict.fromkeys(ask.kpis) for scope in dict.fromkeys(ask.scopes)]
    records: list[KpiSeriesRecord] = []
    for kpi, scope in asked:
        name = kpis.spelling(ask.module, kpi)
        if (name, scope.value) not in by_name:
            _refuse("Okube left out a KPI, scope and granularity that was asked.", "$")
        found = by_name[name, scope.value]
        records += [_record(ask, found, entity, figures) for entity, figures in found.figures.items()]
    return records


def _found(module: KpiModule, element: KpiElement, at: str) -> Iterator[Found]:
    """Scopes of an element: the one it names, or each that its data holds (quirk O14)."""
    own = _GLOBAL if element.scope is None else _scope(module, element.scope)
    at = f"{at}.data"
    rest = dict(element.data)
    nested = [(name, scope) for name in element.data if (scope := _scope_inside(module, own, name, element.data[name]))]
    for name, scope in nested:
        yield Found(element.kpi, scope, _figures(scope, rest.pop(name), f"{at}.{scope.lower()}"), at)
    if own is not None and (rest or not nested):
        yield Found(element.kpi, own, _figures(own, rest, at), at)


def _scope_inside(module: KpiModule, own: str | None, name: str, value: object) -> str | None:
    """The scope a member of `data` stands for; None where it is a figure, or an entity that is called like a scope."""
    scope = _scope(module, name)
    if scope is None or not isinstance(value, Mapping):
        return None
    if scope == _GLOBAL:
        return scope if own in {_GLOBAL, None} else None
    return None if value and value.keys() <= _FIGURES else scope


def _figures(scope: str, data: object, at: str) -> dict[str | None, Figures]:
    if not isinstance(data, Mapping):
        _refuse("Okube answered with figures that are no object.", at)
    if scope == _GLOBAL:
        return {None: data}
    for value in data.values():
        if not isinstance(value, Mapping) or not value.keys() <= _FIGURES:
            _refuse("Okube answered with an entity without figures.", f"{at}[...]")
    return dict(data)


def _record(ask: KpiAsk, found: Found, entity: str | None, figures: Figures) -> KpiSeriesRecord:
    at = found.at if entity is None else f"{found.at}[...]"
    return KpiSeriesRecord(
        module=ask.module,
        kpi=found.kpi,
        mode=ask.mode,
        granularity=ask.granularity,
        scope=found.scope,
        entity=entity,
        extrapolated=None if ask.module is KpiModule.PRESENCE else ask.uplift,
        total=_value(figures.get("all")),
        points=_points(ask, figures.get("temporals"), f"{at}.temporals"),
    )


def _points(ask: KpiAsk, temporals: object, at: str) -> list[KpiPoint]:
    """Keys are integers written as text, so sorted as integers (quirk O12). A null is no figure."""
    if temporals is None:
        return []
    if not isinstance(temporals, Mapping):
        _refuse("Okube answered with buckets that are no object.", at)
    values: dict[int, KpiValue | None] = {}
    for key, value in temporals.items():
        if not _INDEX.fullmatch(key) or int(key) in values:
            _refuse("Okube answered with a bucket whose key is no number, or there twice.", at)
        values[int(key)] = _value(value)
    points = [_point(ask, index, value, at) for index, value in sorted(values.items()) if value is not None]
    if len({point.category for point in points} - {None}) < sum(point.category is not None for point in points):
        _refuse("Okube answered with one category under two keys.", at)
    return points


def _point(ask: KpiAsk, index: int, value: KpiValue, at: str) -> KpiPoint:
    if ask.mode is KpiMode.AGGREGATION:
        return KpiPoint(index, value, category=_category(ask.granularity, index, at))
    if index < 0:
        _refuse("Okube answered with a bucket before the first day asked.", at)
    try:
        return KpiPoint(index, value, starts_on=_starts_on(ask.granularity, ask.days.first, index))
    except (ValueError, OverflowError):
        _refuse("Okube answered with a bucket outside the calendar.", at)


def _starts_on(granularity: KpiGranularity, first: date, index: int) -> date:
    """DAY and WEEK count from the first day asked; MONTH and YEAR are civil ones (rules.md 27)."""
    match granularity:
        case KpiGranularity.DAY:
            return first + timedelta(days=index)
        case KpiGranularity.WEEK:
            return first + timedelta(weeks=index)
        case KpiGranularity.MONTH:
            months = first.year * 12 + first.month - 1 + index
            return date(months // 12, months % 12 + 1, 1)
        case KpiGranularity.YEAR:
            return date(first.year + index, 1, 1)


def _category(granularity: KpiGranularity, index: int, at: str) -> int:
    """Monday 1 to Sunday 7, a vendor's 0 being Sunday; January 1 (rules.md 27). Weeks and years as they come."""
    if granularity is KpiGranularity.DAY and index == 0:
        return 7
    last = {KpiGranularity.DAY: 7, KpiGranularity.MONTH: 12}.get(granularity)
    if index < 0 or (last is not None and not 1 <= index <= last):
        _refuse("Okube answered with a category that the calendar does not have.", at)
    return index


def _value(value: object) -> KpiValue | None:
    if value is None:
        return None
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return KpiValue(value, float(value) if plain else None)  # type: ignore[arg-type]  # plain says it is a number


def _scope(module: KpiModule, word: str) -> str | None:
    """The graph's name of a scope, in whatever number or case the vendor writes it: `global`, `globals`, `Sites`."""
    stem = word.lower().removesuffix("s")
    return next((scope for scope, switch in kpis.SWITCHES[module].items() if switch.removesuffix("s") == stem), None)


def _refuse(message: str, at: str) -> NoReturn:
    raise Malformed(VendorKey.OKUBE, message, member=at)
