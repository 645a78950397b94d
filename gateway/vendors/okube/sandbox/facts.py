"""What one entity of one scope saw on one day, as sums that may be added; every KPI is made of these at the end.

Drawn from the same footfall the people counter shows, so that "how many came" agrees across vendors.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

# What an extrapolation to the whole public multiplies; money spent is what it is.
_PEOPLE = ("entries", "exits", "passers", "attributed", "online", "offline_conversions", "online_conversions")
_PEOPLE_SUMS = ("seconds", "offline_revenue", "online_revenue")


@dataclass(frozen=True, slots=True)
class Facts:
    """`seconds`: all time inside. `attributed`: visits owed to campaigns. `parts`: visits by point of interest (module
    GeoMarketing) or by campaign (module Conversion).
    """

    entries: float = 0
    exits: float = 0
    seconds: float = 0
    passers: float = 0
    attributed: float = 0
    online: float = 0
    prints: float = 0
    clicks: float = 0
    opened: float = 0
    cost: float = 0
    offline_conversions: float = 0
    online_conversions: float = 0
    offline_revenue: float = 0
    online_revenue: float = 0
    parts: dict[str, float] = field(default_factory=dict)

    def __add__(self, other: Facts) -> Facts:
        parts = {name: self.parts.get(name, 0) + other.parts.get(name, 0) for name in {**self.parts, **other.parts}}
        return Facts(**{name: getattr(self, name) + getattr(other, name) for name in _SUMS}, parts=parts)

    def scaled(self, factor: float) -> Facts:
        """The share of an area or a device."""
        parts = {name: value * factor for name, value in self.parts.items()}
        return Facts(**{name: getattr(self, name) * factor for name in _SUMS}, parts=parts)

    def extrapolated(self, factor: float) -> Facts:
        """Uplift: people are extrapolated, money spent is not."""
        people = {name: getattr(self, name) * factor for name in (*_PEOPLE, *_PEOPLE_SUMS)}
        parts = {name: value * factor for name, value in self.parts.items()}
        return replace(self, **people, parts=parts)


_SUMS = tuple(member.name for member in fields(Facts) if member.name != "parts")
