"""`gateway export`: whole files or none, quiet in a pipe, one line for a wrong question."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pyarrow.parquet as pq
import pytest

from gateway.cli.exporting import Told
from gateway.upstream.calls import Tally

HOUR = ("--from", "2026-11-01T00:00:00Z", "--to", "2026-11-01T01:00:00Z", "--site", "ath-116500")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway", "export", *arguments]


def clean(**more: str) -> dict[str, str]:
    """Without settings of whoever runs the tests."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}, **more}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=clean(), timeout=60)


def on_a_terminal(*arguments: str, **settings: str) -> tuple[int, str]:
    """Status, and what a terminal showed."""
    terminal, inside = pty.openpty()
    more = {"TERM": "xterm", "COLUMNS": "160", "LINES": "40", **settings}
    process = subprocess.Popen(
        command(*arguments), stdin=inside, stdout=subprocess.DEVNULL, stderr=inside, env=clean(**more)
    )
    os.close(inside)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    return process.wait(), re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()


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


def test_a_terminal_shows_rows_rate_and_calls(tmp_path: Path) -> None:
    status, shown = on_a_terminal("visits", *HOUR[:4], "-o", str(tmp_path / "visits.csv"))
    assert status == 0
    rows = len((tmp_path / "visits.csv").read_text().splitlines()) - 1
    assert re.search(rf"visits .*\b{rows:,} rows, [\d,]+/s, \d+ calls", shown), shown


def test_a_terminal_shows_how_long_a_vendors_limit_was_waited_for() -> None:
    tally = Tally()
    told = Told(tally)
    tally.wait_begins(monotonic() - 7)
    tally.wait_begins(monotonic() - 3)  # beside the other one
    assert "7 s for the vendor's limit, waiting" in told.text()
    tally.wait_ends()
    tally.wait_ends()
    told.rows = 12_345
    assert told.text().startswith("12,345 rows, ")
    assert told.text().endswith("0 calls, 7 s for the vendor's limit")


def test_a_pipe_gets_rows_and_a_file_its_watermark_and_nothing_else(tmp_path: Path) -> None:
    assert run("visits", *HOUR).stderr == ""
    assert run("visits", *HOUR, "-o", str(tmp_path / "visits.csv")).stderr.startswith("watermark: ")
