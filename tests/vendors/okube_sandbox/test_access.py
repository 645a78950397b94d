"""Credentials, routes and errors of the simulated Okube."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from gateway.domain.instant import HOUR
from gateway.sandbox.faults import Fault, Faults
from gateway.sandbox.simulation import Simulation
from gateway.sandbox.stage import Stage
from gateway.sandbox.world import World
from gateway.vendors.okube.sandbox import simulate

from .conftest import Moment, Okube

pytestmark = pytest.mark.anyio

APP = "/applications/retail-demo"


def login(simulation: Simulation, **changed: object) -> dict[str, object]:
    return {"login": simulation.settings["login"], "password": simulation.settings["password"], **changed}


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
async def stranger(moment: Moment) -> AsyncIterator[tuple[Okube, Simulation]]:
    """A client without a credential, and a clock of its own."""
    world, faults = World(clock=moment), Faults()
    simulation = simulate(world, faults)
    transport = httpx.ASGITransport(Stage(simulation, faults, world))
    async with httpx.AsyncClient(transport=transport, base_url="http://okube") as client:
        yield client, simulation


async def test_login_gives_a_token_for_48_hours(stranger: tuple[Okube, Simulation], moment: Moment) -> None:
    client, simulation = stranger
    answer = await client.post("/authenticate", json=login(simulation))
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("success", "message")} == {
        "success": True,
        "message": "Authentication succeeded.",
    }
    token = answer.json()["auth"]["token"]
    payload = token.split(".")[1]
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] - claims["iat"] == 48 * 3600
    signed = {"authorization": f"Bearer {token}"}
    assert (await client.get(APP, headers=signed)).status_code == 200
    moment.now += 48 * HOUR
    assert (await client.get(APP, headers=signed)).status_code == 401


async def test_the_api_key_outlives_tokens(stranger: tuple[Okube, Simulation], moment: Moment) -> None:
    client, simulation = stranger
    moment.now += 480 * HOUR
    signed = {"authorization": f"Bearer {simulation.settings['api_key']}"}
    assert (await client.get(APP, headers=signed)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"password": "wrong"}, 401), ({"password": 1}, 400), ({"user": "x"}, 400), ({"setCookie": "yes"}, 400)],
)
async def test_a_login_is_checked(stranger: tuple[Okube, Simulation], changed: dict[str, object], status: int) -> None:
    client, simulation = stranger
    assert (await client.post("/authenticate", json=login(simulation, **changed))).status_code == status


async def test_a_cookie_is_set_only_on_demand(stranger: tuple[Okube, Simulation]) -> None:
    client, simulation = stranger
    assert "set-cookie" not in (await client.post("/authenticate", json=login(simulation))).headers
    assert "set-cookie" in (await client.post("/authenticate", json=login(simulation, setCookie=True))).headers


async def test_refused_logins_lock_the_account(stranger: tuple[Okube, Simulation]) -> None:
    client, simulation = stranger
    wrong = login(simulation, password="wrong")
    statuses = [(await client.post("/authenticate", json=wrong)).status_code for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 401, 403]
    assert (await client.post("/authenticate", json=login(simulation))).status_code == 403


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer a.b.c", "Basic eA==", "Bearer ümlaut"])
async def test_nothing_is_told_to_strangers(stranger: tuple[Okube, Simulation], authorization: str | None) -> None:
    client, _ = stranger
    headers = {} if authorization is None else {b"authorization": authorization.encode("latin-1")}
    answer = await client.get(f"{APP}/sites", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"success": False, "message": "Unauthorized"})


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/applications/nobody", 404),
        ("GET", "/applications/someone-else", 403),
        ("GET", "/applications/5e1834b0e12d62a85b38ffff/sites", 403),
        ("GET", "/sites?app=someone-else", 403),
        ("GET", "/sites/not-an-id", 400),
        ("GET", "/sites/000000000000000000000000", 404),
        ("GET", f"{APP}/sites/no%20such%20key", 404),
        ("GET", "/nowhere", 404),
        ("PUT", f"{APP}/sites/ERMOU-01", 405),
        ("PATCH", "/pois", 400),
    ],
)
async def test_errors_have_a_status_of_the_list_and_a_json_body(
    okube: Okube, verb: str, path: str, status: int
) -> None:
    answer = await okube.request(verb, path)
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert answer.json()["message"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_overload_is_played_by_the_stage(okube: Okube, faults: Faults, status: int) -> None:
    faults.on(Fault(kind="status", status=status, times=1, body='{"message": "later"}'))
    assert (await okube.get(APP)).status_code == status
    assert (await okube.get(APP)).status_code == 200


async def test_applications_are_a_page_and_go_by_id_or_key(okube: Okube) -> None:
    own = {
        "_id": "5e1834b0e12d62a85b380001",
        "key": "retail-demo",
        "name": "Retail demo",
        "timezone": "Europe/Paris",
    }
    page = (await okube.get("/applications", params={"page": 1, "per_page": 25})).json()
    meta = {"total": 1, "page": 1, "per_page": 25, "page_count": 1, "has_more": False}
    assert page == {"documents": [own], "_$paginated": meta}
    assert (await okube.get(f"/applications/{own['_id']}")).json() == (await okube.get(APP)).json() == own


@pytest.mark.parametrize(
    "path",
    [
        "/sites/5e1834b0e12d62a85b388a1b",
        f"{APP}/sites/5e1834b0e12d62a85b388a1b",
        f"{APP}/sites/ERMOU-01",
        f"{APP}/sites/gr%2Fathens%20ermou",
        "/applications/5e1834b0e12d62a85b380001/sites/ERMOU-01",
    ],
)
async def test_a_site_answers_to_its_id_and_all_its_keys(okube: Okube, path: str) -> None:
    answer = await okube.get(path)
    assert answer.status_code == 200
    site = answer.json()
    places = {"address", "coordinates", "openings"}
    dates = {"createdAt", "updatedAt"}
    assert set(site) == {"_id", "key", "keys", "application", "name", "description", "active", "tags"} | places | dates
    assert (site["_id"], site["key"], site["keys"]) == ("5e1834b0e12d62a85b388a1b", "ERMOU-01", ["gr/athens ermou"])
    assert site["coordinates"] == [23.7289, 37.9767]
    assert site["application"] == "5e1834b0e12d62a85b380001"


@pytest.mark.parametrize("resource", ["pois", "campaigns", "studies"])
async def test_the_other_resources_answer_at_both_routes(okube: Okube, resource: str) -> None:
    first = (await okube.get(f"{APP}/{resource}", params={"per_page": 1})).json()["documents"][0]
    by_id = (await okube.get(f"/{resource}/{first['_id']}")).json()
    by_key = (await okube.get(f"{APP}/{resource}/{first['key'].replace('/', '%2F')}")).json()
    assert by_id == by_key
    assert by_id["_id"] == first["_id"]


async def test_calls_are_counted_by_operation(okube: Okube, faults: Faults) -> None:
    await okube.get(f"{APP}/sites", params={"per_page": 5})
    await okube.get("/sites", params={"per_page": 5})
    await okube.get(f"{APP}/sites/ERMOU-01")
    assert faults.calls == {"/applications/*/sites": 1, "/sites": 1, "/applications/*/sites/*": 1}
    assert faults.rows["/applications/*/sites"] == 5
