"""What is asked of Okube's analytics: route, days, uplift and body of one question.

Pure. Every switch of `projections` is sent, for the defaults are told only in part (quirks O10, O11).
"""

from __future__ import annotations

from typing import Any

from gateway.domain.errors import InputError
from gateway.domain.kpi import KpiAsk, KpiModule
from gateway.vendors.okube import kpis

_ROUTES = {
    KpiModule.GEO_MARKETING: "geo_marketing",
    KpiModule.CONVERSION: "conversion",
    KpiModule.PRESENCE: "presence",
}


def route(ask: KpiAsk) -> str:
    """Name of the route, for the application or for one site of it."""
    return f"{_ROUTES[ask.module]}_{'application' if ask.site is None else 'site'}"


def places(ask: KpiAsk, application: str) -> dict[str, str]:
    """Raises InputError where geo-marketing is asked without a study, and for sites below a site (rules.md 26)."""
    found = {"app": application}
    if ask.site is not None:
        if "SITES" in ask.scopes:
            raise InputError("The scope SITES belongs to a whole application, not to one site.", ("scopes",))
        found["site"] = ask.site
    if ask.module is KpiModule.GEO_MARKETING:
        if ask.study is None:
            raise InputError("Geo-marketing needs a study.", ("study",))
        found["study"] = ask.study
    return found


def query(ask: KpiAsk) -> tuple[tuple[str, str], ...]:
    """Days are inclusive (quirk O18). Uplift is on by default, so it is always told, but to presence (quirk O17)."""
    days = (("from", ask.days.first.isoformat()), ("to", ask.days.last.isoformat()))
    if ask.module is KpiModule.PRESENCE:
        return days
    return (*days, ("uplift", "true" if ask.uplift else "false"))


def body(ask: KpiAsk) -> dict[str, Any]:
    """One param per KPI, all of one mode: the answer does not echo the mode (quirk O13)."""
    params = [
        {
            "kpi": kpis.spelling(ask.module, kpi),
            "mode": kpis.MODES[ask.mode],
            "granularity": kpis.GRANULARITIES[ask.granularity],
            "projections": _projections(ask),
        }
        for kpi in dict.fromkeys(ask.kpis)
    ]
    return {"params": params} if ask.filters is None else {"filters": ask.filters, "params": params}


def _projections(ask: KpiAsk) -> dict[str, bool]:
    switches = {
        switch: scope in ask.scopes
        for scope, switch in kpis.SWITCHES[ask.module].items()
        if ask.site is None or scope != "SITES"
    }
    return {"all": True, "temporals": True, **switches}
