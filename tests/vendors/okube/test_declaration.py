"""The vendor as declared, through the real pipeline down to what a transport is given to send."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.domain.clock import system
from gateway.domain.errors import Rejected, Throttled, WriteOutcomeUnknown
from gateway.domain.okube_site import SiteDraft, SiteQuery
from gateway.domain.vendor import VendorKey
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


async def test_a_write_that_fails_late_is_of_unknown_outcome_and_a_429_is_not() -> None:
    supply, recorder = declared(lambda _: (503, {}), api_key=SecretStr("k"))
    with pytest.raises(WriteOutcomeUnknown):
        raise await _failure(supply)
    assert len(recorder.requests) == 1
    supply, recorder = declared(lambda _: (429, {}), api_key=SecretStr("k"))
    assert isinstance(await _failure(supply), Throttled)
    assert len(recorder.requests) == 1


async def _failure(supply: Any) -> Exception:
    try:
        await supply.writes.create_site(None, SiteDraft(name="S"))
    except Exception as error:  # what it is, the test says
        return error
    raise AssertionError("was accepted")
