"""`/odata/v4/`: what the tools send, what they get, and how much of the vendors it costs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.bi.tables import TABLES
from gateway.domain import instant
from gateway.domain.instant import HOUR as AN_HOUR
from gateway.sandbox.world import World
from gateway.settings import Settings
from tests.bi.conftest import NOON, Clock, Doors, opened
from tests.bi.feed import DAY, HOUR, ROOT, read, refused, walked

pytestmark = pytest.mark.anyio

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


async def test_the_service_names_every_table(doors: Doors) -> None:
    found = await read(doors, "")
    assert [member["url"] for member in found["value"]] == [table.entity_set for table in TABLES]
    assert found["@odata.context"] == "http://gateway.test/odata/v4/$metadata"


async def test_the_metadata_is_a_schema_with_a_key_for_every_set(doors: Doors) -> None:
    answer = await doors.client.get(ROOT + "$metadata")
    assert answer.headers["content-type"].startswith("application/xml")
    schema = ET.fromstring(answer.text).find(f".//{EDM}Schema")
    assert schema is not None
    types = {each.get("Name"): each for each in schema.findall(f"{EDM}EntityType")}
    sets = schema.findall(f".//{EDM}EntitySet")
    assert [each.get("Name") for each in sets] == [table.entity_set for table in TABLES]
    for each, table in zip(sets, TABLES, strict=True):
        kind = types[(each.get("EntityType") or "").rpartition(".")[2]]
        properties = {p.get("Name"): p.get("Nullable") for p in kind.findall(f"{EDM}Property")}
        assert list(properties) == [column.name for column in table.shown(pii=False)]
        keys = [ref.get("Name") for ref in kind.findall(f"{EDM}Key/{EDM}PropertyRef")]
        assert keys
        assert {properties[key] for key in keys} == {"false"}


async def test_site_and_time_of_a_filter_reach_the_vendor(doors: Doors) -> None:
    doors.forget()
    rows = (await read(doors, "Visits", filter=f"{HOUR} and site_key eq 'ath-116500'"))["value"]
    assert dict(doors.calls) == {"BESPOT": 1}
    assert {row["site_key"] for row in rows} == {"ath-116500"}
    bare = await doors.get("/export/visits.ndjson", site="ath-116500", **_hour())
    assert len(rows) == len(bare.text.splitlines()) > 0


def _hour() -> dict[str, str]:
    return {"from": "2026-11-19T10:00:00Z", "to": "2026-11-19T11:00:00Z"}


async def test_a_filter_is_an_export_with_rows_left_out(doors: Doors) -> None:
    text = f"{DAY} and (entries gt 2 or contains(site_key,'ath')) and final"
    rows = (await read(doors, "Visits", filter=text))["value"]
    every = (await read(doors, "Visits", filter=DAY))["value"]
    expected = [row for row in every if (row["entries"] > 2 or "ath" in row["site_key"]) and row["final"]]
    assert rows == expected
    assert 0 < len(rows) < len(every)
    counted = await doors.client.get(ROOT + "Visits/$count", params={"$filter": text})
    assert counted.text == str(len(rows))


async def test_buckets_at_the_end_of_a_range_are_whole(doors: Doors) -> None:
    cut = "starts_at ge 2026-11-18T10:00:00Z and starts_at le 2026-11-18T11:00:00Z and site_key eq 'ath-116500'"
    wide = "starts_at ge 2026-11-18T10:00:00Z and starts_at lt 2026-11-18T13:00:00Z and site_key eq 'ath-116500'"
    rows = (await read(doors, "Visits", filter=cut, granularity="HOUR"))["value"]
    assert rows == (await read(doors, "Visits", filter=wide, granularity="HOUR"))["value"][:2]


@pytest.mark.parametrize("size", [7, 400, 1_000])
async def test_pages_make_up_the_whole(doors: Doors, size: int) -> None:
    hours = "starts_at ge 2026-11-18T10:00:00Z and starts_at lt 2026-11-18T10:20:00Z" if size == 7 else DAY
    whole = (await read(doors, "Visits", filter=hours))["value"]
    rows: list[dict[str, Any]] = []
    url = f"{ROOT}Visits?{urlencode({'$filter': hours})}"
    pages = 0
    while url:
        page = (await doors.client.get(url, headers={"prefer": f"odata.maxpagesize={size}"})).json()
        assert len(page["value"]) <= size
        rows += page["value"]
        url = page.get("@odata.nextLink", "")
        pages += 1
    assert rows == whole
    assert pages in (-(-len(whole) // size), len(whole) // size + 1)


async def test_a_large_top_is_honoured_over_pages(doors: Doors) -> None:
    wide = "starts_at ge 2026-11-15T00:00:00Z and starts_at lt 2026-11-20T00:00:00Z"
    rows = await walked(doors, "Visits", filter=wide, top="12345", select="site_key,starts_at")
    assert len(rows) == 12_345
    assert len({(row["site_key"], row["starts_at"]) for row in rows}) == 12_345


async def test_top_and_skip_walk_without_reading_again(doors: Doors) -> None:
    whole = (await read(doors, "Visits", filter=DAY))["value"]
    rows: list[dict[str, Any]] = []
    for skip in range(0, len(whole) + 1_000, 1_000):
        rows += (await read(doors, "Visits", filter=DAY, top="1000", skip=str(skip)))["value"]
    assert rows == whole
    assert (await read(doors, "Visits", filter=DAY, skip="37", top="5"))["value"] == whole[37:42]


@pytest.mark.parametrize("granularity", ["DAY", "HOUR"])
async def test_pages_of_buckets_make_up_the_whole(doors: Doors, granularity: str) -> None:
    wide = "starts_at ge 2026-11-16T00:00:00Z and starts_at lt 2026-11-18T00:00:00Z"
    whole = (await read(doors, "Occupancy", filter=wide, granularity=granularity))["value"]
    rows: list[dict[str, Any]] = []
    url = f"{ROOT}Occupancy?{urlencode({'$filter': wide, 'granularity': granularity})}"
    while url:
        page = (await doors.client.get(url, headers={"prefer": "maxpagesize=5"})).json()
        rows += page["value"]
        url = page.get("@odata.nextLink", "")
    assert rows == whole
    assert rows


async def test_a_sorted_answer_has_a_top(doors: Doors) -> None:
    whole = (await read(doors, "Visits", filter=DAY))["value"]
    best = (await read(doors, "Visits", filter=DAY, orderby="entries desc,starts_at,site_key", top="20"))["value"]
    key = [(-row["entries"], row["starts_at"], row["site_key"]) for row in whole]
    assert [(-row["entries"], row["starts_at"], row["site_key"]) for row in best] == sorted(key)[:20]
    every = (await read(doors, "Visits", filter=DAY, orderby="entries desc,starts_at,site_key"))["value"]
    assert [(-row["entries"], row["starts_at"], row["site_key"]) for row in every] == sorted(key)
    wide = "starts_at ge 2026-11-15T00:00:00Z and starts_at lt 2026-11-20T00:00:00Z"
    assert (await refused(doors, "Visits", filter=wide, orderby="entries desc"))[0] == 501
    assert (await read(doors, "Visits", filter=DAY, orderby="starts_at asc"))["value"] == whole
    sites = [row["name"] for row in (await read(doors, "Sites", orderby="name desc"))["value"]]
    assert sites == sorted(sites, reverse=True)


async def test_lists_page_by_the_vendors_position(doors: Doors) -> None:
    whole = (await read(doors, "Campaigns"))["value"]
    rows: list[dict[str, Any]] = []
    url = f"{ROOT}Campaigns"
    while url:
        page = (await doors.client.get(url, headers={"prefer": "odata.maxpagesize=4"})).json()
        rows += page["value"]
        url = page.get("@odata.nextLink", "")
    assert rows == whole
    assert len(rows) > 8


async def test_single_entities_and_counts(doors: Doors) -> None:
    site = await read(doors, "Sites('ath-116500')", select="site_key,timezone")
    assert (site["site_key"], site["timezone"]) == ("ath-116500", "Europe/Athens")
    assert site["@odata.context"].endswith("$metadata#Sites(site_key,timezone)/$entity")
    for name, key in (("Campaigns", "campaign_id"), ("Studies", "study_id"), ("PointsOfInterest", "poi_id")):
        first = (await read(doors, name, top="1"))["value"][0]
        found = await read(doors, f"{name}('{first[key]}')")
        assert {k: v for k, v in found.items() if not k.startswith("@")} == first
    assert (await refused(doors, "Sites('nowhere')"))[0] == 404
    assert (await refused(doors, "Sessions('x')"))[0] == 501
    counted = (await read(doors, "Sites", count="true", top="2"))["@odata.count"]
    assert (await doors.client.get(ROOT + "Sites/$count")).text == str(counted)


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("Visits", {}, 400),
        ("Visits", {"top": "1001"}, 400),
        ("Visits", {"filter": "entries gt 1"}, 400),
        ("Visits", {"filter": f"({DAY}) or ({HOUR})"}, 501),
        ("Visits", {"filter": f"not ({DAY})"}, 501),
        ("Visits", {"filter": "entries eq"}, 400),
        ("Visits", {"filter": f"{DAY} and foo eq 1"}, 400),
        ("Visits", {"filter": DAY, "expand": "site"}, 501),
        ("Visits", {"filter": DAY, "apply": "aggregate(entries with sum as e)"}, 501),
        ("Visits", {"filter": DAY, "search": "x"}, 501),
        ("Visits", {"filter": DAY, "frob": "x"}, 400),
        ("Visits", {"filter": DAY, "top": "-1"}, 400),
        ("Visits", {"filter": DAY, "select": "nothing"}, 400),
        ("Visits", {"filter": DAY, "skiptoken": "x"}, 400),
        ("Visits", {"filter": DAY, "granularity": "YEAR"}, 400),
        ("Sessions", {"filter": "started_at ge 2026-11-19T10:00:00Z and device_mac eq 'x'"}, 400),
        ("Kpis", {"filter": "starts_on ge 2026-11-18"}, 400),
        ("Nothing", {}, 404),
        ("Sites/x", {}, 501),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    doors: Doors, path: str, options: dict[str, str], status: int
) -> None:
    found, message = await refused(doors, path, **options)
    assert found == status
    assert message
    if not options and path == "Visits":
        assert "starts_at" in message


async def test_a_preview_is_of_the_last_seven_days(doors: Doors) -> None:
    rows = (await read(doors, "Visits", top="1000"))["value"]
    assert len(rows) == 1_000
    assert min(row["starts_at"] for row in rows) >= instant.text(NOON - 7 * 24 * AN_HOUR)


async def test_figures_are_asked_with_their_own_options(doors: Doors) -> None:
    days = "starts_on ge 2026-11-17 and starts_on lt 2026-11-19"
    rows = (await read(doors, "Kpis", filter=days, module="PRESENCE", kpi="ENTERING"))["value"]
    assert [(row["kpi"], row["starts_on"]) for row in rows] == [("ENTERING", "2026-11-17"), ("ENTERING", "2026-11-18")]
    span = "starts_at ge 2026-11-16T22:00:00Z and starts_at lt 2026-11-18T22:00:00Z and site_key eq 'ath-116500'"
    stays = (await read(doors, "Engagement", filter=f"{span} and audience eq 'ALL'"))["value"]
    assert [row["starts_at"] for row in stays] == ["2026-11-16T22:00:00Z", "2026-11-17T22:00:00Z"]


async def test_a_batch_answers_each_request_for_itself(doors: Doors) -> None:
    requests = [
        {"id": "a", "method": "GET", "url": "Sites?$top=1&$select=site_key"},
        {"id": "b", "method": "get", "url": "/odata/v4/Sites/$count"},
        {"id": "c", "method": "GET", "url": "http://gateway.test/odata/v4/Nothing"},
        {"id": "d", "method": "PATCH", "url": "Sites('x')"},
        {"id": "e", "method": "GET", "url": "http://elsewhere.test/odata/v4/Sites"},
    ]
    answer = await doors.client.post(ROOT + "$batch", json={"requests": requests})
    found = {member["id"]: member for member in answer.json()["responses"]}
    assert [found[key]["status"] for key in "abcde"] == [200, 200, 404, 405, 400]
    assert len(found["a"]["body"]["value"]) == 1
    assert found["d"]["body"]["error"]["code"] == "READ_ONLY"


async def test_pages_of_a_sorted_answer_make_up_the_whole(doors: Doors) -> None:
    order = {"$filter": HOUR, "$orderby": "net,entries desc,site_key,starts_at", "$skip": "3", "$top": "40"}
    whole = (await doors.client.get(ROOT + "Visits", params=order)).json()["value"]
    rows: list[dict[str, Any]] = []
    url = f"{ROOT}Visits?{urlencode(order)}"
    while url:
        page = (await doors.client.get(url, headers={"prefer": "odata.maxpagesize=9"})).json()
        rows += page["value"]
        url = page.get("@odata.nextLink", "")
    assert rows == whole
    assert len(rows) == 40


async def test_control_information_is_left_out_for_who_wants_none(doors: Doors) -> None:
    none = {"accept": "application/json;odata.metadata=none"}
    bare = await doors.client.get(ROOT + "Sites?$top=1&$count=true", headers=none)
    assert list(bare.json()) == ["@odata.count", "value"]
    assert "odata.metadata=none" in bare.headers["content-type"]
    same = await doors.client.get(ROOT + "Sites?$top=1&$count=true&$format=application/json;odata.metadata=none")
    assert same.content == bare.content
    full = await doors.client.get(ROOT + "Sites?$top=1&$format=application/json;odata.metadata=full")
    assert "odata.metadata=minimal" in full.headers["content-type"]


async def test_nothing_can_be_written(doors: Doors) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await doors.client.request(method, ROOT + "Sites", content=b"{}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "READ_ONLY")
        assert answer.headers["allow"] == "GET, HEAD"
    batch = await doors.client.get(ROOT + "$batch")
    assert (batch.status_code, batch.headers["allow"]) == (405, "POST")


async def test_whole_numbers_are_texts_for_readers_who_ask(doors: Doors) -> None:
    answer = await doors.client.get(
        ROOT + "Visits",
        params={"$filter": HOUR, "$top": "1"},
        headers={"accept": "application/json;odata.metadata=minimal;IEEE754Compatible=true"},
    )
    assert isinstance(answer.json()["value"][0]["entries"], str)


@pytest.fixture(scope="module")
async def warm() -> AsyncIterator[Doors]:
    """With the caches on, as it is served."""
    clock = Clock()
    async for doors in opened(Settings(), clock, World(clock=clock, days=12)):
        yield doors


async def test_a_full_scan_reads_little_more_than_the_table(warm: Doors) -> None:
    wide = "starts_at ge 2026-11-10T00:00:00Z and starts_at lt 2026-11-20T00:00:00Z"
    warm.forget()
    rows = await walked(warm, "Visits", filter=wide)
    assert len(rows) > 40_000
    assert len({(row["site_key"], row["starts_at"]) for row in rows}) == len(rows)
    assert warm.calls["BESPOT"] <= 1.2 * len(rows) / 10_000 + 3
