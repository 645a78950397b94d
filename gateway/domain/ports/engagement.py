"""Port of vendors that group stays by audience."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.domain.engagement import EngagementRecord, EngagementTerms
from gateway.domain.site import ShopsterObject
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days


class EngagementRecords(Protocol):
    """Grouped metrics over whole days, returned whole."""

    vendor: VendorKey

    async def engagement(
        self, objects: list[ShopsterObject], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> dict[int, list[EngagementRecord]]:
        """Every audience the vendor has of each object, by the object's id.

        `objects` are of one level (quirk S11); `zones` holds the zone of each, in which its days and buckets are
        counted. An object or audience the vendor leaves out is left out here: no data, never zero (rules.md 28).
        Thresholds must be in order (`require_ordered_thresholds`). Raises UpstreamError.
        """
        ...
