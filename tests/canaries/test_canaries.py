"""The watch can fail: a test that tells somebody's name fails for it, whichever way it tells."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canaries.patterns import Secrets

ROOT = Path(__file__).parents[2]
LEAKS = """
import logging, subprocess, sys
import pytest, structlog
from pydantic import SecretStr
from structlog.testing import capture_logs
from gateway.telemetry import Telemetry

MAC = "02:ca:9a:00:00:01"

def test_line(): structlog.get_logger("gateway.http").info("request", path=MAC)
def test_library(): logging.getLogger("library").warning("hello %s", "canary.000123" + chr(64) + "example.com")
def test_kept_line():
    with capture_logs(): structlog.get_logger("gateway.http").info("request", path=MAC)
def test_print(): print("key", "A" * 43, file=sys.stderr)
def test_span():
    with Telemetry().operation(None) as seen: seen.answered(200, {"outcome": "ok", "operation": "CANARY-1234"})
def test_metric(): Telemetry().metrics.subscribers.labels(MAC.replace("01", "02")).inc()
def test_secret():
    SecretStr("only-this-test-knows")
    structlog.get_logger("gateway.http").info("settings", token="only-this-test-knows")
def test_process():
    code = "import sys; print('eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0', file=sys.stderr)"
    subprocess.run([sys.executable, "-c", code, "gateway"], stderr=subprocess.PIPE, check=True)
@pytest.fixture
def late():
    yield
    print(MAC)
def test_teardown(late): pass
@pytest.mark.tells
def test_on_purpose(): print(MAC)
def test_clean():
    structlog.get_logger("gateway.http").info("request", path="/graphql", who="wall-screens", hash="0123456789abcdef")
    with Telemetry().operation(None) as seen: seen.answered(200, {"outcome": "ok", "operation": "Wall"})
"""
TELLING = {"line", "library", "kept_line", "print", "span", "metric", "secret", "process", "teardown"}


@pytest.mark.parametrize("workers", ["0", "1"])
def test_whoever_tells_fails_and_nobody_else(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_leaks.py").write_text(LEAKS, "utf-8")
    # without the repository's conftest: the plugin stands for itself
    options = ("-p", "tests.canaries.plugin", "-p", "no:cacheprovider", "-n", workers, "-rEF", "--tb=short")
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert set(re.findall(r"^ERROR .*::test_(\w+)", done.stdout, re.MULTILINE)) == TELLING, done.stdout
    assert re.findall(r"^FAILED", done.stdout, re.MULTILINE) == []
    assert re.search(rf"11 passed, {len(TELLING)} errors", done.stdout), done.stdout[-300:]


@pytest.mark.parametrize(
    "text",
    [
        '{"ms":1.5,"who":"key:wall","hash":"9f86d081884c7d65","path":"/graphql","timestamp":"2026-11-02T12:15:00Z"}',
        "127.0.0.1:8000 2001-10-10 10.25 s; site par-200110, 172.5 ms, 10.1.2",
        'gateway_operations_total{operation="Basic",outcome="ok"} 3.0',
        "A" * 60,
    ],
)
def test_what_is_nobodys_is_not_taken_for_somebodys(text: str) -> None:
    assert list(Secrets().found(text)) == []
