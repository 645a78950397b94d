"""What Excel and Power BI send, replayed: they cannot run here.

Written from the documented form of their requests (Power Query's OData.Feed): no key first, then the one asked for by
the challenge; the service document, `$metadata`, a preview, folded filters, pages, counts and JSON batches. Headers are
the ones Power Query sends with each.
"""

from __future__ import annotations

import base64
import hashlib
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from gateway.settings import Settings
from tests.bi.conftest import Clock, Doors, opened

pytestmark = pytest.mark.anyio

ROOT = "/odata/v4/"
KEY = "m" * 43
FEED = {
    "user-agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
    "accept": "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
    "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7",
    "maxdataserviceversion": "3.0;NetFx",
    "odata-maxversion": "4.0",
    "accept-encoding": "gzip, deflate",
    "connection": "Keep-Alive",
}
SCHEMA = {**FEED, "accept": "application/xml", "odata-version": "4.0"}
BASIC = {"authorization": "Basic " + base64.b64encode(f"analyst:{KEY}".encode()).decode()}
SPAN = "starts_at ge 2026-11-18T10:00:00Z and starts_at lt 2026-11-18T12:00:00Z"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture(scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    """A gateway that knows one key and serves nobody without."""
    file = tmp_path_factory.mktemp("keys") / "keys.toml"
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    file.write_text(f'[[key]]\nname = "office"\nhash = "sha256:{digest}"\nscopes = ["read"]\n')
    async for doors in opened(Settings(cache="off", api_keys=file, anonymous_scopes=()), Clock()):
        yield doors


async def sent(doors: Doors, path: str, **more: str) -> Any:
    answer = await doors.client.get(ROOT + path, headers={**FEED, **BASIC, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["odata-version"] == "4.0"
    return answer.json()


@pytest.mark.parametrize("path", ["", "$metadata", "Visits"])
async def test_without_a_key_they_are_asked_for_one(office: Doors, path: str) -> None:
    answer = await office.client.get(ROOT + path, headers=FEED)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert "error" in answer.json()


async def test_the_navigator_shows_the_sets_of_the_service_document(office: Doors) -> None:
    sets = [member["name"] for member in (await sent(office, ""))["value"]]
    answer = await office.client.get(ROOT + "$metadata", headers={**SCHEMA, **BASIC})
    assert answer.headers["content-type"].startswith("application/xml")
    schema = ET.fromstring(answer.content)
    assert [each.get("Name") for each in schema.iter(f"{EDM}EntitySet")] == sets


async def test_columns_have_the_types_of_the_schema(office: Doors) -> None:
    schema = ET.fromstring((await office.client.get(ROOT + "$metadata", headers={**SCHEMA, **BASIC})).content)
    (visit,) = [each for each in schema.iter(f"{EDM}EntityType") if each.get("Name") == "Visit"]
    types = {each.get("Name"): each.get("Type") for each in visit.iter(f"{EDM}Property")}
    assert types == {
        "site_key": "Edm.String",
        "starts_at": "Edm.DateTimeOffset",
        "ends_at": "Edm.DateTimeOffset",
        "entries": "Edm.Int64",
        "exits": "Edm.Int64",
        "net": "Edm.Int64",
        "final": "Edm.Boolean",
    }
    python = {"Edm.String": str, "Edm.DateTimeOffset": str, "Edm.Int64": int, "Edm.Boolean": bool}
    for row in (await sent(office, f"Visits?$filter={SPAN}"))["value"]:
        assert {name: type(value) for name, value in row.items()} == {n: python[t or ""] for n, t in types.items()}
        assert datetime.fromisoformat(row["starts_at"]).utcoffset() is not None


async def test_a_preview_is_the_first_thousand_rows(office: Doors) -> None:
    assert len((await sent(office, "Visits?$top=1000"))["value"]) == 1_000
    assert (await sent(office, "Sites?$top=1000"))["value"]


async def test_a_span_is_asked_for_where_it_lacks(office: Doors) -> None:
    answer = await office.client.get(ROOT + "Visits", headers={**FEED, **BASIC})
    assert answer.status_code == 400
    assert "starts_at ge" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "span",
    [
        SPAN,
        "starts_at ge 2026-11-18T10:00:00.0000000Z and starts_at lt 2026-11-18T12:00:00.0000000Z",
        "starts_at ge 2026-11-18T11:00:00%2B01:00 and starts_at lt 2026-11-18T13:00:00%2B01:00",
        "(starts_at ge 2026-11-18T10:00:00Z) and (starts_at lt 2026-11-18T12:00:00Z)",
    ],
)
async def test_steps_are_folded_into_one_question(office: Doors, span: str) -> None:
    """Table.SelectRows, Table.SelectColumns and a parameter of `Query`."""
    office.forget()
    path = f"Visits?$filter={span} and site_key eq 'ath-116500'&$select=site_key,starts_at,entries&granularity=HOUR"
    rows = (await sent(office, path))["value"]
    assert [(row["site_key"], row["starts_at"]) for row in rows] == [
        ("ath-116500", "2026-11-18T10:00:00Z"),
        ("ath-116500", "2026-11-18T11:00:00Z"),
    ]
    assert list(rows[0]) == ["site_key", "starts_at", "entries"]
    assert dict(office.calls) == {"BESPOT": 1}


async def test_rows_are_counted_and_paged(office: Doors) -> None:
    every = (await sent(office, f"Visits?$filter={SPAN}"))["value"]
    counted = await office.client.get(f"{ROOT}Visits/$count?$filter={SPAN}", headers={**FEED, **BASIC})
    assert (counted.text, counted.headers["content-type"][:10]) == (str(len(every)), "text/plain")
    assert (await sent(office, f"Visits?$filter={SPAN}&$count=true&$top=1"))["@odata.count"] == len(every)
    paged = [row for skip in range(0, len(every), 100) for row in await _page(office, skip)]
    assert paged == every


async def _page(office: Doors, skip: int) -> Any:
    return (await sent(office, f"Visits?$filter={SPAN}&$skip={skip}&$top=100", prefer="odata.maxpagesize=50000"))[
        "value"
    ]


async def test_links_lead_on_with_the_same_key(office: Doors) -> None:
    found = await sent(office, f"Visits?$filter={SPAN}&granularity=QUARTER_HOUR", prefer="odata.maxpagesize=20")
    rows = found["value"]
    while "@odata.nextLink" in found:
        assert "granularity=QUARTER_HOUR" in found["@odata.nextLink"]
        assert KEY not in found["@odata.nextLink"]
        link = found["@odata.nextLink"].partition(ROOT)[2]
        found = await sent(office, link, prefer="odata.maxpagesize=20")
        rows += found["value"]
    assert rows == (await sent(office, f"Visits?$filter={SPAN}&granularity=QUARTER_HOUR"))["value"]


async def test_several_questions_come_in_one_batch(office: Doors) -> None:
    requests = [
        {"id": "1", "method": "GET", "url": "/odata/v4/Sites?$top=2", "headers": {"accept": FEED["accept"]}},
        {"id": "2", "method": "GET", "url": f"Visits?$filter={SPAN}&$top=1"},
        {"id": "3", "method": "GET", "url": "http://gateway.test/odata/v4/Sites/$count"},
        {"id": "4", "method": "GET", "url": "Visits"},
    ]
    answer = await office.client.post(ROOT + "$batch", json={"requests": requests}, headers={**FEED, **BASIC})
    found = answer.json()["responses"]
    assert [(member["id"], member["status"]) for member in found] == [("1", 200), ("2", 200), ("3", 200), ("4", 400)]
    assert len(found[0]["body"]["value"]) == 2


async def test_a_file_from_the_web_asks_for_the_key_as_well(office: Doors) -> None:
    web = {"user-agent": FEED["user-agent"], "accept": "*/*", "accept-encoding": "gzip, deflate"}
    asked = await office.client.get("/export/sites.csv", headers=web)
    assert (asked.status_code, asked.headers["www-authenticate"][:6]) == (401, "Basic ")
    given = await office.client.get("/export/sites.csv", headers={**web, **BASIC})
    assert given.headers["content-encoding"] == "gzip"
    assert given.text.startswith("site_key,name,")
