"""How a vendor is declared: as data, in the `__init__` of its folder, found by one line of `registry.py`.

Nothing here knows a particular vendor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.errors import UpstreamError
from gateway.domain.ports.supply import Supply
from gateway.domain.vendor import VendorKey
from gateway.settings import ConfigurationError, VendorSettings
from gateway.telemetry import Telemetry
from gateway.upstream.auth import Credential
from gateway.upstream.calls import Observer, unobserved
from gateway.upstream.client import VendorClient
from gateway.upstream.direct import DirectTransport
from gateway.upstream.exchange import Answer
from gateway.upstream.quota import MemoryQuota, Quota, QuotaRule, Unlimited


class Vendor(msgspec.Struct, frozen=True):
    """A vendor: `key`, `title`, and how to make its parts from its section of the settings.

    `credential` makes what signs each request. `build` makes the adapter over a ready client. `explain` turns a refusal
    (any status outside 2xx) into an error with the vendor's own code and id, or returns None for the pipeline's own
    reading of the status. `simulator` is the dotted name of the module that plays the vendor's documents. `nothing` is
    a body that its paged lists read as the first page of no rows: what is answered where no call may be made.
    """

    key: VendorKey
    title: str
    credential: Callable[[Any], Credential]
    build: Callable[[Any, VendorClient, Clock, bool], Supply]
    simulator: str
    explain: Callable[[Answer], UpstreamError | None] | None = None
    nothing: bytes = b"{}"


def build_client(
    vendor: Vendor,
    settings: VendorSettings,
    clock: Clock,
    *,
    quota: Quota | None = None,
    observer: Observer = unobserved,
    telemetry: Telemetry | None = None,
) -> VendorClient:
    """The vendor's client over real sockets. `quota` replaces the one in memory where replicas share one."""
    if settings.base_url is None:
        raise ConfigurationError(f"GATEWAY_VENDORS__{vendor.key}__BASE_URL: required to ask this vendor")
    if quota is None:
        limit = settings.requests_per_minute
        quota = Unlimited() if limit is None else MemoryQuota(QuotaRule(limit), clock)
    return VendorClient(
        vendor.key,
        base_url=settings.base_url,
        credential=vendor.credential(settings),
        transport=DirectTransport(max_connections=settings.max_connections),
        clock=clock,
        timeout=settings.timeout,
        max_connections=settings.max_connections,
        max_response_bytes=settings.max_response_bytes,
        quota=quota,
        explain=vendor.explain,
        observer=observer,
        telemetry=telemetry,
    )
