"""Shopster: indoor Wi-Fi analytics of malls, floors and zones. One report, declared here as data."""

from __future__ import annotations

from gateway.domain.clock import Clock
from gateway.domain.ports.supply import Supply
from gateway.domain.vendor import VendorKey
from gateway.settings import ShopsterSettings
from gateway.upstream.auth import Credential, HeaderCredential
from gateway.upstream.client import VendorClient
from gateway.upstream.vendor import Vendor
from gateway.vendors.shopster.adapter import Shopster

TITLE = "Shopster"


def _credential(settings: ShopsterSettings) -> Credential:
    assert settings.token is not None  # only a configured vendor is built
    return HeaderCredential("x-token", "", settings.token.get_secret_value())


def _build(settings: ShopsterSettings, client: VendorClient, clock: Clock, simulated: bool) -> Supply:
    del clock  # nothing Shopster says depends on what time it is
    shopster = Shopster(client, local_times=settings.local_times, max_response_bytes=settings.max_response_bytes)
    return Supply(VendorKey.SHOPSTER, TITLE, health=shopster, simulated=simulated, engagement=shopster)


VENDOR = Vendor(
    key=VendorKey.SHOPSTER,
    title=TITLE,
    credential=_credential,
    build=_build,
    simulator="gateway.vendors.shopster.sandbox",
)
