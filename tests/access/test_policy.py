"""The door: which credentials are taken where, and that a bad one is never overlooked."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers

from gateway.access.key_file import create_key
from gateway.access.policy import Policy
from gateway.access.principal import CallerKind
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.scopes import EVERY_SCOPE, Scope
from gateway.domain.errors import Unauthenticated
from gateway.settings import ConfigurationError, JwtSettings, SandboxMode, Settings
from tests.access.issuer import AUDIENCE, EC, ISSUER, Clocks, Issuer, claims, header, signed

pytestmark = pytest.mark.anyio

JWT = JwtSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=ISSUER + "keys")
PSEUDONYMS = Pseudonyms(b"k" * 32)
BAD_KEY = "B" * 43
TOKEN = signed(header(), claims())


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


class Bench:
    def __init__(self, folder: Path) -> None:
        path = folder / "keys.toml"
        self.ada, _ = create_key(path, "ada", [Scope.READ])
        self.bob, _ = create_key(path, "bob", [Scope.READ])
        self.issuer = Issuer(EC)
        settings = Settings(sandbox=SandboxMode.ALL, api_keys=path, jwt=JWT)
        self.policy = Policy.from_settings(settings, PSEUDONYMS, self.issuer.fetch, Clocks().micros)

    async def name(self, headers: Mapping[str, str]) -> str | None:
        return (await self.policy.authenticate(headers)).name


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_key_is_taken_in_three_places(bench: Bench) -> None:
    assert await bench.name({"Authorization": f"Bearer {bench.ada}"}) == "ada"
    assert await bench.name({"authorization": f"bearer   {bench.ada} "}) == "ada"
    assert await bench.name({"X-API-Key": bench.ada}) == "ada"
    assert await bench.name({"authorization": basic(f"whoever:{bench.ada}")}) == "ada"
    assert await bench.name({"AUTHORIZATION": basic(f":{bench.ada}")}) == "ada"
    assert bench.issuer.fetches == 0


async def test_what_is_no_key_is_tried_as_a_token(bench: Bench) -> None:
    for headers in ({"authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}, {"authorization": basic("x:" + TOKEN)}):
        caller = await bench.policy.authenticate(headers)
        assert (caller.kind, caller.name) == (CallerKind.TOKEN, "ada@example.org")
    assert bench.issuer.fetches == 1


async def test_without_a_credential_the_caller_is_a_stranger(bench: Bench) -> None:
    caller = await bench.policy.authenticate({"accept": "application/json", "cookie": "x-api-key=1"})
    assert caller is bench.policy.anonymous
    assert (caller.kind, caller.name, caller.label) == (CallerKind.ANONYMOUS, None, "anonymous")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {BAD_KEY}"},
        {"authorization": BAD_KEY},
        {"authorization": f"Digest {BAD_KEY}"},
        {"authorization": "Basic"},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic //79"},
        {"authorization": "Basic " + base64.b64encode(BAD_KEY.encode()).decode()},
        {"authorization": basic("ada:")},
        {"authorization": basic("ada:" + BAD_KEY)},
        {"x-api-key": ""},
        {"x-api-key": BAD_KEY},
        {"x-api-key": "é"},
        {"x-api-key": TOKEN + "x"},
    ],
    ids=lambda headers: str(headers)[:40],  # a token of the day must not name a test: workers compare names
)
async def test_a_bad_credential_is_refused_even_where_strangers_are_served(
    bench: Bench, headers: dict[str, str]
) -> None:
    assert bench.policy.anonymous.scopes == EVERY_SCOPE
    with pytest.raises(Unauthenticated) as error:
        await bench.policy.authenticate(headers)
    assert BAD_KEY not in error.value.message


async def test_of_two_credentials_neither_may_be_bad(bench: Bench) -> None:
    good, bad = f"Bearer {bench.ada}", f"Bearer {BAD_KEY}"
    for headers in ({"authorization": good, "x-api-key": BAD_KEY}, {"authorization": bad, "x-api-key": bench.ada}):
        with pytest.raises(Unauthenticated):
            await bench.policy.authenticate(headers)
    assert await bench.name({"x-api-key": bench.bob, "authorization": good}) == "ada"


async def test_a_header_sent_twice_hides_no_bad_credential(bench: Bench) -> None:
    good, bad = f"Bearer {bench.ada}".encode(), f"Bearer {BAD_KEY}".encode()
    for pair in ((good, bad), (bad, good)):
        with pytest.raises(Unauthenticated):
            await bench.policy.authenticate(Headers(raw=[(b"authorization", value) for value in pair]))


async def test_with_nothing_configured_every_credential_is_bad() -> None:
    policy = Policy.from_settings(Settings(sandbox=SandboxMode.ALL), PSEUDONYMS)
    assert (await policy.authenticate({})).scopes == EVERY_SCOPE
    for credential in (BAD_KEY, TOKEN):
        with pytest.raises(Unauthenticated):
            await policy.authenticate({"authorization": f"Bearer {credential}"})


async def test_strangers_may_do_everything_in_the_sandbox_and_nothing_otherwise() -> None:
    live = Settings(sandbox=SandboxMode.NONE, pseudonym_key=SecretStr("00" * 32))
    closed = Policy.from_settings(live, PSEUDONYMS)
    assert (await closed.authenticate({})).scopes == frozenset()
    assert closed.open_to_nobody
    named = Policy.from_settings(live.model_copy(update={"anonymous_scopes": ("read",)}), PSEUDONYMS)
    assert (await named.authenticate({})).scopes == {Scope.READ}
    assert not named.open_to_nobody
    none = Policy.from_settings(Settings(sandbox=SandboxMode.ALL, anonymous_scopes=()), PSEUDONYMS)
    assert (await none.authenticate({})).scopes == frozenset()


def test_an_unknown_anonymous_scope_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"^GATEWAY_ANONYMOUS_SCOPES: names an unknown scope"):
        Policy.from_settings(Settings(sandbox=SandboxMode.ALL, anonymous_scopes=("canary",)), PSEUDONYMS)


@pytest.mark.parametrize(
    "parts",
    [
        {"issuer": ISSUER},
        {"issuer": ISSUER, "audience": AUDIENCE},
        {"audience": AUDIENCE, "jwks_url": "https://issuer.example/keys"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "http://issuer.example/keys"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "https://me:secret@issuer.example/keys"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "file:///etc/passwd"},
        {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "https://[broken/"},
        {"issuer": ISSUER, "audience": "", "jwks_url": "https://issuer.example/keys"},
    ],
    ids=str,
)
def test_half_an_issuer_or_an_insecure_address_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        JwtSettings(**parts)


def test_an_issuer_on_this_machine_may_be_plain_http() -> None:
    for url in ("http://127.0.0.1:9000/jwks", "http://localhost/jwks?p=1", "http://[::1]:1/jwks"):
        assert JwtSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=url).jwks_url == url
