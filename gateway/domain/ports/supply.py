"""Everything one vendor supplies, gathered: what a vendor's `build` returns and the catalog reads from."""

from __future__ import annotations

import msgspec

from gateway.domain.ports.engagement import EngagementRecords
from gateway.domain.ports.footfall import FootfallSeries
from gateway.domain.ports.health import Health
from gateway.domain.ports.okube import KpiAnalytics, OkubeRecords, OkubeWrites
from gateway.domain.ports.sessions import GuestRecords, SessionCounts, SessionRecords
from gateway.domain.vendor import VendorKey


class Supply(msgspec.Struct, frozen=True):
    """Ports of one vendor; None where the vendor has no such noun. One object may stand behind several of them."""

    vendor: VendorKey
    title: str
    health: Health
    simulated: bool = False
    sessions: SessionRecords | None = None
    counts: SessionCounts | None = None
    guests: GuestRecords | None = None
    footfall: FootfallSeries | None = None
    engagement: EngagementRecords | None = None
    records: OkubeRecords | None = None
    writes: OkubeWrites | None = None
    kpis: KpiAnalytics | None = None
