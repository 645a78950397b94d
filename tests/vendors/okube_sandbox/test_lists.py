"""Pages, filters and the CSV mode of the four lists."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from gateway.sandbox.world import World

from .conftest import Okube

pytestmark = pytest.mark.anyio

APP = "/applications/retail-demo"
ERMOU = "5e1834b0e12d62a85b388a1b"


async def documents(client: Okube, path: str, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    answer = await client.get(path, params=[*pairs, ("per_page", "100")])
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["_$paginated"]["total"] == len(page["documents"])
    return cast("list[dict[str, Any]]", page["documents"])


async def keys(client: Okube, path: str, *pairs: tuple[str, str]) -> list[str]:
    return [document["key"] for document in await documents(client, path, *pairs)]


async def test_pages_join_into_the_whole_list(okube: Okube) -> None:
    whole = await keys(okube, f"{APP}/sites")
    pages = [(await okube.get(f"{APP}/sites", params={"page": n, "per_page": 5})).json() for n in (1, 2, 3)]
    assert [site["key"] for page in pages for site in page["documents"]] == whole
    assert len(whole) == 14  # eleven of the twelve sites, two strays, the web shop
    assert [page["_$paginated"] for page in pages] == [
        {"total": 14, "page": 1, "per_page": 5, "page_count": 3, "has_more": True},
        {"total": 14, "page": 2, "per_page": 5, "page_count": 3, "has_more": True},
        {"total": 14, "page": 3, "per_page": 5, "page_count": 3, "has_more": False},
    ]


async def test_a_page_past_the_end_is_empty_and_echoes_its_number(okube: Okube) -> None:
    page = (await okube.get(f"{APP}/sites", params={"page": 9, "per_page": 5})).json()
    assert page["documents"] == []
    assert (page["_$paginated"]["page"], page["_$paginated"]["has_more"]) == (9, False)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("sites", "page", "-1"),
        ("sites", "page", "one"),
        ("sites", "per_page", "101"),
        ("sites", "active", "True"),
        ("sites", "keys", ""),
        ("sites", "encoding", "utf-8"),
        ("sites", "period", "direct"),  # a parameter of another list
        ("pois", "online", "true"),
        ("campaigns", "sb", "1577836800000"),
        ("campaigns", "tz", "Europe/Atlantis"),
        ("campaigns", "from", "01/02/2026"),
        ("campaigns", "extra_mode", "xor"),
        ("campaigns", "extra", "season"),
        ("campaigns", "period", "DIRECT"),
        ("studies", "levers", "display"),
    ],
)
async def test_what_the_document_does_not_know_is_refused(okube: Okube, path: str, name: str, value: str) -> None:
    answer = await okube.get(f"{APP}/{path}", params={name: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == name


async def test_sites_are_filtered_by_each_parameter(okube: Okube) -> None:
    sites = f"{APP}/sites"
    every = await keys(okube, sites)
    assert await keys(okube, sites, ("online", "true")) == ["WEBSHOP"]
    assert await keys(okube, sites, ("online", "false")) == [key for key in every if key != "WEBSHOP"]
    assert await keys(okube, sites, ("q", "rIVoli")) == ["RIVOLI"]
    assert await keys(okube, sites, ("q", "Puteaux")) == ["DEFENSE"]  # its address
    assert await keys(okube, sites, ("keys", "RIVOLI"), ("keys", "gr/athens ermou")) == ["ERMOU-01", "RIVOLI"]
    assert await keys(okube, sites, ("tags", "web"), ("tags", "travel")) == ["ATH T1/Arrivals", "WEBSHOP"]
    assert await keys(okube, sites, ("active", "false")) == ["PIRAEUS", "NICE-POPUP"]
    assert set(await keys(okube, sites, ("inProd", "true"))).isdisjoint({"PIRAEUS", "NICE-POPUP"})
    assert await keys(okube, sites, ("hasDraft", "true")) == ["KOLONAKI", "RIVOLI", "SOHO", "NICE-POPUP"]
    assert await keys(okube, sites, ("name", "false")) == []
    assert await keys(okube, "/sites", ("app", "retail-demo"), ("q", "rivoli")) == ["RIVOLI"]


async def test_points_of_interest_are_filtered(okube: Okube) -> None:
    pois = f"{APP}/pois"
    stations = await keys(okube, pois, ("tags", "station"))
    assert "station/ath-116500" in stations
    assert len(stations) == 13
    assert await keys(okube, pois, ("keys", "station/ath-116500"), ("active", "true")) == ["station/ath-116500"]


async def test_campaigns_are_filtered_by_what_they_are(okube: Okube, world: World) -> None:
    path = f"{APP}/campaigns"
    facts = world.campaigns
    lever = facts[0].lever
    assert await keys(okube, path, ("levers", lever)) == [one.key for one in facts if one.lever == lever]
    assert await keys(okube, path, ("lever", lever)) == await keys(okube, path, ("levers", lever))
    provider = facts[0].provider
    assert await keys(okube, path, ("provider", provider)) == [one.key for one in facts if one.provider == provider]
    assert await keys(okube, path, ("g", "true")) == [one.key for one in facts if not one.sites]
    by_id, by_key = [await keys(okube, path, ("sites", name)) for name in (ERMOU, "gr/athens ermou")]
    assert by_id == by_key == [one.key for one in facts if "ath-116500" in one.sites]
    triggered = await documents(okube, path, ("trigger", "true"))
    assert {one["_cachedLeverName"] for one in triggered} <= {"email", "social"}


async def test_extras_come_only_on_demand_and_are_matched_by_mode(okube: Okube, world: World) -> None:
    path = f"{APP}/campaigns"
    bare, full = [(await documents(okube, path, ("with_extra", flag)))[0] for flag in ("false", "true")]
    assert "extra" not in bare
    assert full["extra"] == [{"key": key, "value": value} for key, value in world.campaigns[0].extra]
    wanted = (("extra", "season:winter"), ("extra", "wave:1"))
    facts = [(one.key, dict(one.extra)) for one in world.campaigns]
    either = [key for key, extra in facts if extra["season"] == "winter" or extra["wave"] == "1"]
    both = [key for key, extra in facts if extra["season"] == "winter" and extra["wave"] == "1"]
    assert either != both
    assert await keys(okube, path, *wanted) == either
    assert await keys(okube, path, *wanted, ("extra_mode", "and")) == both


async def test_campaigns_are_filtered_by_when_they_run(okube: Okube, world: World) -> None:
    path = f"{APP}/campaigns"
    day = date(2026, 10, 10)
    zone = ZoneInfo("Europe/Athens")
    epoch = str(int(datetime(2026, 10, 10, tzinfo=zone).astimezone(UTC).timestamp()))
    tz = ("tz", "Europe/Athens")
    facts = world.campaigns
    assert await keys(okube, path, ("sb", epoch), tz) == [one.key for one in facts if one.starts_on <= day]
    assert await keys(okube, path, ("sa", epoch), tz) == [one.key for one in facts if one.starts_on >= day]
    assert await keys(okube, path, ("eb", epoch), tz) == [one.key for one in facts if one.ends_on <= day]
    assert await keys(okube, path, ("ea", epoch), tz) == [one.key for one in facts if one.ends_on >= day]
    running = [one.key for one in facts if one.starts_on <= day <= one.ends_on]
    assert await keys(okube, path, ("from", "2026-10-10"), ("to", "2026-10-10"), tz) == running
    assert await keys(okube, path, ("from", "2026-10-10"), ("to", "2026-10-10"), ("period", "direct")) == running


async def test_studies_are_filtered(okube: Okube) -> None:
    path = f"{APP}/studies"
    assert await keys(okube, path) == ["study-fr", "study-gr", "study-us"]
    assert await keys(okube, path, ("sites", "ERMOU-01")) == ["study-gr"]
    assert await keys(okube, path, ("pois", "station/par-200110")) == ["study-fr"]
    assert await keys(okube, path, ("g", "true")) == []


@pytest.mark.parametrize("resource", ["sites", "pois", "campaigns", "studies"])
@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        "text/comma-separated-values",
        "application/csv",
        "application/excel",
        "application/vnd.ms-excel",
        "application/vnd.msexcel",
    ],
)
async def test_each_list_is_csv_by_its_six_types(okube: Okube, resource: str, accept: str) -> None:
    answer = await okube.get(f"{APP}/{resource}", params={"per_page": 1}, headers={"accept": accept})
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["key"] for row in rows] == await keys(okube, f"{APP}/{resource}")  # paging is bypassed


@pytest.mark.parametrize(
    ("encoding", "codec"), [("utf8", "utf-8"), ("iso-8859-1", "latin-1"), ("windows-1252", "cp1252")]
)
async def test_csv_comes_in_three_encodings(okube: Okube, encoding: str, codec: str) -> None:
    headers = {"accept": "text/csv"}
    answer = await okube.get(f"{APP}/sites", params={"encoding": encoding, "q": "DEFENSE"}, headers=headers)
    assert "Paris, La Défense" in answer.content.decode(codec)
    assert answer.content.count(b"\r\n") == 2


async def test_an_export_holds_a_formula_to_be_neutralised(okube: Okube) -> None:
    answer = await okube.get(f"{APP}/sites", headers={"accept": "text/csv"})
    assert ",=The shop without a door," in answer.text
