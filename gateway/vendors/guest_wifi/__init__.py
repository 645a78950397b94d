"""Guest Wi-Fi: who logged in on the venues' networks, when, and for how long.

Declares the vendor and nothing else; no question is asked here.
"""

from __future__ import annotations

from gateway.domain.clock import Clock
from gateway.domain.ports.supply import Supply
from gateway.domain.vendor import VendorKey
from gateway.settings import GuestWifiSettings
from gateway.upstream.auth import Credential, HeaderCredential
from gateway.upstream.client import VendorClient
from gateway.upstream.vendor import Vendor
from gateway.vendors.guest_wifi.adapter import GuestWifiAdapter

TITLE = "Guest Wi-Fi"


def credential(settings: GuestWifiSettings) -> Credential:
    """One header; its name and prefix are settings because the document tells neither (quirk G16)."""
    secret = settings.token.get_secret_value() if settings.token else ""
    return HeaderCredential(settings.token_header, settings.token_prefix, secret)


def build(settings: GuestWifiSettings, client: VendorClient, clock: Clock, simulated: bool) -> Supply:
    """One adapter behind two ports."""
    adapter = GuestWifiAdapter(client, settings, clock)
    return Supply(VendorKey.GUEST_WIFI, TITLE, health=client, simulated=simulated, sessions=adapter, guests=adapter)


VENDOR = Vendor(
    key=VendorKey.GUEST_WIFI,
    title=TITLE,
    credential=credential,
    build=build,
    simulator="gateway.vendors.guest_wifi.sandbox",
    nothing=b'{"data":[],"links":{"next":null},"meta":{"current_page":1},"count":0}',
)
