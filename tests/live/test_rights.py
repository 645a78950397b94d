"""Who may follow what, at the start and ever after."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.domain import instant
from gateway.domain.instant import SECOND
from tests.access.issuer import AUDIENCE, EC, ISSUER, claims, header, signed
from tests.live.replicas import ATHENS, BUSY, Replicas, id_of, replicas
from tests.live.served import Spoken

pytestmark = pytest.mark.anyio

FULL, LIMITED, NOTHING, SLOW = ("A" * 43, "B" * 43, "C" * 43, "D" * 43)
VISITS = "subscription($sites: [ID!]!) { visits(sites: $sites) { startsAt } }"
PARIS = "par-200110"


def entry(name: str, key: str, *more: str, scopes: str = '"read"') -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return "\n".join(["[[key]]", f'name = "{name}"', f'hash = "sha256:{digest}"', f"scopes = [{scopes}]", *more, ""])


ENTRIES = {
    "full": entry("full", FULL),
    "limited": entry("limited", LIMITED, f'sites = ["{ATHENS}"]'),
    "nothing": entry("nothing", NOTHING, scopes=""),
    "slow": entry("slow", SLOW, "requests_per_minute = 1"),
}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Replicas]:
    write(tmp_path)
    vendors = ("bespot", "guest_wifi")
    async with replicas(tmp_path, vendors=vendors, api_keys=tmp_path / "keys.toml", anonymous_scopes=[]) as running:
        yield running


def write(folder: Path, **changed: str) -> None:
    (folder / "keys.toml").write_text("\n".join((ENTRIES | changed).values()), encoding="utf-8")


async def refusal(running: Replicas, payload: object, key: str) -> str:
    async with running.first.socket(payload) as socket:
        await socket.subscribe("1", VISITS, sites=[id_of(key)])
        message = await socket.receive()
        assert message["type"] == "error"
        return str(message["payload"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("payload", "site", "code"),
    [
        (None, ATHENS, "UNAUTHENTICATED"),
        ({"apiKey": NOTHING}, ATHENS, "FORBIDDEN"),
        ({"Authorization": f"Bearer {LIMITED}"}, PARIS, "BAD_USER_INPUT"),
        ({"Authorization": f"Bearer {LIMITED}"}, "no-such-site", "BAD_USER_INPUT"),
    ],
)
async def test_what_is_not_the_callers_is_refused(running: Replicas, payload: object, site: str, code: str) -> None:
    assert await refusal(running, payload, site) == code


@pytest.mark.parametrize(
    "payload", [{"Authorization": f"Bearer {LIMITED}"}, {"apiKey": LIMITED}, {"x-api-key": LIMITED}]
)
async def test_the_callers_own_site_may_be_followed(running: Replicas, payload: object) -> None:
    async with running.first.socket(payload) as socket:
        await socket.subscribe("1", VISITS, sites=[id_of(ATHENS)])
        await asyncio.sleep(0.1)
        running.hands.now = instant.parse("2026-11-02T12:16:00Z")
        assert (await socket.next())["data"]["visits"]["startsAt"] >= "2026-11-02T12:00:00Z"


async def test_of_two_credentials_both_must_be_good(running: Replicas) -> None:
    async with running.first.bare(additional_headers={"Authorization": f"Bearer {'X' * 43}"}) as opened:
        spoken = Spoken(opened)
        await spoken.send(type="connection_init", payload={"apiKey": FULL})
        assert (await spoken.closed())[0] == 4403


async def test_a_revoked_key_ends_sockets_and_event_streams_and_no_others(running: Replicas, tmp_path: Path) -> None:
    question = {"query": VISITS, "variables": {"sites": [id_of(ATHENS)]}}
    async with (
        running.first.socket({"apiKey": FULL}) as revoked,
        running.first.socket({"apiKey": LIMITED}) as other,
        running.first.events(question, X_API_Key=FULL) as events,
    ):
        for socket in (revoked, other):
            await socket.subscribe("1", VISITS, sites=[id_of(ATHENS)])
        await events.begin()
        await asyncio.sleep(0.1)
        write(tmp_path, full="")
        message = await revoked.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
        assert await revoked.closed() == (4403, "Forbidden")
        told = await events.all()
        assert [told[0]["errors"][0]["extensions"]["code"], told[1]] == ["UNAUTHENTICATED", "complete"]
        running.hands.now = instant.parse("2026-11-02T12:16:00Z")
        assert (await other.next())["data"]["visits"]["startsAt"] >= "2026-11-02T12:00:00Z"


async def test_rights_that_have_changed_end_the_stream(running: Replicas, tmp_path: Path) -> None:
    async with running.first.socket({"apiKey": FULL}) as socket:
        await socket.subscribe("1", VISITS, sites=[id_of(PARIS)])
        await asyncio.sleep(0.1)
        write(tmp_path, full=entry("full", FULL, f'sites = ["{ATHENS}"]'))
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        assert (await socket.closed())[0] == 4403


async def test_an_expired_key_ends_the_stream(running: Replicas, tmp_path: Path) -> None:
    async with running.first.socket({"apiKey": FULL}) as socket:
        await socket.subscribe("1", VISITS, sites=[id_of(PARIS)])
        await asyncio.sleep(0.1)
        write(tmp_path, full=entry("full", FULL, "expires = 2026-11-02T12:10:00Z"))
        running.hands.now = instant.parse("2026-11-02T12:10:00Z")
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.fixture
def issuer() -> Iterator[str]:
    """Where an issuer's keys lie."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(200)
            self.end_headers()
            self.wfile.write(orjson.dumps({"keys": [EC.as_dict(private=False)]}))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


