"""Bespot: how people move through a store, from its app SDK (Analytics) and its door counters (People Counter).

Declares the vendor and nothing else; no question is asked here.
"""

from __future__ import annotations

from gateway.domain.clock import Clock
from gateway.domain.ports.supply import Supply
from gateway.domain.vendor import VendorKey
from gateway.settings import BespotSettings
from gateway.upstream.auth import BasicCredential, Credential
from gateway.upstream.client import VendorClient
from gateway.upstream.vendor import Vendor
from gateway.vendors.bespot.adapter import BespotAdapter
from gateway.vendors.bespot.refusals import explain

TITLE = "Bespot"


def credential(settings: BespotSettings) -> Credential:
    """HTTP Basic, the only scheme the documents print (quirk B25)."""
    return BasicCredential(settings.username or "", settings.password.get_secret_value() if settings.password else "")


def build(settings: BespotSettings, client: VendorClient, clock: Clock, simulated: bool) -> Supply:
    """One adapter behind three ports."""
    adapter = BespotAdapter(client, settings)
    return Supply(
        VendorKey.BESPOT,
        TITLE,
        health=client,
        simulated=simulated,
        sessions=adapter,
        counts=adapter,
        footfall=adapter,
    )


VENDOR = Vendor(
    key=VendorKey.BESPOT,
    title=TITLE,
    credential=credential,
    build=build,
    simulator="gateway.vendors.bespot.sandbox",
    explain=explain,
    nothing=b'{"count":0,"next":null,"results":[]}',
)
