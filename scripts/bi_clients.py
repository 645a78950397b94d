"""Reads a running gateway with the clients of the BI world. Run by scripts/check-bi-clients with its address.

Every check compares with the plain NDJSON export, so that a client that loses or bends rows fails it.
"""

# ruff: noqa: S310, S608

from __future__ import annotations

import io
import json
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

BASE = sys.argv[1].rstrip("/")
DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
FROM, TO = DAY.strftime("%Y-%m-%dT%H:%M:%SZ"), (DAY + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
VISITS = f"{BASE}/export/visits.{{}}?from={FROM}&to={TO}"
ODATA = f"{BASE}/odata/v4/"


def plain() -> list[dict[str, Any]]:
    with urllib.request.urlopen(VISITS.format("ndjson")) as answer:
        return [json.loads(line) for line in answer]


def check_pandas() -> None:
    import pandas as pd

    rows = plain()
    table = pd.read_csv(VISITS.format("csv"), parse_dates=["starts_at", "ends_at"])
    assert len(table) == len(rows)
    assert table["entries"].sum() == sum(row["entries"] for row in rows)
    assert str(table["starts_at"].dtype).startswith("datetime64")
    assert table["final"].dtype == bool
    lines = pd.read_json(VISITS.format("ndjson"), lines=True)
    assert len(lines) == len(rows)
    with urllib.request.urlopen(VISITS.format("parquet")) as answer:
        file = pd.read_parquet(io.BytesIO(answer.read()))
    assert len(file) == len(rows)
    assert str(file["starts_at"].dt.tz) == "UTC"


def check_pyarrow() -> None:
    import pyarrow as pa

    with urllib.request.urlopen(VISITS.format("arrow")) as answer:
        table = pa.ipc.open_stream(answer.read()).read_all()
    assert table.num_rows == len(plain())
    assert table.schema.field("starts_at").type == pa.timestamp("us", tz="UTC")


def check_polars() -> None:
    import polars as pl

    rows = plain()
    with urllib.request.urlopen(VISITS.format("arrow")) as answer:
        assert len(pl.read_ipc_stream(answer.read())) == len(rows)
    with urllib.request.urlopen(VISITS.format("csv")) as answer:
        table = pl.read_csv(answer.read(), try_parse_dates=True)
    assert table["entries"].sum() == sum(row["entries"] for row in rows)
    assert table["starts_at"].dtype.is_temporal()


def check_duckdb() -> None:
    import duckdb

    rows = plain()
    for ending in ("parquet", "csv"):
        path = f"{tempfile.gettempdir()}/bi-clients.{ending}"
        urllib.request.urlretrieve(VISITS.format(ending), path)
        found = duckdb.sql(f"select count(*), sum(entries), typeof(min(starts_at)) from '{path}'").fetchall()[0]
        assert found[:2] == (len(rows), sum(row["entries"] for row in rows))
        assert found[2].startswith("TIMESTAMP")


def check_python_odata() -> None:
    from odata import ODataService

    service = ODataService(ODATA, reflect_entities=True)
    site = service.entities["Sites"]
    keys = sorted(each.site_key for each in service.query(site).all())
    with urllib.request.urlopen(f"{ODATA}Sites/$count") as answer:
        assert len(keys) == int(answer.read())
    visit = service.entities["Visits"]
    query = service.query(visit).filter((visit.starts_at >= DAY) & (visit.starts_at < DAY + timedelta(days=1)))
    assert sum(each.entries for each in query.all()) == sum(row["entries"] for row in plain())


def check_sqlalchemy_odata() -> None:
    from sqlalchemy import create_engine, text

    host = BASE.removeprefix("http://")
    with create_engine(f"odata://{host}/odata/v4").connect() as connection:
        count = len(connection.execute(text("select site_key, name from Sites")).fetchall())
        visits = connection.execute(text("select site_key, starts_at, entries from Visits")).fetchall()
    with urllib.request.urlopen(f"{ODATA}Sites/$count") as answer:
        assert count == int(answer.read())
    assert len({row[:2] for row in visits}) == len(visits) > 500


CHECKS: tuple[Callable[[], None], ...] = (
    check_pandas,
    check_pyarrow,
    check_polars,
    check_duckdb,
    check_python_odata,
    check_sqlalchemy_odata,
)

failed = 0
for check in CHECKS:
    try:
        check()
        print(f"ok    {check.__name__.removeprefix('check_')}")
    except ImportError as error:
        print(f"skip  {check.__name__.removeprefix('check_')}: {error.name} is not installed")
    except Exception as error:
        failed += 1
        print(f"FAIL  {check.__name__.removeprefix('check_')}: {type(error).__name__}: {error}")
sys.exit(1 if failed else 0)