async def test_a_token_that_ends_ends_the_stream_and_a_new_one_goes_on(tmp_path: Path, issuer: str) -> None:
    jwt = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": issuer}
    async with replicas(tmp_path, jwt=jwt, anonymous_scopes=[]) as running:
        ends = running.hands.now // SECOND + 120
        tokens = [signed(header(), claims(exp=end)) for end in (ends, ends + 3600)]
        async with (
            running.first.socket({"Authorization": f"Bearer {tokens[0]}"}) as short,
            running.first.socket({"Authorization": f"Bearer {tokens[1]}"}) as long,
        ):
            for socket in (short, long):
                await socket.subscribe("1", VISITS, sites=[id_of(ATHENS)])
            await asyncio.sleep(0.1)
            running.hands.now = (ends + 61) * SECOND  # its leeway is over too
            message = await short.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
            assert await short.closed() == (4403, "Forbidden")
            running.hands.now = instant.parse("2026-11-02T12:16:00Z")
            assert (await long.next())["data"]["visits"]["startsAt"] >= "2026-11-02T12:00:00Z"


async def test_the_budget_counts_operations_of_a_socket(running: Replicas) -> None:
    async with running.first.socket({"apiKey": SLOW}) as socket:
        await socket.subscribe("1", "{ viewer { name } }")
        assert await socket.next() == {"data": {"viewer": {"name": "slow"}}}
        assert (await socket.receive())["type"] == "complete"
        await socket.subscribe("2", "{ viewer { name } }")
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")


async def test_raw_identifiers_are_masked_on_every_event(running: Replicas) -> None:
    query = "subscription($sites: [ID!]!) { sessions(sites: $sites) { device ... on AppSession { deviceId } } }"
    async with running.first.socket({"apiKey": FULL}) as socket:
        await socket.subscribe("1", query, sites=[id_of(key) for key in BUSY])
        for _ in range(6):
            await asyncio.sleep(0.25)
            running.hands.now += 61 * SECOND
        seen: list[Any] = []
        while len(seen) < 2:
            message = await socket.next()
            if "deviceId" in message["data"]["sessions"]:
                seen.append(message)
        assert [each["data"]["sessions"]["deviceId"] for each in seen] == [None, None]
        assert [[error["extensions"]["code"] for error in each["errors"]] for each in seen] == [["FORBIDDEN"]] * 2
