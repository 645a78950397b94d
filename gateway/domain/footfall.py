"""People through the door and people inside, per minute: columns as vendors supply them, buckets as the graph serves.

Minutes are whole minutes since the epoch (UTC), ascending and unique within a column set.
"""

from __future__ import annotations

import msgspec

from gateway.domain import instant
from gateway.domain.site import Site


class VisitColumns(msgspec.Struct, gc=False):
    """Door counts of one code: four lists of one length. `nets` is the vendor's own difference (quirk B5)."""

    minutes: list[int]
    entries: list[int]
    exits: list[int]
    nets: list[int]


class OccupancyColumns(msgspec.Struct, gc=False):
    """People inside, of one code: two lists of one length. Sparse: only measured minutes (quirk B17)."""

    minutes: list[int]
    counts: list[int]


class Bucket(msgspec.Struct, gc=False):
    """From `minute` to `until` (exclusive) at one site, in whole minutes since the epoch. Texts are UTC instants."""

    site: Site
    minute: int
    until: int

    @property
    def starts_at(self) -> str:
        return instant.minute_text(self.minute)

    @property
    def ends_at(self) -> str:
        return instant.minute_text(self.until)


class Visit(Bucket, gc=False):
    """People through the door in one bucket; `net` may be negative."""

    entries: int
    exits: int
    net: int
    final: bool


class Occupancy(Bucket, gc=False):
    """People inside during one bucket: last, highest and time-weighted mean of what was measured (rules.md 22)."""

    count: int
    peak: int
    average: float
    final: bool


class VisitTotals(msgspec.Struct, frozen=True):
    """Sums over the whole window."""

    entries: int
    exits: int
    net: int


class CodeCount(msgspec.Struct, frozen=True):
    """A count the vendor made for one of its codes, and the name it gives the code, if any."""

    code: str
    name: str | None
    count: int


class SiteCount(msgspec.Struct, frozen=True):
    """A count of one site."""

    site: Site
    count: int
