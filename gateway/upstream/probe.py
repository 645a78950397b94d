"""How a vendor is doing and what is left of its allowance, as gauges. Asks the vendor nothing."""

from __future__ import annotations

from gateway.domain.ports.health import Health
from gateway.domain.quota import VendorState
from gateway.domain.vendor import VendorKey
from gateway.telemetry.metrics import Metrics


class VendorProbe:
    """A probe of one vendor credential."""

    def __init__(self, vendor: VendorKey, health: Health) -> None:
        self._vendor = vendor.value
        self._health = health

    async def __call__(self, metrics: Metrics) -> None:
        health = await self._health.health()
        metrics.breaker_open.labels(self._vendor).set(health.state is VendorState.OPEN_CIRCUIT)
        metrics.vendor_failing.labels(self._vendor).set(health.state is not VendorState.READY)
        for quota in health.quotas:
            metrics.quota_limit.labels(self._vendor, quota.name).set(quota.limit)
            metrics.quota_used.labels(self._vendor, quota.name).set(quota.limit - quota.remaining)
