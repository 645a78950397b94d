"""The vendor as declared, through the real pipeline down to what a transport is given to send."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from gateway.domain import instant
from gateway.domain.errors import Rejected
from gateway.domain.instant import DAY
from gateway.domain.session import SessionQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.settings import BespotSettings
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.quota import Unlimited
from gateway.upstream.transport import Request
from gateway.vendors.bespot import VENDOR
from tests.vendors.bespot.fake import page, sample

pytestmark = pytest.mark.anyio

SETTINGS = BespotSettings(base_url="https://bespot.test/api", username="reader", password=SecretStr("pass:word"))
WINDOW = Window(instant.parse("2021-05-12T09:40:00Z"), instant.parse("2021-05-12T10:05:00Z"))


class Recorder:
    """A transport that gives one answer to everything and keeps what it was given."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answer

    async def open(self, request: Request) -> OpenAnswer:
        raise NotImplementedError

    async def close(self) -> None:
        return


def client_over(transport: Recorder) -> VendorClient:
    return VendorClient(
        VENDOR.key,
        base_url=SETTINGS.base_url or "",
        credential=VENDOR.credential(SETTINGS),
        transport=transport,
        clock=lambda: WINDOW.end,
        timeout=1,
        max_connections=1,
        max_response_bytes=1 << 20,
        quota=Unlimited(),
        explain=VENDOR.explain,
    )


async def test_a_request_is_the_documented_one_signed_with_basic() -> None:
    transport = Recorder(Answer(200, {"content-type": "application/json"}, page([])))
    supply = VENDOR.build(SETTINGS, client_over(transport), lambda: WINDOW.end, False)
    assert supply.sessions is not None
    await supply.sessions.sessions(WINDOW, "000000D", SessionQuery(), None)
    [request] = transport.requests
    assert (request.method, request.body) == ("GET", None)
    assert request.url.replace("%3A", ":") == (
        "https://bespot.test/api/bi/dwelltime/?store_code=000000D"
        "&datetime_gte=2021-05-12T09:40:00Z&datetime_lte=2021-05-12T10:04:59.999999Z&page_size=10000"
    )
    assert request.headers["authorization"] == "Basic cmVhZGVyOnBhc3M6d29yZA=="


async def test_a_refusal_reaches_the_caller_with_the_vendors_code_after_one_try() -> None:
    transport = Recorder(Answer(404, {"content-type": "application/json"}, sample("error-404.json")))
    supply = VENDOR.build(SETTINGS, client_over(transport), lambda: WINDOW.end, False)
    assert supply.footfall is not None
    with pytest.raises(Rejected) as error:
        await supply.footfall.visits(WINDOW, "999999", None)
    assert (error.value.vendor, error.value.status) == (VendorKey.BESPOT, 404)
    assert (error.value.vendor_code, error.value.error_id) == ("store_code_not_found", "2ac759de3d9b62d4")
    assert len(transport.requests) == 1


async def test_the_declaration_supplies_what_the_vendor_has() -> None:
    client = client_over(Recorder(Answer(200, {}, b"")))
    supply = VENDOR.build(SETTINGS, client, lambda: WINDOW.end + DAY, True)
    assert (supply.vendor, supply.title, supply.simulated) == (VendorKey.BESPOT, "Bespot", True)
    assert (supply.health, supply.guests) == (client, None)
    assert supply.counts is not None
    assert supply.counts.selects_by_start
