"""Create, update and import: what is kept, what comes back, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Okube

pytestmark = pytest.mark.anyio

APP = "/applications/retail-demo"
ERMOU = "5e1834b0e12d62a85b388a1b"
SITE: dict[str, Any] = {"key": "new site/1", "keys": ["alt"], "name": "New", "online": False, "tags": ["a"]}
POI: dict[str, Any] = {"key": "my poi", "name": "POI", "coordinates": [2.35, 48.85], "radius": 70}


def paths(answer: Any) -> list[str]:
    return [error["path"] for error in answer.json()["errors"]]


async def test_a_site_is_kept_under_both_routes(okube: Okube) -> None:
    made = await okube.post(f"{APP}/sites", json={**SITE, "timezone": "Europe/Paris", "coordinates": [2.35, 48.85]})
    assert made.status_code == 201
    site = made.json()
    assert len(site["_id"]) == 24
    assert site["createdAt"] == site["updatedAt"] == "2026-11-10T12:00:00.000Z"
    assert "timezone" not in site  # written, never returned (quirk O24)
    assert (await okube.get(f"{APP}/sites/new%20site%2F1")).json() == site
    rooted = await okube.post("/sites", json={"app": "retail-demo", "name": "Rooted", "online": True})
    assert rooted.status_code == 201
    assert (await okube.get(f"/sites/{rooted.json()['_id']}")).json()["name"] == "Rooted"


@pytest.mark.parametrize(
    ("path", "changed", "status", "member"),
    [
        (f"{APP}/sites", {"app": "retail-demo"}, 400, "app"),
        ("/sites", {}, 400, "app"),
        (f"{APP}/sites", {"name": None}, 400, "name"),
        (f"{APP}/sites", {"floors": 2}, 400, "floors"),
        (f"{APP}/sites", {"key": "x" * 251}, 400, "key"),
        (f"{APP}/sites", {"key": "a\tb"}, 400, "key"),
        (f"{APP}/sites", {"keys": []}, 400, "keys"),
        (f"{APP}/sites", {"tags": []}, 400, "tags"),
        (f"{APP}/sites", {"active": "true"}, 400, "active"),
        (f"{APP}/sites", {"description": ""}, 400, "description"),
        (f"{APP}/sites", {"timezone": "Mars/Olympus"}, 422, "timezone"),
        (f"{APP}/sites", {"key": "RIVOLI"}, 422, "key"),
        (f"{APP}/sites", {"keys": ["gr/athens ermou"]}, 422, "key"),
        (f"{APP}/sites", {"coordinates": [48.85, 200]}, 422, "coordinates"),
        (f"{APP}/sites", {"online": True, "coordinates": [2, 48]}, 422, "coordinates"),
    ],
)
async def test_a_bad_site_is_refused_and_not_kept(
    okube: Okube, path: str, changed: dict[str, object], status: int, member: str
) -> None:
    answer = await okube.post(path, json={**SITE, **changed})
    assert (answer.status_code, paths(answer)) == (status, [member])
    assert (await okube.get(f"{APP}/sites/alt")).status_code == 404


@pytest.mark.parametrize("path", [f"/sites/{ERMOU}", f"{APP}/sites/ERMOU-01"])
async def test_absent_members_stay_and_null_clears(okube: Okube, path: str) -> None:
    answer = await okube.patch(path, json={"description": None, "active": False, "level": 3})
    assert answer.status_code == 200
    site = answer.json()
    assert (site["description"], site["active"], site["name"]) == (None, False, "Athens, Ermou")
    assert site["updatedAt"] == "2026-11-10T12:00:00.000Z"
    refused = await okube.patch(path, json={"name": None})
    assert (refused.status_code, paths(refused)) == (400, ["name"])


async def test_a_site_with_a_thumbnail_comes_as_multipart(okube: Okube) -> None:
    fields = {
        "name": "12345",
        "online": "false",
        "keys": ["k1", "k2"],
        "tags": "solo",
        "coordinates": "[2.35, 48.85]",
        "address[city]": "Paris",
    }
    picture = {"thumbnail": ("shop.png", b"\x89PNG", "image/png")}
    made = await okube.post(f"{APP}/sites", data=fields, files=picture)
    assert made.status_code == 201, made.text
    site = made.json()
    assert (site["name"], site["keys"], site["tags"]) == ("12345", ["k1", "k2"], ["solo"])
    assert (site["coordinates"], site["address"]) == ([2.35, 48.85], {"city": "Paris"})
    changed = await okube.patch(f"/sites/{site['_id']}", data={"name": "Other"}, files=picture)
    assert changed.json()["name"] == "Other"
    refused = await okube.patch(f"/sites/{site['_id']}", files={"thumbnail": ("a.txt", b"x", "text/plain")})
    assert (refused.status_code, paths(refused)) == (422, ["thumbnail"])


async def test_points_of_interest_are_made_and_changed(okube: Okube) -> None:
    made = await okube.post(f"{APP}/pois", json=POI)
    assert made.status_code == 201
    poi = made.json()
    assert (poi["radius"], poi["coordinates"]) == (70, [2.35, 48.85])
    changed = await okube.patch(f"/pois/{poi['_id']}", json={"radius": None, "name": "Other"})
    assert (changed.json()["radius"], changed.json()["name"]) == (None, "Other")
    for radius in (0, 301):
        refused = await okube.patch(f"{APP}/pois/my%20poi", json={"radius": radius})
        assert (refused.status_code, paths(refused)) == (400, ["radius"])
    assert paths(await okube.post("/pois", json={"app": "retail-demo", "name": "x"})) == ["coordinates"]


async def test_campaigns_are_made_one_or_many(okube: Okube) -> None:
    draft = {
        "key": "c/1",
        "lever": "ignored",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "extra": {"season": "winter"},
        "sites": ["ERMOU-01"],
        "costs": [{"label": "media", "amount": 100}],
    }
    one = await okube.post(f"{APP}/campaigns", json=draft)
    assert one.status_code == 201
    campaign = one.json()
    assert (campaign["sites"], campaign["lever"], campaign["flag"]) == ([ERMOU], None, 2)
    assert campaign["extra"] == [{"key": "season", "value": "winter"}]
    assert (campaign["computedFrom"], campaign["computedTo"]) == ("2026-11-01", "2026-11-30")
    many = await okube.post("/campaigns", json=[{"app": "retail-demo", "key": key} for key in ("c2", "c3")])
    assert (many.status_code, [made["key"] for made in many.json()]) == (201, ["c2", "c3"])


async def test_a_bulk_create_is_kept_whole_or_not_at_all(okube: Okube) -> None:
    drafts = [{"key": "ok"}, {"key": "bad", "sites": ["nowhere"]}, {"key": "ok"}]
    answer = await okube.post(f"{APP}/campaigns", json=drafts)
    assert (answer.status_code, paths(answer)) == (422, ["1.sites", "2.key"])
    assert (await okube.get(f"{APP}/campaigns", params={"keys": "ok"})).json()["documents"] == []


async def test_tags_of_a_campaign_come_only_with_an_update(okube: Okube) -> None:
    refused = await okube.post(f"{APP}/campaigns", json={"key": "t", "tags": ["a"]})
    assert (refused.status_code, paths(refused)) == (400, ["tags"])
    await okube.post(f"{APP}/campaigns", json={"key": "t", "from": "2026-11-01"})
    changed = await okube.patch(f"{APP}/campaigns/t", json={"tags": ["a"], "to": None, "extra": None})
    assert (changed.json()["tags"], changed.json()["extra"]) == (["a"], [])
    crossed = await okube.patch(f"{APP}/campaigns/t", json={"to": "2026-10-01"})
    assert (crossed.status_code, paths(crossed)) == (422, ["to"])


async def test_studies_are_made_and_changed(okube: Okube) -> None:
    made = await okube.post(f"{APP}/studies", json={"key": "s", "sites": ["RIVOLI"], "pois": ["station/par-200110"]})
    assert made.status_code == 201
    study = made.json()
    assert (len(study["sites"]), len(study["pois"])) == (1, 1)
    changed = await okube.patch(f"/studies/{study['_id']}", json={"name": "Study", "sites": None})
    assert (changed.json()["name"], changed.json()["sites"]) == ("Study", None)
    unknown = await okube.patch(f"/studies/{study['_id']}", json={"pois": ["nowhere"]})
    assert (unknown.status_code, paths(unknown)) == (422, ["pois"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"'])
async def test_a_body_that_is_none_is_malformed(okube: Okube, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await okube.post(f"{APP}/campaigns", content=body, headers=headers)
    assert answer.status_code == 400


MAPPER = {
    "encoding": "iso-8859-1",
    "delimiter": ";",
    "mapper[key]": "Code",
    "mapper[name]": "Nom",
    "mapper[latitude]": "Lat",
    "mapper[longitude]": "Lng",
    "mapper[city]": "Ville",
    "mapper[timezone]": "Zone",
}
SHEET = (
    "Code;Nom;Lat;Lng;Ville;Zone\r\n"
    "RIVOLI;Rivoli rénové;48.86;2.34;Paris;Europe/Paris\r\n"
    "F1;Frais;48.1;2.1;Orléans;Europe/Paris\r\n"
    "F2;Faux;48.1;2.1;Nulle part;Nowhere/Land\r\n"
)


async def test_sites_are_imported_through_the_mapper(okube: Okube) -> None:
    files = {"file": ("sites.csv", SHEET.encode("iso-8859-1"), "text/csv")}
    answer = await okube.post(f"{APP}/sites/import", data=MAPPER, files=files)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "success": False,
        "created": 1,
        "updated": 1,
        "errors": [{"line": 4, "path": "timezone", "message": "is not a time zone"}],
    }
    assert (await okube.get(f"{APP}/sites/RIVOLI")).json()["name"] == "Rivoli rénové"
    fresh = (await okube.get(f"{APP}/sites/F1")).json()
    assert (fresh["coordinates"], fresh["address"]) == ([2.1, 48.1], {"city": "Orléans"})


@pytest.mark.parametrize(
    ("changed", "status", "member"),
    [
        ({"mapper[key]": "Nothing"}, 422, "mapper[key]"),
        ({"mapper[colour]": "Nom"}, 400, "mapper[colour]"),
        ({"encoding": "utf-8"}, 400, "encoding"),
        ({"encoding": "utf8"}, 422, "file"),
        ({"mapper[id]": "yes"}, 400, "mapper[id]"),
        ({"mapper[id]": "true"}, 422, "mapper[id]"),
        ({"delimiter": "ab"}, 400, "delimiter"),
    ],
)
async def test_a_bad_import_is_refused_whole(okube: Okube, changed: dict[str, str], status: int, member: str) -> None:
    files = {"file": ("sites.csv", SHEET.encode("iso-8859-1"), "text/csv")}
    answer = await okube.post(f"{APP}/sites/import", data={**MAPPER, **changed}, files=files)
    assert (answer.status_code, paths(answer)) == (status, [member])
    assert (await okube.get(f"{APP}/sites/F1")).status_code == 404


async def test_an_export_of_points_can_be_imported_again(okube: Okube) -> None:
    await okube.patch(f"{APP}/pois/station%2Fath-116500", json={"name": "Before"})
    sheet = (await okube.get(f"{APP}/pois", headers={"accept": "text/csv"})).content
    sheet = sheet.replace(b"Before", b"After") + b",fresh,Fresh,,true,,,,2.3,48.8,Europe/Paris,50,,\r\n"
    answer = await okube.post(f"{APP}/pois", files={"file": ("pois.csv", sheet, "text/csv")})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"success": True, "created": 1, "updated": 26, "errors": []}
    assert (await okube.get(f"{APP}/pois/station%2Fath-116500")).json()["name"] == "After"
    assert (await okube.get(f"{APP}/pois/fresh")).json()["radius"] == 50
    no_app = await okube.post("/pois", files={"file": ("pois.csv", sheet, "text/csv")})
    assert (no_app.status_code, paths(no_app)) == (400, ["app"])
