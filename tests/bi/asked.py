"""One question to every table that brings rows of the simulated vendors."""

from __future__ import annotations

HOUR = {"from": "2026-11-19T10:00:00Z", "to": "2026-11-19T11:00:00Z"}
DAY = {"from": "2026-11-18T00:00:00Z", "to": "2026-11-19T00:00:00Z"}
DAYS = {"from": "2026-11-17", "to": "2026-11-19"}
KPI = {**DAYS, "module": "PRESENCE", "kpi": "ENTERING", "scope": "SITES"}
ASKED: dict[str, dict[str, str]] = {
    "sites": {},
    "sessions": {**DAY, "site": "ath-116500"},
    "visits": DAY,
    "occupancy": DAY,
    "engagement": DAYS,
    "campaigns": {},
    "points_of_interest": {},
    "studies": {},
    "counts": {**DAY, "granularity": "DAY"},
    "kpis": KPI,
}
