"""`gateway export`: whole files or none, quiet in a pipe, one line for a wrong question."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

HOUR = ("--from", "2026-11-01T00:00:00Z", "--to", "2026-11-01T01:00:00Z", "--site", "ath-116500")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", "export", *arguments], capture_output=True, text=True, env=clean, timeout=60
    )


def test_a_table_goes_to_a_pipe_without_another_word() -> None:
    done = run("sites")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith("site_key,name,kind,")
    assert "ath-116500" in done.stdout


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "visits.parquet"
    done = run("visits", *HOUR, "--format", "parquet", "-o", str(file))
    assert done.returncode == 0
    assert "watermark: " in done.stderr
    assert pq.read_table(file).schema.names[:2] == ["site_key", "starts_at"]
    assert [path.name for path in tmp_path.iterdir()] == ["visits.parquet"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("visit",), "TABLE"),
        (("visits",), "`from` is required"),
        (("visits", *HOUR, "--format", "xlsx"), "--format"),
        (("visits", *HOUR, "--set", "sit=x"), "site"),
        (("visits", *HOUR[:4], "--site", "nowhere"), "no such site"),
    ],
)
def test_a_wrong_question_is_one_line_and_status_2(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_failed_export_leaves_no_file(tmp_path: Path) -> None:
    done = run("visits", *HOUR[:4], "--site", "nowhere", "-o", str(tmp_path / "visits.csv"))
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []
