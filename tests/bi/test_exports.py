"""`/export/{table}.{format}`: the graph's facts as files, for whom and at what cost upstream."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.bi.tables import BY_NAME, TABLES, Kind
from gateway.domain import instant
from gateway.settings import Settings
from tests.bi.asked import ASKED, DAY, DAYS, HOUR
from tests.bi.conftest import Clock, Doors, opened

pytestmark = pytest.mark.anyio


async def rows(doors: Doors, table: str, **parameters: str) -> list[dict[str, Any]]:
    answer = await doors.get(f"/export/{table}.ndjson", **parameters)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.content.splitlines()]


@pytest.mark.parametrize("table", [table.name for table in TABLES])
async def test_every_table_comes_in_every_format_with_the_same_rows(doors: Doors, table: str) -> None:
    plain = await rows(doors, table, **ASKED[table])
    names = [column.name for column in BY_NAME[table].shown(pii=False)]
    text = await doors.get(f"/export/{table}.csv", **ASKED[table])
    read = list(csv.reader(io.StringIO(text.text)))
    assert read[0] == names
    assert len(read) - 1 == len(plain) > 0
    assert [list(row) for row in plain] == [names] * len(plain)
    parquet = pq.read_table(io.BytesIO((await doors.get(f"/export/{table}.parquet", **ASKED[table])).content))
    arrow = pa.ipc.open_stream((await doors.get(f"/export/{table}.arrow", **ASKED[table])).content).read_all()
    assert parquet.schema.names == arrow.schema.names == names
    assert parquet.to_pylist() == arrow.to_pylist() == [_typed(table, row) for row in plain]


def _typed(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON as Arrow has it."""
    typed = {}
    for column in BY_NAME[table].columns:
        value = row.get(column.name)
        if value is not None and column.kind is Kind.INSTANT:
            value = datetime.fromisoformat(value)
        if value is not None and column.kind is Kind.DAY:
            value = date.fromisoformat(value)
        if not column.raw:
            typed[column.name] = value
    return typed


@pytest.mark.parametrize("granularity", ["MINUTE", "HOUR", "DAY", "WEEK"])
@pytest.mark.parametrize("table", ["visits", "occupancy"])
async def test_rows_are_those_of_the_graph(doors: Doors, table: str, granularity: str) -> None:
    window = {"from": "2026-11-18T07:30:00Z", "to": "2026-11-18T18:10:00Z"}
    figures = "entries exits net" if table == "visits" else "count peak average"
    span = f'{{from: "{window["from"]}", to: "{window["to"]}"}}'
    query = (
        f"{{ {table}(window: {span}, granularity: {granularity}, first: 10000)"
        f" {{ nodes {{ site {{ key }} startsAt endsAt {figures} final }} }} }}"
    )
    answer = await doors.client.post("/graphql", json={"query": query})
    expected = [
        {
            "site_key": node["site"]["key"],
            "starts_at": node["startsAt"],
            "ends_at": node["endsAt"],
            **{name: node[name] for name in figures.split()},
            "final": node["final"],
        }
        for node in answer.json()["data"][table]["nodes"]
    ]
    found = await rows(doors, table, granularity=granularity, **window)
    assert expected
    assert sorted(found, key=_place) == sorted(expected, key=_place)


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row["starts_at"], row["site_key"]


@pytest.mark.parametrize("granularity", ["HOUR", "DAY"])
async def test_days_the_clock_is_turned_are_those_of_the_graph(granularity: str) -> None:
    """The last Sunday of October has 25 hours in Athens."""
    window = {"from": "2026-10-24T21:00:00Z", "to": "2026-10-26T22:00:00Z"}
    clock = Clock(instant.parse("2026-10-27T12:00:00Z"))
    async for autumn in opened(Settings(cache="off"), clock):
        span = f'{{from: "{window["from"]}", to: "{window["to"]}"}}'
        asked = f"visits(window: {span}, granularity: {granularity}, first: 5000)"
        query = f"{{ {asked} {{ nodes {{ site {{ key }} startsAt endsAt entries }} }} }}"
        answer = await autumn.client.post("/graphql", json={"query": query})
        nodes = answer.json()["data"]["visits"]["nodes"]
        found = await rows(autumn, "visits", granularity=granularity, **window)
    assert [(r["site_key"], r["starts_at"], r["ends_at"], r["entries"]) for r in sorted(found, key=_place)] == sorted(
        [(n["site"]["key"], n["startsAt"], n["endsAt"], n["entries"]) for n in nodes], key=lambda n: (n[1], n[0])
    )
    athens = [r for r in found if r["site_key"] == "ath-116500" and r["starts_at"] < "2026-10-25T22:00:00Z"]
    assert len(athens) == (25 if granularity == "HOUR" else 1)


async def test_sessions_are_those_of_the_graph(doors: Doors) -> None:
    query = (
        f'{{ sessions(window: {{from: "{DAY["from"]}", to: "{DAY["to"]}"}}, first: 10000)'
        " { nodes { id vendor site { key } startedAt endedAt status device } } }"
    )
    answer = await doors.client.post("/graphql", json={"query": query})
    expected = [
        (n["id"], n["vendor"], n["site"]["key"], n["startedAt"], n["endedAt"], n["status"], n["device"])
        for n in answer.json()["data"]["sessions"]["nodes"]
    ]
    names = ("session_id", "vendor", "site_key", "started_at", "ended_at", "status", "device")
    assert [tuple(row[name] for name in names) for row in await rows(doors, "sessions", **DAY)] == expected


