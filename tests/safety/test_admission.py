"""The door: bad credentials, budgets, and what is told of them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gateway import runtime
from gateway.access.key_file import create_key, revoke_key
from gateway.access.scopes import Scope
from gateway.settings import Settings
from tests.safety.guarded import Gate, guarded

pytestmark = pytest.mark.anyio

ASK = "{ viewer { name } }"
UNKNOWN = secrets.token_urlsafe(32)


@pytest.fixture(scope="module")
async def gate() -> AsyncIterator[Gate]:
    async with guarded(requests_per_minute=1_000) as running:
        yield running


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {UNKNOWN}"},
        {"authorization": UNKNOWN},
        {"authorization": "Bearer"},
        {"authorization": "Bearer " + "x" * 5_000},
        {"authorization": basic(UNKNOWN)},
        {"authorization": "Basic ÿÿÿ"},
        {"authorization": "Digest a=b"},
        {"x-api-key": UNKNOWN},
        {"x-api-key": ""},
        {"x-api-key": "\x7f\x80"},
        {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImFkbWluIn0."},
        {"authorization": "Bearer a.b.c"},
    ],
)
async def test_a_bad_credential_is_401_with_a_challenge_and_is_not_repeated(
    gate: Gate, headers: dict[str, str]
) -> None:
    async with gate.client() as client:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        response = await client.post("/graphql", json={"query": ASK}, headers=raw)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="gateway"')
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not [value for value in headers.values() if len(value) > 9 and value in response.text]


async def test_two_credentials_of_which_one_is_bad_are_401(gate: Gate) -> None:
    good = gate.keys["reader"]
    async with gate.client() as client:
        for headers in (
            {"authorization": f"Bearer {good}", "x-api-key": UNKNOWN},
            {"authorization": f"Bearer {UNKNOWN}", "x-api-key": good},
        ):
            assert (await client.post("/graphql", json={"query": ASK}, headers=headers)).status_code == 401
        both = {"authorization": f"Bearer {good}", "x-api-key": good}
        assert (await client.post("/graphql", json={"query": ASK}, headers=both)).status_code == 200


async def test_a_key_comes_in_three_ways(gate: Gate) -> None:
    good = gate.keys["reader"]
    async with gate.client() as client:
        for headers in ({"authorization": f"Bearer {good}"}, {"x-api-key": good}, {"authorization": basic(good)}):
            response = await client.post("/graphql", json={"query": ASK}, headers=headers)
            assert response.json()["data"] == {"viewer": {"name": "reader"}}


async def test_a_spent_budget_is_429_with_a_whole_true_wait_and_costs_nobody_else() -> None:
    async with guarded() as gate:
        async with gate.client() as client:
            answers = [
                await client.post("/graphql", json={"query": ASK}, headers=gate.headers("hasty")) for _ in range(4)
            ]
            other = await client.post("/graphql", json={"query": ASK}, headers=gate.headers("reader"))
            export = await client.get("/export/okube/sites.csv", headers=gate.headers("hasty"))
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert answers[0].headers["ratelimit-limit"] == "3"
        refused = answers[3]
        told = refused.json()["errors"][0]["extensions"]
        assert (told["code"], told["retryable"]) == ("RATE_LIMITED", True)
        assert 0 < int(refused.headers["retry-after"]) == told["retryAfter"] <= 60
        assert "data" not in refused.json()
        assert (other.status_code, "ratelimit-limit" in other.headers) == (200, False)
        assert export.status_code == 429


async def test_a_setting_bounds_those_whose_key_says_nothing(gate: Gate) -> None:
    for caller, limit in (("reader", "1000"), (None, "1000"), ("hasty", "3")):
        answer = await gate.ask(ASK, caller=caller)
        assert answer.response.headers["ratelimit-limit"] == limit


async def test_a_revoked_key_is_refused_without_a_restart() -> None:
    async with guarded() as gate:
        settings: Settings = gate.gateway._settings
        assert settings.api_keys is not None
        key, _ = create_key(settings.api_keys, "brief", [Scope.READ])
        policy = gate.gateway._policy
        assert policy.keys is not None
        policy.keys._next_look = 0
        assert (await gate.gateway.authenticate({"x-api-key": key})).name == "brief"
        revoke_key(settings.api_keys, "brief")
        policy.keys._next_look = 0
        async with gate.client() as client:
            assert (await client.post("/graphql", json={"query": ASK}, headers={"x-api-key": key})).status_code == 401


async def test_a_live_gateway_without_a_caller_policy_starts_and_warns() -> None:
    settings = Settings.model_validate({"sandbox": "none", "pseudonym_key": "5a" * 32})
    with capture_logs() as lines:
        async with runtime.gateway(settings) as gateway:
            assert [line["event"] for line in lines if line["log_level"] == "warning"] == [
                "nobody may ask: set GATEWAY_API_KEYS, GATEWAY_JWT__* or GATEWAY_ANONYMOUS_SCOPES"
            ]
            assert not (await gateway.authenticate({})).scopes


async def test_the_log_line_says_who_asked_what_and_what_it_cost(gate: Gate) -> None:
    with capture_logs() as lines:
        await gate.ask("query Stores { sites(first: 2) { nodes { key } } }", caller="reader")
        await gate.ask("{ nope }", caller="reader")
        await gate.ask("query " + "A" * 300 + " { viewer { name } }", caller=None)
    first, second, third = (line for line in lines if line["event"] == "request")
    told = {name: value for name, value in first.items() if name not in ("ms", "hash", "calls", "trace")}
    assert told == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "who": "key:reader",
        "operation": "Stores",
        "cost": 2,
        "outcome": "ok",
    }
    assert len(first["hash"]) == 16
    assert first["ms"] >= 0
    assert (second["outcome"], second["who"], second["status"]) == ("GRAPHQL_VALIDATION_FAILED", "key:reader", 400)
    assert "nope" not in repr(second)
    assert (third["who"], len(third["operation"])) == ("anonymous", 64)
