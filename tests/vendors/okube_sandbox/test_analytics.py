"""The analytics queries of the simulated Okube: shapes, keys, projections, and agreement with the footfall."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import httpx
import pytest

from gateway.domain.window import Days
from gateway.sandbox.faults import Faults
from gateway.sandbox.stage import Stage
from gateway.sandbox.world import World
from gateway.vendors.okube.sandbox import Layout, simulate
from gateway.vendors.okube.sandbox.formulas import CONVERSION, GEO_MARKETING, PRESENCE

from .conftest import Okube

pytestmark = pytest.mark.anyio

APP = "/applications/retail-demo"
ERMOU = "5e1834b0e12d62a85b388a1b"
STUDY = "5e1834b0e12d62a85d000001"  # Greece
FORTNIGHT = {"from": "2026-10-19", "to": "2026-11-01"}
PRESENCE_URL = f"{APP}/presence/analytics"
CONVERSION_URL = f"{APP}/conversions/levers/analytics"
GEO_URL = f"{APP}/studies/{STUDY}/geo-marketing/analytics"


def param(kpi: str, mode: str = "histogram", granularity: str = "day", **projections: object) -> dict[str, Any]:
    return {"kpi": kpi, "mode": mode, "granularity": granularity, "projections": projections}


async def ask(client: Okube, url: str, *params: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    answer = await client.post(url, params={**FORTNIGHT, **query}, json={"params": list(params)})
    assert answer.status_code == 200, answer.text
    return cast("list[dict[str, Any]]", answer.json())


def entries(world: World, key: str, first: date, last: date) -> Iterator[int]:
    place = world.okube[key]
    return (world.footfall(place, day).entries for day in Days(first, last))


async def test_a_histogram_counts_days_from_the_first_and_sorts_keys_as_text(okube: Okube, world: World) -> None:
    [element] = await ask(okube, f"{APP}/sites/ERMOU-01/presence/analytics", param("entering"))
    assert {name: element[name] for name in ("kpi", "scope", "granularity")} == {
        "kpi": "entering",
        "scope": "globals",
        "granularity": "day",
    }
    assert set(element) == {"kpi", "scope", "granularity", "data"}  # the mode is not echoed (quirk O13)
    temporals = element["data"]["temporals"]
    assert list(temporals)[:6] == ["0", "1", "10", "11", "12", "13"]
    counted = list(entries(world, "ERMOU-01", date(2026, 10, 19), date(2026, 11, 1)))
    assert [temporals[str(key)] for key in range(14)] == counted
    assert element["data"]["all"] == sum(counted)


async def test_an_aggregation_folds_days_by_weekday(okube: Okube, world: World) -> None:
    params = param("entering", "aggregation")
    [element] = await ask(okube, f"{APP}/sites/{ERMOU}/presence/analytics", params)
    assert list(element["data"]["temporals"]) == ["1", "2", "3", "4", "5", "6", "7"]
    mondays = [*entries(world, "ERMOU-01", date(2026, 10, 19), date(2026, 10, 19))]
    mondays += entries(world, "ERMOU-01", date(2026, 10, 26), date(2026, 10, 26))
    assert element["data"]["temporals"]["1"] == sum(mondays)


@pytest.mark.parametrize(
    ("granularity", "mode", "keys"),
    [
        ("week", "histogram", ["0", "1"]),
        ("month", "histogram", ["0", "1"]),
        ("year", "histogram", ["0"]),
        ("week", "aggregation", ["43", "44"]),
        ("month", "aggregation", ["10", "11"]),
        ("year", "aggregation", ["2026"]),
    ],
)
async def test_coarser_keys(okube: Okube, granularity: str, mode: str, keys: list[str]) -> None:
    [element] = await ask(okube, PRESENCE_URL, param("sessions", mode, granularity))
    assert list(element["data"]["temporals"]) == keys


async def test_days_to_come_have_no_key(okube: Okube) -> None:
    [element] = await ask(okube, PRESENCE_URL, param("entering"), **{"from": "2026-11-09", "to": "2026-11-20"})
    assert list(element["data"]["temporals"]) == ["0", "1"]


async def test_sites_come_only_when_asked_and_add_up(okube: Okube, world: World) -> None:
    whole, by_site = await ask(okube, PRESENCE_URL, param("entering", sites=True))
    assert (whole["scope"], by_site["scope"]) == ("globals", "sites")
    assert len(by_site["data"]) == 13
    counted = sum(entries(world, "ERMOU-01", date(2026, 10, 19), date(2026, 11, 1)))
    assert by_site["data"][ERMOU]["all"] == counted
    assert sum(data["all"] for data in by_site["data"].values()) == whole["data"]["all"]


async def test_switches_leave_parts_out(okube: Okube) -> None:
    [only_sites] = await ask(okube, PRESENCE_URL, param("entering", globals=False, sites=True, temporals=False))
    assert only_sites["scope"] == "sites"
    assert set(only_sites["data"][ERMOU]) == {"all"}
    [only_temporals] = await ask(okube, PRESENCE_URL, param("entering", all=False))
    assert set(only_temporals["data"]) == {"temporals"}
    own = {"all": True, "temporals": False, "property": "key"}
    _, by_key = await ask(okube, PRESENCE_URL, param("entering", sites=own))
    assert set(by_key["data"]["ERMOU-01"]) == {"all"}


@pytest.mark.parametrize(
    ("url", "formulas", "scopes"),
    [
        (GEO_URL, GEO_MARKETING, ["homes", "works", "zones", "sites"]),
        (CONVERSION_URL, CONVERSION, ["campaigns", "levers", "extras", "sites"]),
        (PRESENCE_URL, PRESENCE, ["equipments", "sites"]),
    ],
)
async def test_every_kpi_answers_in_every_scope(
    okube: Okube, url: str, formulas: dict[str, object], scopes: list[str]
) -> None:
    switches: dict[str, Any] = dict.fromkeys(scopes, True)
    params = [param(kpi, **switches) for kpi in formulas]
    elements = await ask(okube, url, *params)
    assert len(elements) == len(formulas) * (len(scopes) + 1)
    assert {element["kpi"] for element in elements} == set(formulas)
    assert all(element["data"] for element in elements)


def test_the_three_modules_have_97_kpis() -> None:
    assert (len(GEO_MARKETING), len(CONVERSION), len(PRESENCE)) == (18, 66, 13)


async def test_values_are_of_every_kind(okube: Okube) -> None:
    kinds = {
        element["kpi"]: type(element["data"]["all"])
        for element in [
            *await ask(okube, GEO_URL, param("os"), param("attendance")),
            *await ask(okube, CONVERSION_URL, param("ctr"), param("printVsClick"), param("comparisonOfflineVisits")),
        ]
    }
    assert kinds == {
        "os": dict,
        "attendance": int,
        "ctr": float,
        "printVsClick": dict,
        "comparisonOfflineVisits": list,
    }


@pytest.mark.parametrize(
    "path",
    [
        f"/sites/{ERMOU}",
        f"/s/{ERMOU}",
        f"{APP}/sites/ERMOU-01",
        "/a/retail-demo/s/gr%2Fathens%20ermou",
        f"/a/5e1834b0e12d62a85b380001/s/{ERMOU}",
    ],
)
@pytest.mark.parametrize("rest", [f"/studies/{STUDY}/geo-marketing/analytics", "/conversions/levers/analytics"])
async def test_every_printed_alias_answers_alike(okube: Okube, path: str, rest: str) -> None:
    kpi = "attendance" if "geo" in rest else "offlineVisits"
    canonical = await ask(okube, f"{APP}/sites/{ERMOU}{rest}", param(kpi))
    assert await ask(okube, path + rest, param(kpi)) == canonical
    assert canonical[0]["data"]["all"] > 0


async def test_uplift_is_on_unless_false(okube: Okube) -> None:
    [default], [on], [off] = [
        await ask(okube, GEO_URL, param("attendance"), **query)
        for query in ({}, {"uplift": "true"}, {"uplift": "false"})
    ]
    assert default == on
    assert off["data"]["all"] < on["data"]["all"]


async def test_a_study_reaches_only_its_sites(okube: Okube) -> None:
    _, by_site = await ask(okube, GEO_URL, param("attendance", sites=True))
    assert ERMOU in by_site["data"]
    assert "5e1834b0e12d62a85b388a20" not in by_site["data"]  # Paris


async def test_campaigns_made_by_hand_show_up(okube: Okube) -> None:
    draft = {"key": "mine", "from": "2026-10-19", "to": "2026-10-25", "sites": [ERMOU]}
    made = (await okube.post(f"{APP}/campaigns", json=draft)).json()
    body = {"params": [param("offlineVisits", campaigns=True)], "filters": {"campaigns": ["mine"]}}
    answer = await okube.post(CONVERSION_URL, params=FORTNIGHT, json=body)
    whole, by_campaign = answer.json()
    assert list(by_campaign["data"]) == [made["_id"]]
    assert by_campaign["data"][made["_id"]]["all"] == whole["data"]["all"] > 0


async def test_filters_narrow_every_param(okube: Okube) -> None:
    body = {"params": [param("entering", sites=True)], "filters": {"sites": ["ERMOU-01", "RIVOLI"]}}
    answer = await okube.post(PRESENCE_URL, params=FORTNIGHT, json=body)
    assert set(answer.json()[1]["data"]) == {ERMOU, "5e1834b0e12d62a85b388a20"}


async def test_the_other_reading_of_data_nests_by_scope(world: World) -> None:
    faults = Faults()
    simulation = simulate(world, faults, layout=Layout.SCOPE)
    headers = {"authorization": f"Bearer {simulation.settings['api_key']}"}
    transport = httpx.ASGITransport(Stage(simulation, faults, world))
    async with httpx.AsyncClient(transport=transport, base_url="http://okube", headers=headers) as client:
        whole, by_site = await ask(client, PRESENCE_URL, param("entering", sites=True))
    assert set(whole["data"]) == {"all", "temporals"}
    assert set(by_site["data"]) == {"sites"}
    assert set(by_site["data"]["sites"][ERMOU]) == {"all", "temporals"}


@pytest.mark.parametrize(
    ("url", "query", "body", "status", "member"),
    [
        (PRESENCE_URL, {}, {"params": []}, 400, "params"),
        (PRESENCE_URL, {}, {}, 400, "params"),
        (PRESENCE_URL, {}, {"params": [param("ctr")]}, 400, "params.0.kpi"),
        (PRESENCE_URL, {}, {"params": [param("entering", "median")]}, 400, "params.0.mode"),
        (PRESENCE_URL, {}, {"params": [param("entering", granularity="hour")]}, 400, "params.0.granularity"),
        (PRESENCE_URL, {}, {"params": [param("entering", homes=True)]}, 400, "params.0.projections.homes"),
        (PRESENCE_URL, {"uplift": "true"}, {"params": [param("entering")]}, 400, "uplift"),
        (PRESENCE_URL, {"from": "yesterday"}, {"params": [param("entering")]}, 400, "from"),
        (PRESENCE_URL, {"from": "2026-11-02"}, {"params": [param("entering")]}, 422, "to"),
        (PRESENCE_URL, {}, {"params": [param("entering")], "filters": {"sites": 7}}, 400, "filters.sites"),
        (
            f"{APP}/sites/ERMOU-01/presence/analytics",
            {},
            {"params": [param("entering", sites=True)]},
            400,
            "params.0.projections.sites",
        ),
    ],
)
async def test_bad_queries_are_refused(
    okube: Okube, url: str, query: dict[str, str], body: dict[str, object], status: int, member: str
) -> None:
    answer = await okube.post(url, params={**FORTNIGHT, **query}, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["path"] == member


async def test_an_unknown_study_is_not_found(okube: Okube) -> None:
    url = f"{APP}/studies/000000000000000000000000/geo-marketing/analytics"
    answer = await okube.post(url, params=FORTNIGHT, json={"params": [param("os")]})
    assert answer.status_code == 404


async def test_the_body_must_be_json(okube: Okube) -> None:
    answer = await okube.post(PRESENCE_URL, params=FORTNIGHT, data={"params": "x"})
    assert answer.status_code == 400