async def test_one_site_and_one_hour_is_one_call_for_just_those_rows(doors: Doors) -> None:
    doors.forget()
    found = await rows(doors, "visits", site="ath-116500", **HOUR)
    assert dict(doors.calls) == {"BESPOT": 1}
    assert {row["site_key"] for row in found} == {"ath-116500"}
    assert all("2026-11-19T10:00" <= row["starts_at"] < "2026-11-19T11:00" for row in found)


async def test_a_day_of_every_site_is_as_few_calls_as_hold_it(doors: Doors) -> None:
    doors.forget()
    found = await rows(doors, "visits", **DAY)
    assert dict(doors.calls) == {"BESPOT": 1}
    assert 1_000 < len(found) < 10_000


@pytest.mark.parametrize("table", ["visits", "occupancy"])
async def test_what_the_graph_has_read_is_not_asked_again(table: str) -> None:
    async for warm in opened(Settings(), Clock()):
        plain = await rows(warm, table, **DAY)
        span = f'{{from: "{DAY["from"]}", to: "{DAY["to"]}"}}'
        query = f"{{ {table}(window: {span}, granularity: DAY, first: 1) {{ nodes {{ startsAt }} totalCount }} }}"
        answer = await warm.client.post("/graphql", json={"query": query})
        assert "errors" not in answer.json()
        warm.forget()
        assert sorted(await rows(warm, table, **DAY), key=_place) == sorted(plain, key=_place)
        one = await rows(warm, table, site="ath-116500", **DAY)
        assert one == [row for row in sorted(plain, key=_place) if row["site_key"] == "ath-116500"]
        assert not warm.calls


@pytest.mark.parametrize(
    ("path", "parameters", "told"),
    [
        ("visits", {**HOUR, "sit": "x"}, "site"),
        ("visits", {**HOUR, "granularty": "DAY"}, "granularity"),
        ("visits", {**HOUR, "columns": "entrie"}, "entries"),
        ("visits", {"from": "2026-11-19T10:00:00", "to": HOUR["to"]}, "offset"),
        ("visits", {"from": HOUR["from"]}, "`to` is required"),
        ("visits", {**HOUR, "site": "nowhere"}, "no such site"),
        ("visits", {**HOUR, "api_key": "secret"}, "no such parameter"),
        ("visits", {**HOUR, "granularity": "YEAR"}, "MONTH"),
        ("visits", {"from": HOUR["to"], "to": HOUR["from"]}, "before"),
        ("sites", {"since": "x"}, "no such parameter"),
        ("kpis", DAYS, "module"),
        ("kpis", {**DAYS, "module": "GEO_MARKETING", "kpi": "ATTENDANCE"}, "study"),
        ("engagement", {"from": "2026-11-19T10:00:00Z", "to": "2026-11-20"}, "calendar day"),
        ("counts", {"from": "2026-01-01T00:00:00Z", "to": HOUR["to"]}, "granularity"),
    ],
)
async def test_a_wrong_question_is_refused_with_what_to_mend(
    doors: Doors, path: str, parameters: dict[str, str], told: str
) -> None:
    answer = await doors.get(f"/export/{path}.csv", **parameters)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert told in error["message"]
    assert "secret" not in answer.text
    assert "nowhere" not in answer.text


async def test_raw_identifiers_come_last_and_only_when_asked(doors: Doors) -> None:
    plain, raw = await rows(doors, "sessions", **HOUR), await rows(doors, "sessions", pii="true", **HOUR)
    assert len(plain[0]) == 12
    assert list(raw[0])[12:] == [
        "device_id",
        "user_id",
        "alternate_user_id",
        "device_mac",
        "device_ip",
        "guest_id",
        "yas_id",
    ]
    assert all(row["device_id"] or row["device_mac"] for row in raw)


async def test_a_vendor_without_sessions_has_none(doors: Doors) -> None:
    assert await rows(doors, "sessions", vendor="OKUBE", **HOUR) == []
    (one, *_) = await rows(doors, "sessions", vendor="GUEST_WIFI", **HOUR)
    assert await rows(doors, "sessions", vendor="BESPOT", device=one["device"], **HOUR) == []


async def test_columns_come_as_they_were_named(doors: Doors) -> None:
    answer = await doors.get("/export/visits.csv", columns="net,site_key", site="ath-116500", **HOUR)
    assert answer.text.splitlines()[0] == "net,site_key"


async def test_text_is_packed_when_asked_and_parquet_never(doors: Doors) -> None:
    asked = {"accept-encoding": "gzip"}
    text = await doors.client.get("/export/visits.csv", params=DAY, headers=asked)
    assert text.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in text.headers["vary"]
    plain = await doors.client.get("/export/visits.csv", params=DAY, headers={"accept-encoding": "identity"})
    assert plain.text == text.text
    file = await doors.client.get("/export/visits.parquet", params=DAY, headers=asked)
    assert "content-encoding" not in file.headers
    assert file.headers["content-disposition"] == 'attachment; filename="visits.parquet"'


async def test_what_is_not_there_is_not_there(doors: Doors) -> None:
    assert (await doors.get("/export/visits.xlsx")).status_code == 404
    assert (await doors.get("/export/nothing.csv")).status_code == 404
    refused = await doors.client.post("/export/visits.csv")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_instants_are_utc(doors: Doors) -> None:
    table = pq.read_table(io.BytesIO((await doors.get("/export/visits.parquet", site="ath-116500", **HOUR)).content))
    assert table.schema.field("starts_at").type == pa.timestamp("us", tz="UTC")
    assert table["starts_at"][0].as_py().tzinfo is not None
    assert table["starts_at"][0].as_py() >= datetime(2026, 11, 19, 10, tzinfo=UTC)
