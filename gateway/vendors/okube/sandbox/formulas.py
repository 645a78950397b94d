"""The 97 KPIs as formulas over facts: whole counts, ratios, maps and pairs. Null where a ratio has nothing below it.

Only the names are documented; the figures are plausible, and of every kind the document hints at (quirk O15).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from gateway.vendors.okube.sandbox.facts import Facts

Value: TypeAlias = float | dict[str, float] | list[float] | None
Formula: TypeAlias = Callable[[Facts], Value]

_PURCHASES = 0.7  # of the conversions


def _ratio(above: float, below: float) -> float | None:
    return round(above / below, 4) if below else None


def _share(part: float) -> Formula:
    """A share of the entries, as a count."""
    return lambda facts: round(facts.entries * part)


def _split(**shares: float) -> Formula:
    """Entries by category."""
    return lambda facts: {name: round(facts.entries * share) for name, share in shares.items()}


def _bins(*shares: tuple[str, float]) -> Formula:
    return lambda facts: {name: round(facts.entries * share) for name, share in shares}


def _parts(facts: Facts) -> Value:
    return {name: round(value) for name, value in sorted(facts.parts.items())}


_ATTENDANCE: Mapping[str, Formula] = {
    "acquisition": _share(0.62),
    "attendance": _share(1.0),
    "returning": _share(0.38),
    "timespent": lambda facts: round(facts.seconds / facts.entries) if facts.entries else None,
    "timespentPerScope": _bins(("0-5", 0.3), ("5-15", 0.35), ("15-30", 0.25), ("30+", 0.1)),
    "uniqUsers": _share(0.82),
}
_DISTANCES = _bins(("0-1", 0.2), ("1-5", 0.4), ("5-20", 0.3), ("20+", 0.1))

GEO_MARKETING: Mapping[str, Formula] = {
    **_ATTENDANCE,
    "posSessions": _share(1.0),
    "poiSessions": lambda facts: round(sum(facts.parts.values())),
    "returningPerScope": _bins(("1", 0.62), ("2", 0.23), ("3+", 0.15)),
    "returningFrequencyPerScope": _bins(("7", 0.2), ("14", 0.12), ("30", 0.06)),
    "os": _split(android=0.71, ios=0.28, other=0.01),
    "model": _bins(("Pixel 8", 0.2), ("Galaxy S24", 0.35), ("iPhone 15", 0.28), ("Others", 0.17)),
    "manufacturer": _bins(("Google", 0.2), ("Samsung", 0.35), ("Apple", 0.28), ("Others", 0.17)),
    "visitorVsPedestrian": lambda facts: {"visitor": round(facts.entries), "pedestrian": round(facts.passers)},
    "perPoiSessions": _parts,
    "posAffinity": lambda facts: {
        name: _ratio(value, facts.entries) or 0.0 for name, value in sorted(facts.parts.items())
    },
    "homeDistanceVisitsPerScope": _DISTANCES,
    "workDistanceVisitsPerScope": _DISTANCES,
}

PRESENCE: Mapping[str, Formula] = {
    **_ATTENDANCE,
    "areaMatching": lambda facts: _ratio(facts.entries, facts.entries + facts.passers),
    "dropouts": _share(0.25),
    "entering": _share(1.0),
    "leaving": lambda facts: round(facts.exits),
    "rangeAmplitude": _share(0.12),
    "sessions": _share(1.08),
    "visitOrder": _bins(("1", 0.5), ("2", 0.3), ("3", 0.2)),
}

_SIDES = ("", "Offline", "Online")
Sided: TypeAlias = Callable[[Facts, str], Value]


def _visits(facts: Facts, side: str) -> float:
    return {"Offline": facts.attributed, "Online": facts.online}.get(side, facts.attributed + facts.online)


def _conversions(facts: Facts, side: str) -> float:
    both = {"Offline": facts.offline_conversions, "Online": facts.online_conversions}
    return both.get(side, sum(both.values()))


def _revenues(facts: Facts, side: str) -> float:
    both = {"Offline": facts.offline_revenue, "Online": facts.online_revenue}
    return both.get(side, sum(both.values()))


def _spread(total: float, **shares: float) -> dict[str, float]:
    return {name: round(total * share) for name, share in shares.items()}


def _named(pattern: str, side: str) -> str:
    """The vendor's name: `*` is the side; a name never starts with a capital."""
    joined = pattern.replace("*", side)
    return joined[0].lower() + joined[1:]


