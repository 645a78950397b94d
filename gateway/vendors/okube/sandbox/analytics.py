"""The three analytics queries: a body of params in, one element per KPI and scope out.

`mode` is not echoed and `temporals` keys are integers as text, sorted as text, as the document has them (quirks O12,
O13). Both readings of `data` can be played (quirk O14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from starlette.datastructures import QueryParams

from gateway.vendors.okube.sandbox.facts import Facts
from gateway.vendors.okube.sandbox.figures import Figures, Reach
from gateway.vendors.okube.sandbox.filters import Reader
from gateway.vendors.okube.sandbox.formulas import CONVERSION, GEO_MARKETING, PRESENCE, Formula
from gateway.vendors.okube.sandbox.refusal import malformed, unprocessable
from gateway.vendors.okube.sandbox.tenant import Record, Resource, Tenant, keys_of

_LONGEST_DAYS = 4000
_DEFAULT_DAYS = 30
_MODES = ("histogram", "aggregation")
_GRANULARITIES = ("day", "week", "month", "year")
_DAYS_OF_WEEK = 7


class Layout(StrEnum):
    """Where an entity stands: `data[entity]`, or `data[scope][entity]`."""

    ENTITY = "entity"
    SCOPE = "scope"


@dataclass(frozen=True)
class Module:
    """Its KPIs and its scopes besides `globals` and `sites`."""

    formulas: Mapping[str, Formula]
    scopes: tuple[str, ...]
    uplift: bool = True


GEO = Module(GEO_MARKETING, ("homes", "works", "zones"))
CONVERSIONS = Module(CONVERSION, ("campaigns", "levers", "extras"))
PRESENCES = Module(PRESENCE, ("equipments",), uplift=False)


@dataclass(frozen=True)
class _Switches:
    """Of one scope of one param."""

    all: bool
    temporals: bool
    property: str | None = None


@dataclass(frozen=True)
class _Param:
    kpi: str
    mode: str
    granularity: str
    scopes: Mapping[str, _Switches]


@dataclass(frozen=True)
class _Tally:
    """Facts of one entity over the whole period and by `temporals` key."""

    all: Facts = field(default_factory=Facts)
    temporals: Mapping[str, Facts] = field(default_factory=dict)


class Analytics:
    """`site` None: the whole application, which alone has the scope `sites`."""

    def __init__(self, tenant: Tenant, figures: Figures, layout: Layout) -> None:
        self._tenant = tenant
        self._figures = figures
        self._layout = layout

    def query(
        self, module: Module, site: Record | None, study: Record | None, query: QueryParams, body: object
    ) -> list[dict[str, Any]]:
        """The elements, in the order of the params. Raises 400 and 422."""
        if not isinstance(body, dict) or not set(body) <= {"params", "filters"}:
            raise malformed("", "must be an object of params and filters")
        days, uplift = _period(module, query, self._tenant)
        params = _params(module, body.get("params"), application=site is None)
        reach = self._reach(module, site, study, days, uplift, _filters(body.get("filters")))
        scopes = dict.fromkeys(scope for param in params for scope in param.scopes)
        daily = {scope: self._figures.scoped(reach, scope) for scope in scopes}
        tallies: dict[tuple[str, str, str], dict[str, _Tally]] = {}
        elements = []
        for param in params:
            for scope, switches in param.scopes.items():
                grain = (scope, param.mode, param.granularity)
                if grain not in tallies:
                    tallies[grain] = {name: _tally(param, facts, days[0]) for name, facts in daily[scope].items()}
                elements.append(self._element(module.formulas[param.kpi], param, scope, switches, tallies[grain]))
        return elements

    def _reach(
        self,
        module: Module,
        site: Record | None,
        study: Record | None,
        days: tuple[date, ...],
        uplift: bool,
        filters: dict[str, frozenset[str]],
    ) -> Reach:
        sites = [site] if site else self._tenant.records(Resource.SITES)
        if study and study["sites"]:
            sites = [one for one in sites if one["_id"] in study["sites"]]
        if "sites" in filters:
            sites = [one for one in sites if filters["sites"] & {one["_id"], *keys_of(one)}]
        campaigns = None
        if module is CONVERSIONS:
            campaigns = tuple(one for one in self._tenant.records(Resource.CAMPAIGNS) if _wanted(one, filters))
        # sites and campaigns are chosen by now; areas and devices are left to choose, by entity
        entities = {} if campaigns is not None else {name: filters[name] for name in filters if name != "sites"}
        return Reach(tuple(sites), days, uplift, campaigns, entities)

    def _element(
        self, formula: Formula, param: _Param, scope: str, switches: _Switches, tallies: dict[str, _Tally]
    ) -> dict[str, Any]:
        if scope == "globals":
            data = _sections(formula, switches, tallies.get("", _Tally()))
        else:
            wanted = switches.property or "_id"
            data = {
                self._figures.property_of(scope, entity, wanted): _sections(formula, switches, tally)
                for entity, tally in tallies.items()
            }
            if self._layout is Layout.SCOPE:
                data = {scope: data}
        return {"kpi": param.kpi, "scope": scope, "granularity": param.granularity, "data": data}


def _sections(formula: Formula, switches: _Switches, tally: _Tally) -> dict[str, Any]:
    """`all` over the period and `temporals` by key, each unless switched off. Keys without facts are left out."""
    sections: dict[str, Any] = {}
    if switches.all:
        sections["all"] = formula(tally.all)
    if switches.temporals:
        sections["temporals"] = {key: formula(facts) for key, facts in tally.temporals.items()}
    return sections


def _tally(param: _Param, facts: dict[date, Facts], first: date) -> _Tally:
    """Keys ascending as texts: "0", "1", "10", "2"."""
    temporals: dict[str, Facts] = {}
    for day, found in facts.items():
        key = str(_key(param, day, first))
        temporals[key] = temporals[key] + found if key in temporals else found
    return _Tally(sum(facts.values(), Facts()), dict(sorted(temporals.items())))


def _key(param: _Param, day: date, first: date) -> int:
    """Steps since `from`, or the category: Monday 1 to Sunday 7, ISO week, month, year (rules.md 27)."""
    if param.mode == "aggregation":
        week = day.isocalendar()
        return {"day": week.weekday, "week": week.week, "month": day.month, "year": day.year}[param.granularity]
    match param.granularity:
        case "day":
            return (day - first).days
        case "week":
            return (day - first).days // _DAYS_OF_WEEK
        case "month":
            return (day.year - first.year) * 12 + day.month - first.month
        case _:
            return day.year - first.year


def _period(module: Module, query: QueryParams, tenant: Tenant) -> tuple[tuple[date, ...], bool]:
    unknown = sorted(set(query) - {"from", "to", *(("uplift",) if module.uplift else ())})
    if unknown:
        raise malformed(unknown[0], "is not a parameter of this query")
    read = Reader(query)
    uplift = module.uplift and read.flag("uplift") is not False
    last = read.day("to") or tenant.today()
    first = read.day("from") or last - timedelta(days=_DEFAULT_DAYS - 1)
    if first > last:
        raise unprocessable("to", "must not be before from")
    if (last - first).days >= _LONGEST_DAYS:
        raise unprocessable("to", "is too far from from")
    return tuple(first + timedelta(days=step) for step in range((last - first).days + 1)), uplift


def _params(module: Module, params: object, *, application: bool) -> list[_Param]:
    if not isinstance(params, list) or not params:
        raise malformed("params", "must be a non-empty array")
    return [_param(module, param, f"params.{index}", application=application) for index, param in enumerate(params)]


def _param(module: Module, param: object, path: str, *, application: bool) -> _Param:
    if not isinstance(param, dict):
        raise malformed(path, "must be an object")
    allowed = {"kpi": tuple(module.formulas), "mode": _MODES, "granularity": _GRANULARITIES}
    for name, values in allowed.items():
        if param.get(name) not in values:
            raise malformed(f"{path}.{name}", f"must be one of {', '.join(values)}")
    unknown = sorted(set(param) - {*allowed, "projections"})
    if unknown:
        raise malformed(f"{path}.{unknown[0]}", "is not a member")
    scopes = _projected(module, param.get("projections", {}), f"{path}.projections", application=application)
    return _Param(param["kpi"], param["mode"], param["granularity"], scopes)


def _projected(module: Module, projections: object, path: str, *, application: bool) -> dict[str, _Switches]:
    """Global unless false; the other scopes where true or given switches of their own."""
    if not isinstance(projections, dict):
        raise malformed(path, "must be an object")
    every = ("globals", *(("sites",) if application else ()), *module.scopes)
    unknown = sorted(set(projections) - {"all", "temporals", *every})
    if unknown:
        raise malformed(f"{path}.{unknown[0]}", "is not a projection of this query")
    both = {name: projections.get(name, True) for name in ("all", "temporals")}
    scopes: dict[str, _Switches] = {}
    for scope in every:
        wanted = projections.get(scope, scope == "globals")
        own = {} if isinstance(wanted, bool) else wanted
        if wanted is not False:
            scopes[scope] = _switches(both, own, f"{path}.{scope}")
    return scopes


def _switches(both: dict[str, object], own: object, path: str) -> _Switches:
    """Those of the param, unless the scope has its own."""
    if not isinstance(own, dict) or not set(own) <= {"all", "temporals", "property"}:
        raise malformed(path, "must be a boolean or an object of switches")
    chosen = both | own
    if not isinstance(chosen["all"], bool) or not isinstance(chosen["temporals"], bool):
        raise malformed(path, "switches must be booleans")
    wanted = chosen.get("property")
    if wanted is not None and not isinstance(wanted, str):
        raise malformed(path, "property must be a string")
    return _Switches(chosen["all"], chosen["temporals"], wanted)


def _filters(filters: object) -> dict[str, frozenset[str]]:
    """By scope: ids or keys. Members are not documented; scope names are taken for granted."""
    if filters is None:
        return {}
    if not isinstance(filters, dict):
        raise malformed("filters", "must be an object")
    read: dict[str, frozenset[str]] = {}
    for scope, names in filters.items():
        values = [names] if isinstance(names, str) else names
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise malformed(f"filters.{scope}", "must be an array of ids or keys")
        read[scope] = frozenset(values)
    return read


def _wanted(campaign: Record, filters: dict[str, frozenset[str]]) -> bool:
    """Whether a campaign passes the filters of the Conversion module."""
    names = {
        "campaigns": {campaign["_id"], campaign["key"]},
        "levers": {campaign.get("lever"), campaign.get("_cachedLeverName")},
        "extras": {f"{extra['key']}:{extra['value']}" for extra in campaign.get("extra") or ()},
    }
    return all(not names[scope].isdisjoint(wanted) for scope, wanted in filters.items() if scope in names)
