"""The vendor as declared, through the real pipeline down to what a transport is given to send."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from gateway.domain.errors import Throttled
from gateway.domain.instant import SECOND, Micros
from gateway.domain.session import SessionQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.settings import GuestWifiSettings
from gateway.upstream import deadline
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.quota import MemoryQuota, QuotaRule
from gateway.upstream.transport import Request
from gateway.vendors.guest_wifi import VENDOR
from gateway.vendors.guest_wifi.adapter import GuestWifiAdapter
from tests.vendors.guest_wifi.fake import NOW, page

pytestmark = pytest.mark.anyio


class Recorder:
    """A transport that gives one answer to everything and keeps what it was given."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        return Answer(200, {"content-type": "application/json"}, self.body)

    async def open(self, request: Request) -> OpenAnswer:
        raise NotImplementedError

    async def close(self) -> None:
        return


def now() -> Micros:
    return NOW


def built(transport: Recorder, **settings: str | int) -> tuple[GuestWifiAdapter, VendorClient]:
    values = {"base_url": "https://wifi.test/api/v1", "token": SecretStr("voucher"), **settings}
    section = GuestWifiSettings.model_validate(values)
    assert section.requests_per_minute is not None
    client = VendorClient(
        VENDOR.key,
        base_url=section.base_url or "",
        credential=VENDOR.credential(section),
        transport=transport,
        clock=now,
        timeout=1,
        max_connections=1,
        max_response_bytes=1 << 20,
        quota=MemoryQuota(QuotaRule(section.requests_per_minute), now),
    )
    supply = VENDOR.build(section, client, now, False)
    assert isinstance(supply.sessions, GuestWifiAdapter)
    return supply.sessions, client


async def test_addresses_travel_in_the_path_with_commas_and_colons_as_documented() -> None:
    transport = Recorder(b"[]")
    wifi, _ = built(transport)
    await wifi.leases(["10.1.1.5", "10.1.1.6", "fe80::1"])
    [request] = transport.requests
    assert request.url == "https://wifi.test/api/v1/sessions/10.1.1.5,10.1.1.6,fe80::1"
    assert request.headers["authorization"] == "Bearer voucher"


async def test_the_header_of_the_credential_is_a_setting() -> None:
    transport = Recorder(b"[]")
    wifi, _ = built(transport, token_header="X-Api-Token", token_prefix="")
    await wifi.leases(["10.1.1.5"])
    assert transport.requests[0].headers["x-api-token"] == "voucher"
    assert "authorization" not in transport.requests[0].headers


async def test_the_allowance_counts_each_endpoint_on_its_own() -> None:
    transport = Recorder(page([]))
    wifi, client = built(transport, requests_per_minute=1)
    window = Window(NOW - 10 * 86_400 * SECOND, NOW - 9 * 86_400 * SECOND)
    await wifi.sessions(window, None, SessionQuery(), None)
    transport.body = b"[]"
    await wifi.leases(["10.1.1.5"])
    with deadline.within(1), pytest.raises(Throttled) as error:
        await wifi.sessions(window, None, SessionQuery(), None)
    assert error.value.retry_after == pytest.approx(60, abs=1)
    assert len(transport.requests) == 2
    assert {quota.name for quota in (await client.health()).quotas} == {"sessions", "sessions/ip_address"}


async def test_the_declaration_supplies_what_the_vendor_has() -> None:
    _, client = built(Recorder(b""))
    supply = VENDOR.build(GuestWifiSettings(), client, now, True)
    assert isinstance(supply.sessions, GuestWifiAdapter)
    assert isinstance(supply.guests, GuestWifiAdapter)
    assert (supply.vendor, supply.title, supply.simulated) == (VendorKey.GUEST_WIFI, "Guest Wi-Fi", True)
    assert (supply.health, supply.counts, supply.footfall) == (client, None, None)
