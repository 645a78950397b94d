"""Every mutation over the whole pipeline and a real port: created, read back, changed, read again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.files import File
from gateway.sandbox.world import World
from gateway.schema.node import encode
from tests.schema.okube import Okube, clock, opened

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def world() -> World:
    return World(clock=clock)


@pytest.fixture
async def okube(tmp_path: Path, world: World) -> AsyncIterator[Okube]:
    async with opened(tmp_path, world) as okube:
        yield okube


SITE = "site { id key name description tags active coordinates { latitude longitude } address }"


async def test_a_site_is_created_changed_and_read_back(okube: Okube) -> None:
    made = await okube.write(
        "createSite",
        SITE,
        name="New shop",
        key="new/shop 1",
        keys=["alt-1"],
        tags=["fresh"],
        timezone="Europe/Paris",
        floors=2,
        active=True,
        description="Corner",
        phoneNumber="+33123456789",
        address={"city": "Paris"},
        coordinates={"latitude": 48.85, "longitude": 2.35},
    )
    site = made["site"]
    assert made["userErrors"] == []
    assert site["key"].startswith("okube:")
    assert site == {
        "id": encode("Site", site["key"]),
        "key": site["key"],
        "name": "New shop",
        "description": "Corner",
        "tags": ["fresh"],
        "active": True,
        "coordinates": {"latitude": 48.85, "longitude": 2.35},
        "address": {"city": "Paris"},
    }
    read = "query ($id: ID!) { node(id: $id) { ... on Site { name description tags active address } } }"
    data, errors = await okube.ask(read, {"id": site["id"]})
    assert (errors, data["node"]["name"]) == ([], "New shop")

    changed = await okube.write("updateSite", SITE, id=site["id"], name="Newer shop", description=None, address=None)
    assert changed["userErrors"] == []
    data, errors = await okube.ask(read, {"id": site["id"]})
    assert not errors
    assert data["node"] == {
        "name": "Newer shop",
        "description": None,
        "tags": ["fresh"],
        "active": True,
        "address": None,
    }


async def test_the_crosswalks_words_win_over_what_is_written_of_a_claimed_site(okube: Okube) -> None:
    place = okube.known[0]
    changed = await okube.write("updateSite", SITE, id=okube.site_id(0), name="Renamed", tags=["changed"])
    assert (changed["site"]["key"], changed["site"]["name"]) == (place.key, place.name)
    assert "changed" in changed["site"]["tags"]


async def test_a_thumbnail_goes_along_as_a_file(okube: Okube) -> None:
    picture = File("shop.png", "image/png", b"\x89PNG")
    made = await okube.write("createSite", SITE, name="With picture", keys=["p1", "p2"], thumbnail=picture)
    assert (made["userErrors"], made["site"]["name"]) == ([], "With picture")
    text = File("shop.txt", "text/plain", b"no picture")
    refused = await okube.write("updateSite", SITE, id=made["site"]["id"], thumbnail=text)
    assert refused == {"site": None, "userErrors": [{"code": "REFUSED", "path": ["thumbnail"]}]}


POINT = "pointOfInterest { id key name description radiusMeters tags coordinates { latitude longitude } timezone }"


async def test_a_point_of_interest_is_created_changed_and_read_back(okube: Okube) -> None:
    made = await okube.write(
        "createPointOfInterest",
        POINT,
        name="Station",
        key="station",
        coordinates={"latitude": 37.9, "longitude": 23.7},
        radiusMeters=50,
        tags=["rail"],
        description="Metro",
        timezone="Europe/Athens",
        indoorIndexes={"resolution": 13},
    )
    point = made["pointOfInterest"]
    assert (made["userErrors"], point["radiusMeters"], point["timezone"]) == ([], 50.0, "Europe/Athens")
    changed = await okube.write(
        "updatePointOfInterest", POINT, id=point["id"], description=None, radiusMeters=75.5, tags=None
    )
    assert changed["userErrors"] == []
    data, errors = await okube.ask(
        "query ($id: ID!) { node(id: $id) { ... on PointOfInterest { key name description radiusMeters tags "
        "coordinates { latitude longitude } } } }",
        {"id": point["id"]},
    )
    assert not errors
    assert data["node"] == {
        "key": "station",
        "name": "Station",
        "description": None,
        "radiusMeters": 75.5,
        "tags": [],
        "coordinates": {"latitude": 37.9, "longitude": 23.7},
    }


CAMPAIGN = (
    "{ id key name startsOn endsOn provider agency format tags extra { key value } costs sites { key } description }"
)


async def test_campaigns_are_created_together_changed_and_read_back(okube: Okube) -> None:
    made = await okube.write(
        "createCampaigns",
        f"campaigns {CAMPAIGN}",
        campaigns=[
            {
                "key": "spring",
                "name": "Spring",
                "startsOn": "2026-03-01",
                "endsOn": "2026-03-31",
                "provider": "P",
                "agency": "A",
                "format": "poster",
                "extra": {"wave": "1"},
                "costs": [{"label": "print", "amount": 12.5}],
                "sites": [okube.site_id(0), okube.site_id(1), okube.site_id(0)],
            },
            {"key": "global"},
        ],
    )
    first, second = made["campaigns"]
    assert made["userErrors"] == []
    assert {**first, "id": ""} == {
        "id": "",
        "key": "spring",
        "name": "Spring",
        "startsOn": "2026-03-01",
        "endsOn": "2026-03-31",
        "provider": "P",
        "agency": "A",
        "format": "poster",
        "tags": [],
        "extra": [{"key": "wave", "value": "1"}],
        "costs": [{"label": "print", "amount": 12.5}],
        "sites": [{"key": okube.known[0].key}, {"key": okube.known[1].key}],
        "description": None,
    }
    assert (second["key"], second["sites"]) == ("global", [])

    changed = await okube.write(
        "updateCampaign",
        f"campaign {CAMPAIGN}",
        id=first["id"],
        agency=None,
        tags=["t"],
        sites=None,
        extra={"wave": "2"},
    )
    assert changed["userErrors"] == []
    data, errors = await okube.ask(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Campaign {CAMPAIGN} }} }}", {"id": first["id"]}
    )
    assert not errors
    assert data["node"] == {
        **first,
        "agency": None,
        "tags": ["t"],
        "sites": data["node"]["sites"],
        "extra": [{"key": "wave", "value": "2"}],
    }
    assert not data["node"]["sites"]


STUDY = "{ id key name startsOn endsOn tags sites { key } pointsOfInterest { id } }"


async def test_studies_are_created_together_changed_and_read_back(okube: Okube) -> None:
    points = okube.points[:2]
    made = await okube.write(
        "createStudies",
        f"studies {STUDY}",
        studies=[
            {
                "key": "catchment",
                "name": "Catchment",
                "startsOn": "2026-01-01",
                "endsOn": "2026-06-30",
                "extra": {"note": 1},
                "sites": [okube.site_id(2)],
                "pointsOfInterest": points,
            },
            {"key": "bare"},
        ],
    )
    first = made["studies"][0]
    assert made["userErrors"] == []
    assert (first["sites"], first["pointsOfInterest"]) == (
        [{"key": okube.known[2].key}],
        [{"id": point} for point in points],
    )
    changed = await okube.write(
        "updateStudy", f"study {STUDY}", id=first["id"], endsOn=None, pointsOfInterest=points[:1], tags=["x"]
    )
    assert changed["userErrors"] == []
    data, errors = await okube.ask(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Study {STUDY} }} }}", {"id": first["id"]}
    )
    assert not errors
    assert data["node"] == {**first, "endsOn": None, "pointsOfInterest": [{"id": points[0]}], "tags": ["x"]}


async def test_a_later_field_of_the_same_document_sees_the_write(okube: Okube) -> None:
    query = """
    mutation ($one: CreateSiteInput!, $two: CreateCampaignsInput!) {
      before: createCampaigns(input: {campaigns: [{key: "warm", sites: []}]}) { campaigns { sites { key } } }
      site: createSite(input: $one) { site { key } }
      campaigns: createCampaigns(input: $two) { campaigns { key sites { name } } userErrors { code path } }
    }"""
    made = await okube.write("createSite", "site { id }", name="Seen at once", key="seen")
    data, errors = await okube.ask(
        query,
        {
            "one": {"name": "Another", "key": "another"},
            "two": {"campaigns": [{"key": "later", "sites": [made["site"]["id"]]}]},
        },
    )
    assert not errors
    assert data["campaigns"]["campaigns"] == [{"key": "later", "sites": [{"name": "Seen at once"}]}]


async def test_a_csv_of_sites_is_imported_with_its_mapper_and_encoding(okube: Okube) -> None:
    text = "Code;Nom;Ville;Long;Lat\nCAFE;Café de l’Étoile;Paris;2.3;48.8\nBAD;Nowhere;Paris;999;48.8\n"
    done = await okube.write(
        "importSites",
        "accepted result",
        file=File("sites.csv", "text/csv", text.encode("windows-1252")),
        encoding="WINDOWS_1252",
        delimiter=";",
        mapper={"key": "Code", "name": "Nom", "city": "Ville", "longitude": "Long", "latitude": "Lat"},
    )
    assert (done["accepted"], done["userErrors"]) == (True, [])
    assert (done["result"]["created"], done["result"]["errors"][0]["line"]) == (1, 3)
    data, errors = await okube.ask('{ sites(filter: {search: "étoile"}) { nodes { name address } } }')
    assert not errors
    assert data["sites"]["nodes"] == [{"name": "Café de l’Étoile", "address": {"city": "Paris"}}]


async def test_a_csv_of_points_of_interest_creates_and_changes(okube: Okube) -> None:
    text = "key,name,longitude,latitude\nnew-poi,Kiosk,23.7,37.9\n"
    for created, updated in ((1, 0), (0, 1)):
        done = await okube.write(
            "importPointsOfInterest", "accepted result", file=File("pois.csv", "text/csv", text.encode())
        )
        assert (done["accepted"], done["userErrors"]) == (True, [])
        assert (done["result"]["created"], done["result"]["updated"]) == (created, updated)
