"""The vendor as declared, through the real pipeline down to what a transport is given to send."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.domain.clock import system
from gateway.domain.errors import Rejected, Throttled, Unavailable
from gateway.domain.kpi import KpiAsk, KpiModule, PresenceKpi, PresenceScope
from gateway.domain.okube_site import SiteDraft, SiteQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days
from gateway.settings import OkubeSettings
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.quota import Unlimited
from gateway.upstream.transport import Request
from gateway.vendors.okube import VENDOR
from tests.vendors.okube.fake import SITE, page_of

pytestmark = pytest.mark.anyio

Give = Callable[[Request], tuple[int, object]]


class Recorder:
    """A transport that answers from a function and keeps what it was given."""

    def __init__(self, give: Give) -> None:
        self.give = give
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        status, body = self.give(request)
        return Answer(status, {"content-type": "application/json"}, json.dumps(body).encode())

    async def open(self, request: Request) -> OpenAnswer:
        raise NotImplementedError

    async def close(self) -> None:
        return


def declared(give: Give, **settings: Any) -> tuple[Any, Recorder]:
    recorder = Recorder(give)
    given = OkubeSettings(base_url="https://okube.test", application="app", **settings)
    client = VendorClient(
        VendorKey.OKUBE,
        base_url="https://okube.test",
        credential=VENDOR.credential(given),
        transport=recorder,
        clock=system,
        timeout=5,
        max_connections=5,
        max_response_bytes=1_000_000,
        quota=Unlimited(),
        explain=VENDOR.explain,
    )
    return VENDOR.build(given, client, system, False), recorder


async def test_an_api_key_is_a_bearer() -> None:
    supply, recorder = declared(lambda _: (200, page_of(SITE)), api_key=SecretStr("key-1"), login=SecretStr("x"))
    await supply.records.sites(None, SiteQuery(), 0, 1)
    assert [request.url for request in recorder.requests] == [
        "https://okube.test/applications/app/sites?page=1&per_page=100"
    ]
    headers = {name.lower(): value for name, value in recorder.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer key-1"
    assert headers["accept"] == "application/json"


async def test_a_login_is_exchanged_for_a_token_once_at_the_path_that_is_set() -> None:
    def give(request: Request) -> tuple[int, object]:
        if request.url.endswith("/session"):
            return 200, {"success": True, "message": "Authentication succeeded.", "auth": {"token": "t-1"}}
        return 200, page_of(SITE)

    supply, recorder = declared(give, login=SecretStr("a@b"), password=SecretStr("p"), login_path="/session")
    await supply.records.sites(None, SiteQuery(), 0, 1)
    await supply.records.sites(None, SiteQuery(), 0, 1)
    login, *reads = recorder.requests
    assert (login.method, login.url) == ("POST", "https://okube.test/session")
    assert json.loads(login.body or b"") == {"login": "a@b", "password": "p"}
    assert [{name.lower(): value for name, value in read.headers.items()}["authorization"] for read in reads] == [
        "Bearer t-1",
        "Bearer t-1",
    ]
    supply, recorder = declared(lambda _: (401, {"message": "no"}), login=SecretStr("a@b"), password=SecretStr("p"))
    with pytest.raises(Rejected):
        await supply.records.sites(None, SiteQuery(), 0, 1)
    assert [request.url for request in recorder.requests] == ["https://okube.test/authenticate"]


@pytest.mark.parametrize(("status", "error"), [(429, Throttled), (503, Unavailable), (403, Rejected)])
async def test_a_write_the_vendor_turns_away_is_not_sent_again(status: int, error: type[Exception]) -> None:
    supply, recorder = declared(lambda _: (status, {}), api_key=SecretStr("k"))
    with pytest.raises(error):
        await supply.writes.create_site(None, SiteDraft(name="S"))
    assert len(recorder.requests) == 1


async def test_analytics_are_reads_and_asked_again() -> None:
    answer = [{"kpi": "sessions", "scope": "globals", "granularity": "day", "data": {"all": 1}}]
    statuses = iter([503, 200])
    supply, recorder = declared(lambda _: (next(statuses), answer), api_key=SecretStr("k"))
    days = Days(date(2023, 1, 2), date(2023, 1, 3))
    ask = KpiAsk(KpiModule.PRESENCE, days, (PresenceKpi.SESSIONS,), (PresenceScope.GLOBAL,))
    assert len(await supply.kpis.kpis(ask)) == 1
    assert [request.body for request in recorder.requests] == [recorder.requests[0].body] * 2
