"""Tracebacks and the lines of libraries lose what may be a person's or a secret, and stay readable."""

from __future__ import annotations

import logging

import pytest

from gateway.execution.errors import incident
from gateway.http.lines import told
from gateway.telemetry import logs
from gateway.telemetry.redaction import MARK, redacted


@pytest.mark.parametrize(
    "secret",
    [
        "canary.000123@example.com",
        "02:ca:9a:00:01:7b",
        "02-CA-9A-00-01-7B",
        "ca9a1234-5678-4abc-8def-0123456789ab",
        "172.31.4.7",
        "2001:db8::8a2e:370:7334",
        "fe80:0:0:0:1:2:3:4",
        "eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6InJlYWQifQ.c2ln",
        "aCe79EFcPDFS4Qh5sZM0HAnCNyVsqJl0PP_xUqxueWw",
        "5a" * 32,
    ],
)
@pytest.mark.parametrize("around", ["{}", "invalid value '{}' in row 3", 'GET "{}": refused', "<{}>,"])
def test_what_may_be_personal_or_secret_is_taken_out(secret: str, around: str) -> None:
    clean = redacted(around.format(secret))
    assert clean == around.format(MARK)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abcdefgh", MARK),
        ("sent Basic YWJjOmRlZg==", f"sent {MARK}"),
        ("http://vendor.example/api/x?device_mac=1&b=2 failed", f"http://vendor.example/api/x{MARK} failed"),
        ("{'x-token': 'abcdefgh'}", f"{{'{MARK}'}}"),
        ("at 12:30:45 in 3 s", "at 12:30:45 in 3 s"),
    ],
)
def test_credentials_and_the_query_of_a_url_are_taken_out(text: str, clean: str) -> None:
    assert redacted(text) == clean


def test_a_traceback_stays_readable() -> None:
    text = 'File "/srv/gateway/federation/sessions.py", line 12, in _rows\n    raise ValueError(found)\nValueError: 3.5'
    assert redacted(text) == text


def test_an_incident_is_logged_without_the_values_in_its_message() -> None:
    text = "no such device ca9a1234-5678-4abc-8def-0123456789ab of canary.000001@example.com"
    with pytest.raises(KeyError) as met:
        dict[str, int]()[text]
    line = told(incident(met.value))
    assert "test_redaction.py" in line["traceback"]
    assert "KeyError: 'no such device [redacted] of [redacted]'" in line["traceback"]


def test_a_library_that_logs_a_url_does_not_log_its_query(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        logs.configure("info", readable=False)
        logging.getLogger("httpx").warning("HTTP Request: GET https://vendor.example/sessions?mac=02:ca:9a:00:01:7b")
        logging.getLogger("any").error("broke", exc_info=ValueError("canary.000001@example.com"))
    finally:
        logging.getLogger().handlers[:] = before
    said = capsys.readouterr().err
    assert "https://vendor.example/sessions[redacted]" in said
    assert "canary" not in said
    assert "02:ca" not in said
