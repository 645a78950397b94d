"""One load of all visits for every client of the BI world: the lines people write, and the rows they get.

Each takes the gateway's address and gives rows of site, start and entries; types are asserted here, values by the
caller. Whatever a client raises is a failed load.
"""

# ruff: noqa: S310, S603, S607, S608

from __future__ import annotations

import csv
import io
import json
import logging
import os
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from bi_rig import END, FROM, START, TO, Row

Load = Callable[[str], list[Row]]
NODE = Path(__file__).with_name("bi_clients.mjs")


def visits(base: str, ending: str) -> str:
    return f"{base}/export/visits.{ending}?from={FROM}&to={TO}"


def _rows(sites: Iterable[Any], starts: Iterable[Any], entries: Iterable[Any]) -> list[Row]:
    """Of plain Python values; an instant without its zone or a figure that is no number is no row."""
    rows = list(zip(sites, starts, entries, strict=True))
    for site, start, figure in rows[:1000]:
        assert type(site) is str
        assert isinstance(start, datetime), type(start)
        assert start.utcoffset() is not None, "no zone"
        assert type(figure) is int, type(figure)
    return rows


def curl(base: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/visits.csv"
        subprocess.run(["curl", "-sSf", "--compressed", "-o", path, visits(base, "csv")], check=True)
        return _plain(Path(path).read_text("utf-8"))


def _plain(text: str) -> list[Row]:
    rows = list(csv.DictReader(io.StringIO(text)))
    return [(row["site_key"], datetime.fromisoformat(row["starts_at"]), int(row["entries"])) for row in rows]


def requests_csv(base: str) -> list[Row]:
    import requests

    answer = requests.get(visits(base, "csv"), timeout=60)
    answer.raise_for_status()
    return _plain(answer.text)


def pandas_csv(base: str) -> list[Row]:
    import pandas as pd

    return _of_pandas(pd.read_csv(visits(base, "csv"), parse_dates=["starts_at", "ends_at"]))


def pandas_parquet(base: str) -> list[Row]:
    import pandas as pd

    return _of_pandas(pd.read_parquet(visits(base, "parquet")))


def pandas_json(base: str) -> list[Row]:
    import pandas as pd

    return _of_pandas(pd.read_json(visits(base, "ndjson"), lines=True))


def _of_pandas(table: Any) -> list[Row]:
    assert str(table["starts_at"].dt.tz) == "UTC"
    assert table["final"].dtype == bool
    assert table["entries"].dtype == "int64"
    starts = [start.to_pydatetime() for start in table["starts_at"]]
    return _rows(table["site_key"].tolist(), starts, table["entries"].tolist())


def pyarrow_ipc(base: str) -> list[Row]:
    import pyarrow as pa

    with urllib.request.urlopen(visits(base, "arrow")) as answer:
        table = pa.ipc.open_stream(answer).read_all()
    assert table.schema.field("starts_at").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("final").type == pa.bool_()
    return _rows(*(table[name].to_pylist() for name in ("site_key", "starts_at", "entries")))


def polars_csv(base: str) -> list[Row]:
    import polars as pl

    return _of_polars(pl.read_csv(visits(base, "csv"), try_parse_dates=True))


def polars_ipc(base: str) -> list[Row]:
    import polars as pl

    with urllib.request.urlopen(visits(base, "arrow")) as answer:
        return _of_polars(pl.read_ipc_stream(answer.read()))


def polars_ranges(base: str) -> list[Row]:
    """HEAD and ranges of Parquet, as object stores are read."""
    import polars as pl

    return _of_polars(pl.scan_parquet(visits(base, "parquet")).collect())


def _of_polars(table: Any) -> list[Row]:
    assert table["final"].dtype.is_(type(table["final"].dtype)())
    return _rows(*(table[name].to_list() for name in ("site_key", "starts_at", "entries")))


def duckdb_csv(base: str) -> list[Row]:
    return _of_duckdb(base, "csv")


def duckdb_parquet(base: str) -> list[Row]:
    return _of_duckdb(base, "parquet")


def _of_duckdb(base: str, ending: str) -> list[Row]:
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/visits.{ending}"
        urllib.request.urlretrieve(visits(base, ending), path)
        kind = duckdb.sql(f"select typeof(any_value(starts_at)), typeof(any_value(entries)) from '{path}'").fetchall()
        assert kind[0] == ("TIMESTAMP WITH TIME ZONE", "BIGINT"), kind
        millis = f"select site_key, epoch_ms(starts_at), entries from '{path}'"
        rows = duckdb.sql(millis).fetchall()
    return _rows(*zip(*((s, datetime.fromtimestamp(m / 1000, START.tzinfo), e) for s, m, e in rows), strict=True))


def python_odata(base: str) -> list[Row]:
    from odata import ODataService

    service = ODataService(f"{base}/odata/v4/", reflect_entities=True)
    visit = service.entities["Visits"]
    found = service.query(visit).filter((visit.starts_at >= START) & (visit.starts_at < END)).all()
    return _rows(*zip(*((each.site_key, each.starts_at, each.entries) for each in found), strict=True))


class Strict(logging.Handler):
    """sqlalchemy-odata logs a failed page as an error and goes on as if the table ended there: this makes it fail."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError(record.getMessage())


def sqlalchemy_odata(base: str) -> list[Row]:
    from sqlalchemy import create_engine, text

    logging.getLogger("shillelagh_odata.adapter").addHandler(Strict(logging.ERROR))
    with create_engine(f"odata://{base.removeprefix('http://')}/odata/v4").connect() as connection:
        rows = connection.execute(text("select site_key, starts_at, entries from Visits")).fetchall()
    starts = [datetime.fromisoformat(str(start)) for _, start, _ in rows]
    return _rows([row[0] for row in rows], starts, [row[2] for row in rows])


def odata_client(base: str) -> list[Row]:
    return _of_node("@odata/client", base)


def o_js(base: str) -> list[Row]:
    return _of_node("o.js", base)


def _of_node(client: str, base: str) -> list[Row]:
    """`bi_clients.mjs` prints the rows as JSON once all are there."""
    place = os.environ["BI_CLIENTS"]
    command = ["node", f"{place}/{NODE.name}", client, f"{base}/odata/v4/", FROM, TO]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=place).stdout)
    return _rows(*zip(*((s, datetime.fromisoformat(t), e) for s, t, e in found), strict=True))


EXPORTS: dict[str, Load] = {
    "curl": curl,
    "requests": requests_csv,
    "pandas read_csv": pandas_csv,
    "pandas read_parquet": pandas_parquet,
    "pandas read_json": pandas_json,
    "pyarrow IPC": pyarrow_ipc,
    "polars read_csv": polars_csv,
    "polars read_ipc_stream": polars_ipc,
    "polars scan_parquet (ranges)": polars_ranges,
    "DuckDB on CSV": duckdb_csv,
    "DuckDB on Parquet": duckdb_parquet,
}
FEEDS: dict[str, Load] = {"python-odata": python_odata, "sqlalchemy-odata": sqlalchemy_odata}
NODE_FEEDS: dict[str, Load] = {"@odata/client": odata_client, "o.js": o_js}
