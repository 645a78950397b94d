"""Counts of so few distinct people that they may tell of one person: withheld where the operator says so.

Only figures that count people or devices apart are meant; door counts and sessions are not. A withheld figure is left
out and said to be, never changed: a 0 or a rounded number would be a lie.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.domain.engagement import EngagementPoint
from gateway.domain.errors import VendorError
from gateway.domain.kpi import KpiSeriesRecord, KpiValue
from gateway.domain.vendor import VendorKey

DISTINCT_KPIS = frozenset({"uniqusers"})
"""KPIs that count people apart, by Okube's spelling without regard to case."""


class Withheld(VendorError):
    """The figure exists and is not told."""

    code = "FORBIDDEN"


class SmallCounts:
    """`least`: the smallest count that is told, beside none at all; 0 withholds nothing."""

    def __init__(self, least: int = 0) -> None:
        self._least = least

    def hides(self, count: float) -> bool:
        return 0 < count < self._least

    def error(self, vendor: VendorKey) -> Withheld:
        return Withheld(vendor, f"Counts of fewer than {self._least} people are withheld.")

    def points(self, points: list[EngagementPoint]) -> list[EngagementPoint]:
        """Without the buckets in which either count of devices is small."""
        if not self._least:
            return points
        return [p for p in points if not (self.hides(p.unique_devices) or self.hides(p.returning_devices))]

    def series(self, records: Sequence[KpiSeriesRecord]) -> Sequence[KpiSeriesRecord]:
        """Series of KPIs that count people apart, without their small figures."""
        if not self._least:
            return records
        return [self._told(record) if record.kpi.lower() in DISTINCT_KPIS else record for record in records]

    def _told(self, record: KpiSeriesRecord) -> KpiSeriesRecord:
        return msgspec.structs.replace(
            record,
            total=None if record.total is None or self._small(record.total) else record.total,
            points=[point for point in record.points if not self._small(point.value)],
        )

    def _small(self, value: KpiValue) -> bool:
        """A figure that is no plain number cannot be judged, so it is withheld too."""
        return value.number is None or self.hides(value.number)
