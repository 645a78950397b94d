"""Ranges of a file are ranges of one file, made once: readers of Parquet jump about in it."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest

from tests.bi.conftest import Doors

pytestmark = pytest.mark.anyio

DAY = {"from": "2026-11-18T00:00:00Z", "to": "2026-11-19T00:00:00Z"}


async def test_ranges_of_parquet_are_of_one_file_made_once(doors: Doors) -> None:
    doors.forget()
    head = await doors.client.head("/export/visits.parquet", params=DAY)
    size, tag = int(head.headers["content-length"]), head.headers["etag"]
    assert head.headers["accept-ranges"] == "bytes"
    whole = bytearray()
    for start in range(0, size, size // 3 + 1):
        span = {"range": f"bytes={start}-{start + size // 3}", "if-range": tag}
        part = await doors.client.get("/export/visits.parquet", params=DAY, headers=span)
        assert (part.status_code, part.headers["etag"]) == (206, tag)
        whole += part.content
    tail = await doors.client.get("/export/visits.parquet", params=DAY, headers={"range": "bytes=-8"})
    assert tail.content == bytes(whole[-8:])
    beyond = await doors.client.get("/export/visits.parquet", params=DAY, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    other = {"range": "bytes=0-3", "if-match": '"another"'}
    assert (await doors.client.get("/export/visits.parquet", params=DAY, headers=other)).status_code == 412
    same = {"range": "bytes=0-3", "if-match": f'"another", {tag}'}
    assert (await doors.client.get("/export/visits.parquet", params=DAY, headers=same)).content == b"PAR1"
    changed = {"range": "bytes=0-3", "if-range": '"another"'}
    anew = await doors.client.get("/export/visits.parquet", params=DAY, headers=changed)
    assert (anew.status_code, len(anew.content)) == (200, size)
    known = await doors.client.get("/export/visits.parquet", params=DAY, headers={"if-none-match": tag})
    assert (known.status_code, known.content) == (304, b"")
    assert dict(doors.calls) == {"BESPOT": 1}
    assert pq.read_table(io.BytesIO(whole)).num_rows > 1_000


@pytest.mark.parametrize("ending", ["csv", "ndjson", "arrow"])
async def test_other_files_have_ranges_where_they_are_not_packed(doors: Doors, ending: str) -> None:
    """polars asks for the length of a CSV file and then for its ranges."""
    plain = {"accept-encoding": "identity"}
    path = f"/export/visits.{ending}"
    doors.forget()
    head = await doors.client.head(path, params=DAY, headers=plain)
    size = int(head.headers["content-length"])
    part = await doors.client.get(path, params=DAY, headers={**plain, "range": f"bytes=0-{size - 1}"})
    assert (part.status_code, len(part.content)) == (206, size)
    assert dict(doors.calls) == {"BESPOT": 1}
    packed = await doors.client.get(path, params=DAY, headers={"accept-encoding": "gzip", "range": "bytes=0-9"})
    assert packed.status_code == (206 if ending == "arrow" else 200)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("bytes=0-", 206),
        ("bytes=-99999999", 206),
        ("bytes=-0", 416),
        ("bytes=99999999-", 416),
        ("bytes=5-2", 200),
        ("bytes=0-1,3-4", 200),
        ("items=0-1", 200),
        ("bytes=", 200),
    ],
)
async def test_what_is_no_single_range_is_the_whole_file(doors: Doors, text: str, status: int) -> None:
    answer = await doors.client.get("/export/visits.parquet", params=DAY, headers={"range": text})
    assert answer.status_code == status
