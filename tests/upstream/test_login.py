"""A login is shared, renewed before its end, repeated once after a 401, and never repeated after a refusal."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from gateway.domain.errors import Malformed, Rejected, TimedOut, Unavailable
from gateway.domain.instant import SECOND
from gateway.domain.vendor import VendorKey
from gateway.upstream import deadline
from gateway.upstream.calls import tally
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer
from gateway.upstream.login import LoginCredential
from gateway.upstream.transport import Request
from tests.upstream.doubles import GET, NOW, client_over, reply
from tests.upstream.virtual_time import VIRTUAL, now

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> object:
    return VIRTUAL


def jwt(number: int, **claims: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps({"n": number, **claims}).encode()).decode().rstrip("=")
    return f"head.{part}.sign"


class Okube:
    """Hands out tokens and takes only the last one. `logins` and `asks` are counted."""

    def __init__(self, **claims: object) -> None:
        self.claims = claims
        self.logins: list[float] = []
        self.timeouts: list[float] = []
        self.bodies: list[bytes | None] = []
        self.asks = 0
        self.login_answer: Answer | None = None
        self.takes_none = False
        self.login_takes = 0.0
        self.token = ""

    async def send(self, request: Request) -> Answer:
        if request.url.endswith("/authenticate"):
            return await self._login(request)
        self.asks += 1
        good = request.headers.get("authorization") == f"Bearer {self.token}" and not self.takes_none
        await asyncio.sleep(0.01)
        return reply() if good else reply(401, b"")

    async def _login(self, request: Request) -> Answer:
        assert "authorization" not in request.headers
        self.logins.append(now())
        self.timeouts.append(request.timeout)
        self.bodies.append(request.body)
        await asyncio.sleep(self.login_takes)
        if self.login_answer is not None:
            return self.login_answer
        self.token = jwt(len(self.logins), **self.claims)
        return reply(body=json.dumps({"success": True, "auth": {"token": self.token}}).encode())

    async def open(self, request: Request) -> object:
        raise NotImplementedError

    async def close(self) -> None:
        return


def client_of(okube: Okube) -> VendorClient:
    credential = LoginCredential(
        VendorKey.OKUBE, path="/authenticate", body={"login": "a", "password": "b"}, clock=lambda: NOW
    )
    return client_over(okube, credential=credential)  # type: ignore[arg-type]  # never opened


async def test_many_callers_share_one_login() -> None:
    okube = Okube()
    okube.login_takes = 1
    client = client_of(okube)
    with tally() as count:
        await asyncio.gather(*(client.ask(GET) for _ in range(20)))
    assert (len(okube.logins), okube.asks) == (1, 20)
    assert count.by_vendor == {VendorKey.BESPOT: 21}
    assert json.loads(okube.bodies[0] or b"") == {"login": "a", "password": "b"}


@pytest.mark.parametrize(
    ("claims", "life"),
    [
        ({}, 48 * 3600),
        ({"exp": NOW // SECOND + 1000}, 1000),
        ({"exp": 5000, "iat": 4000}, 1000),  # a vendor whose clock is far off
        ({"exp": 12}, 48 * 3600),
        ({"exp": "never"}, 48 * 3600),
    ],
)
async def test_a_token_is_renewed_at_80_to_90_percent_of_its_life_without_making_anyone_wait(
    claims: dict[str, object], life: float
) -> None:
    renewals = []
    for _ in range(5):
        okube = Okube(**claims)
        client = client_of(okube)
        began = now()
        await client.ask(GET)
        await asyncio.sleep(life * 0.79)
        await client.ask(GET)
        assert len(okube.logins) == 1
        while len(okube.logins) == 1:
            await asyncio.sleep(life * 0.005)
            await client.ask(GET)
            await asyncio.sleep(0)
        renewals.append((okube.logins[1] - began) / life)
        await client.ask(GET)
        await client.close()
    assert all(0.8 <= renewal <= 0.91 for renewal in renewals)
    assert len(set(renewals)) > 1


async def test_an_expired_token_is_replaced_before_the_ask() -> None:
    okube = Okube()
    client = client_of(okube)
    await client.ask(GET)
    await asyncio.sleep(48 * 3600 + 1)
    await client.ask(GET)
    assert (len(okube.logins), okube.asks) == (2, 2)


async def test_a_401_leads_to_one_login_and_one_more_try_for_all_callers_together() -> None:
    okube = Okube()
    client = client_of(okube)
    await client.ask(GET)
    okube.token = "revoked"
    await asyncio.gather(*(client.ask(GET) for _ in range(10)))
    assert (len(okube.logins), okube.asks) == (2, 1 + 10 + 10)
    okube.token = "revoked again"
    await client.ask(GET)
    assert len(okube.logins) == 3


async def test_a_fresh_token_that_is_refused_too_ends_the_matter() -> None:
    okube = Okube()
    okube.takes_none = True
    client = client_of(okube)
    with pytest.raises(Rejected) as caught:
        await client.ask(GET)
    assert (caught.value.status, len(okube.logins), okube.asks) == (401, 2, 2)
    with pytest.raises(Rejected):
        await client.ask(GET)
    assert (len(okube.logins), okube.asks) == (2, 3)
    await asyncio.sleep(31)
    okube.takes_none = False
    okube.token = "another"
    await client.ask(GET)
    assert len(okube.logins) == 3


@pytest.mark.parametrize(
    "answer",
    [
        reply(401, b'{"message": "my@email.com is wrong"}'),
        reply(403, b""),
        reply(302, b""),
        reply(200, b'{"success": false, "message": "my@email.com is wrong"}'),
    ],
)
async def test_a_refused_login_is_never_retried(answer: Answer) -> None:
    okube = Okube()
    okube.login_answer = answer
    client = client_of(okube)
    for _ in range(5):
        with pytest.raises(Rejected) as caught:
            await client.ask(GET)
        assert "email" not in caught.value.message
    assert (len(okube.logins), okube.asks) == (1, 0)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"auth": {}}', b'{"auth": {"token": 5}}', b'{"auth": {"token": "a\\nb"}}', b"nonsense"]
)
async def test_a_login_without_a_token_is_malformed(body: bytes) -> None:
    okube = Okube()
    okube.login_answer = reply(200, body)
    with pytest.raises(Malformed):
        await client_of(okube).ask(GET)
    assert okube.asks == 0


async def test_a_login_that_fails_for_a_moment_is_tried_with_the_request() -> None:
    okube = Okube()
    okube.login_answer = reply(503)
    with pytest.raises(Unavailable):
        await client_of(okube).ask(GET)
    assert len(okube.logins) == 3


async def test_a_failed_renewal_leaves_the_old_token_in_use() -> None:
    okube = Okube()
    client = client_of(okube)
    await client.ask(GET)
    await asyncio.sleep(48 * 3600 * 0.95)
    okube.login_answer = reply(503)
    for _ in range(5):
        await client.ask(GET)
        await asyncio.sleep(1)
    assert (len(okube.logins), okube.asks) == (2, 6)


async def test_a_caller_that_leaves_does_not_end_the_login_of_the_others() -> None:
    okube = Okube()
    okube.login_takes = 5
    client = client_of(okube)

    async def hasty() -> None:
        with deadline.within(1):
            await client.ask(GET)

    leader = asyncio.create_task(hasty())
    await asyncio.sleep(0)
    second, third = asyncio.create_task(client.ask(GET)), asyncio.create_task(client.ask(GET))
    await asyncio.sleep(2)
    with pytest.raises(TimedOut):
        await leader
    second.cancel()
    assert (await third).status == 200
    assert (len(okube.logins), okube.timeouts) == (1, [8.0])


async def test_closing_ends_a_login_on_its_way() -> None:
    okube = Okube()
    okube.login_takes = 100
    client = client_of(okube)
    ask = asyncio.create_task(client.ask(GET))
    await asyncio.sleep(1)
    ask.cancel()
    began = now()
    await client.close()
    assert now() == began


def test_a_token_is_never_printed() -> None:
    credential = LoginCredential(VendorKey.OKUBE, path="/authenticate", body={"login": "a", "password": "geheim"})
    assert "geheim" not in repr(credential)