def _by_side(patterns: Mapping[str, Sided], sides: tuple[str, ...]) -> dict[str, Formula]:
    return {
        _named(pattern, side): partial(_of_side, formula, side)
        for pattern, formula in patterns.items()
        for side in sides
    }


def _of_side(formula: Sided, side: str, facts: Facts) -> Value:
    return formula(facts, side)


def _attributed(prefix: str, cohort: float) -> dict[str, Formula]:
    """What exists plain and by cohort. `cohort`: the part of the conversions that is counted."""
    every: dict[str, Sided] = {
        f"{prefix}*Roi": lambda facts, side: _ratio(_revenues(facts, side) * cohort - facts.cost, facts.cost),
        f"{prefix}*Revenues": lambda facts, side: round(_revenues(facts, side) * cohort, 2),
        f"{prefix}CostBy*Conversion": lambda facts, side: _ratio(facts.cost, _conversions(facts, side) * cohort),
    }
    single: dict[str, Sided] = {
        f"{prefix}*Conversions": lambda facts, side: round(_conversions(facts, side) * cohort),
        f"{prefix}*ConversionRate": lambda facts, side: _ratio(
            _conversions(facts, side) * cohort, _visits(facts, side)
        ),
        f"{prefix}*VisitsAndConversions": lambda facts, side: {
            "visits": round(_visits(facts, side)),
            "conversions": round(_conversions(facts, side) * cohort),
        },
    }
    return _by_side(every, _SIDES) | _by_side(single, _SIDES[1:])


_EVERY_SIDE: Mapping[str, Sided] = {
    "costBy*Visit": lambda facts, side: _ratio(facts.cost, _visits(facts, side)),
    "costBy*Purchase": lambda facts, side: _ratio(facts.cost, _conversions(facts, side) * _PURCHASES),
}
_EACH_SIDE: Mapping[str, Sided] = {
    "revenueBy*Visit": lambda facts, side: _ratio(_revenues(facts, side), _visits(facts, side)),
    "*RevenueBy*Visit": lambda facts, side: _ratio(_revenues(facts, side), _visits(facts, side)),
    "*Visits": lambda facts, side: round(_visits(facts, side)),
    "*VisitsLinear": lambda facts, side: round(_visits(facts, side) * 0.94),
    "*VisitsPerCampaign": lambda facts, side: _parts(facts),
    "*ConversionPurchases": lambda facts, side: round(_conversions(facts, side) * _PURCHASES),
    "*VisitsAttributions": lambda facts, side: _spread(
        _visits(facts, side), linear=0.94, shapley=0.9, firstClick=0.8, lastClick=0.85
    ),
    "timeBefore*VisitPerScope": lambda facts, side: _spread(_visits(facts, side), sameDay=0.3, sameWeek=0.5, later=0.2),
}

CONVERSION: Mapping[str, Formula] = {
    **_attributed("", 1.0),
    **_attributed("cohort", 0.8),
    **_by_side(_EVERY_SIDE, _SIDES),
    **_by_side(_EACH_SIDE, _SIDES[1:]),
    "ctr": lambda facts: _ratio(facts.clicks, facts.prints),
    "globalLeverPerformance": lambda facts: _ratio(facts.attributed, facts.cost),
    "offlineVisitsShapley": lambda facts: round(facts.attributed * 0.9),
    "offlineVisitsFC": lambda facts: round(facts.attributed * 0.8),
    "offlineVisitsLC": lambda facts: round(facts.attributed * 0.85),
    "prints": lambda facts: round(facts.prints),
    "clicks": lambda facts: round(facts.clicks),
    "openings": lambda facts: round(facts.opened),
    "cost": lambda facts: round(facts.cost, 2),
    "printVsClick": lambda facts: {"prints": round(facts.prints), "clicks": round(facts.clicks)},
    "printVsClickVsOpenings": lambda facts: {
        "prints": round(facts.prints),
        "clicks": round(facts.clicks),
        "openings": round(facts.opened),
    },
    "venueRate": lambda facts: _ratio(facts.attributed, facts.prints),
    "printsByOfflineVisit": lambda facts: _ratio(facts.prints, facts.attributed),
    "comparisonOfflineVisits": lambda facts: [round(facts.attributed), round(facts.attributed * 0.9)],
}
