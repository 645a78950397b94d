"""Runs the Python and SQL of docs/bi with their libraries, against the simulated vendors.

Run by scripts/check-bi-clients. Days are those of the guides moved to three days ago; rows are compared with the plain
CSV export.
"""

# ruff: noqa: S102, S310, S603

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import tempfile
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from bi_rig import PYTHON, ROOT

DOCS = ROOT / "docs" / "bi"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DAY = datetime.now(UTC) - timedelta(days=3)


def moved(text: str, base: str) -> str:
    """A text of a guide as it has to read today, here."""
    days = {"2026-11-19": DAY, "2026-11-20": DAY + timedelta(days=1)}
    for told, day in days.items():
        text = text.replace(told, day.strftime("%Y-%m-%d"))
    return text.replace("http://127.0.0.1:8000", base)


def blocks(name: str, language: str, base: str) -> list[str]:
    found = BLOCK.finditer((DOCS / name).read_text("utf-8"))
    return [moved(each[2], base) for each in found if each[1] == language]


def main() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    process = subprocess.Popen(
        [str(PYTHON), "-m", "gateway", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**clean, "GATEWAY_LOG_LEVEL": "error", "GATEWAY_DRAIN_SECONDS": "0"},
    )
    try:
        told = ""
        while (found := re.search(r"(http://127\.0\.0\.1:\d+)/graphql", told)) is None:
            assert process.stderr is not None
            told = process.stderr.readline()
            assert told, "the gateway does not start"
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            notebooks(found[1])
            metabase(found[1])
            superset(found[1])
    finally:
        process.terminate()
        process.wait()


def plain(base: str, more: str) -> list[dict[str, str]]:
    span = moved("from=2026-11-19T08:00:00Z&to=2026-11-20T00:00:00Z", base)
    with urllib.request.urlopen(f"{base}/export/visits.csv?{span}{more}") as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode())))


def notebooks(base: str) -> None:
    rows = plain(base, "&granularity=HOUR")
    names: dict[str, Any] = {}
    for block in blocks("notebooks.md", "python", base):
        exec(block, names)
        assert int(names["visits"]["entries"].sum()) == sum(int(row["entries"]) for row in rows) > 0
    assert len(names["lines"]) == names["table"].num_rows == len(rows)
    fetched(base, "visits.parquet", "2026-11-19T08:00:00Z", "")
    (query,) = blocks("notebooks.md", "sql", base)
    minutes = plain(base, "")
    assert sum(row[1] for row in duckdb.sql(query).fetchall()) == sum(int(row["entries"]) for row in minutes)
    print("ok    the Python and SQL of docs/bi/notebooks.md", flush=True)


def metabase(base: str) -> None:
    create, update = blocks("metabase.md", "sql", base)
    fetched(base, "visits.parquet", "2026-11-19T08:00:00Z", "")
    fetched(base, "new.parquet", "2026-11-19T16:00:00Z", "")
    database = duckdb.connect("visits.duckdb")
    database.execute(create)
    database.execute("alter table visits add primary key (site_key, starts_at)")
    before = database.execute("select count(*) from visits").fetchone()
    database.execute(update)
    assert database.execute("select count(*) from visits").fetchone() == before == (len(plain(base, "")),)
    print("ok    the SQL of docs/bi/metabase.md", flush=True)


def superset(base: str) -> None:
    from sqlalchemy import create_engine, text

    (strict,) = blocks("superset.md", "python", base)
    exec(strict, {})
    (query,) = blocks("superset.md", "sql", base)
    (expected,) = blocks("superset.md", "csv", base)
    with create_engine(f"odata://{base.removeprefix('http://')}/odata/v4").connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query)).fetchall()]
    assert found == [tuple(row) for row in csv.reader(io.StringIO(expected))][1:], found
    print("ok    the Python and SQL of docs/bi/superset.md", flush=True)


def fetched(base: str, name: str, start: str, more: str) -> None:
    span = moved(f"from={start}&to=2026-11-20T00:00:00Z", base)
    with urllib.request.urlopen(f"{base}/export/visits.parquet?{span}{more}") as answer:
        Path(name).write_bytes(answer.read())


if __name__ == "__main__":
    main()
