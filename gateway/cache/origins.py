"""Where the parts of one answer came from: kept already, read for it, or read for somebody else meanwhile.

Only counts stand in here. Collected for those who ask for it, never kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.cache.freshness import Freshness
from gateway.domain.instant import Micros
from gateway.domain.vendor import VendorKey


class Origin(msgspec.Struct):
    """Of one vendor. `closed`, `open`, `stale`: parts that were there, by whether the vendor may still change them and
    whether they are past their time. `read`: reads begun for this answer. `joined`: reads of others waited for.
    """

    closed: int = 0
    open: int = 0
    stale: int = 0
    read: int = 0
    joined: int = 0


class Origins(Freshness):
    """A collector that counts."""

    def __init__(self, outer: Freshness | None = None) -> None:
        super().__init__(outer)
        self._origins: dict[VendorKey, Origin] = {}

    def add(self, vendor: VendorKey, as_of: Micros | None, expires: Micros | None, stale: bool, kept: bool) -> None:
        super().add(vendor, as_of, expires, stale, kept)
        if not kept:
            return
        origin = self._of(vendor)
        if stale:
            origin.stale += 1
        elif as_of is None:
            origin.closed += 1
        else:
            origin.open += 1

    def missed(self, vendor: VendorKey) -> None:
        super().missed(vendor)
        self._of(vendor).read += 1

    def joined(self, vendor: VendorKey) -> None:
        super().joined(vendor)
        self._of(vendor).joined += 1

    def told(self) -> list[dict[str, Any]]:
        """Ready for JSON, by vendor."""
        return [
            {"vendor": vendor.value, **msgspec.structs.asdict(origin)}
            for vendor, origin in sorted(self._origins.items())
        ]

    def _of(self, vendor: VendorKey) -> Origin:
        return self._origins.setdefault(vendor, Origin())
