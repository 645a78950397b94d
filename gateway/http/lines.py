"""The one line a request leaves in the log (rules.md 43), and what of a bug stands in it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

import structlog

from gateway.execution.errors import Incident
from gateway.telemetry.logs import request_line
from gateway.telemetry.redaction import redacted

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
QUIET = frozenset({"/healthz", "/readyz"})

log = structlog.get_logger("gateway.http")


def write_line(
    method: str,
    path: str,
    status: int,
    seconds: float,
    incidents: list[Incident],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Health checks only when something broke. `path`: one of ours or `other`; `more`: what the endpoint adds."""
    if path in QUIET and not incidents:
        return
    line: dict[str, Any] = {
        "method": method if method in METHODS else "other",
        "path": path,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if more:
        line.update(more if None not in more.values() else {n: value for n, value in more.items() if value is not None})
    if not incidents:
        request_line(line)
        return
    log.error("request", **line, incidents=[told(met) for met in incidents])


def told(met: Incident) -> dict[str, Any]:
    """An incident for the log, whole but for what may be a person's or a secret."""
    return {
        "correlation_id": met.correlation_id,
        "count": met.count,
        "traceback": redacted("".join(traceback.format_exception(met.error))),
    }
