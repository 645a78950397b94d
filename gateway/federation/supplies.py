"""The vendors at hand. A vendor that is not configured is an answer of its own, never an empty one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from gateway.domain.errors import NotConfigured
from gateway.domain.ports.engagement import EngagementRecords
from gateway.domain.ports.footfall import FootfallSeries
from gateway.domain.ports.okube import KpiAnalytics, OkubeRecords, OkubeWrites
from gateway.domain.ports.sessions import GuestRecords, SessionCounts, SessionRecords
from gateway.domain.ports.supply import Supply
from gateway.domain.vendor import VendorKey


class Supplies:
    """Supply by vendor. The getters raise NotConfigured."""

    def __init__(self, supplies: Iterable[Supply]) -> None:
        self._by_vendor = {supply.vendor: supply for supply in supplies}

    def get(self, vendor: VendorKey) -> Supply | None:
        return self._by_vendor.get(vendor)

    def need(self, vendor: VendorKey) -> Supply:
        supply = self._by_vendor.get(vendor)
        if supply is None:
            raise NotConfigured(vendor, f"{vendor.value} is not configured.")
        return supply

    def footfall(self) -> FootfallSeries:
        return _there(self.need(VendorKey.BESPOT).footfall)

    def counts(self) -> SessionCounts:
        return _there(self.need(VendorKey.BESPOT).counts)

    def guests(self) -> GuestRecords:
        return _there(self.need(VendorKey.GUEST_WIFI).guests)

    def engagement(self) -> EngagementRecords:
        return _there(self.need(VendorKey.SHOPSTER).engagement)

    def records(self) -> OkubeRecords:
        return _there(self.need(VendorKey.OKUBE).records)

    def writes(self) -> OkubeWrites:
        return _there(self.need(VendorKey.OKUBE).writes)

    def kpis(self) -> KpiAnalytics:
        return _there(self.need(VendorKey.OKUBE).kpis)

    def sessions(self, vendor: VendorKey) -> SessionRecords:
        return _there(self.need(vendor).sessions)


Port = TypeVar("Port")


def _there(port: Port | None) -> Port:
    assert port is not None, "a vendor was built without a port its documents describe"
    return port
