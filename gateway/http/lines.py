"""What of a bug stands in the log."""

from __future__ import annotations

import traceback
from typing import Any

from gateway.execution.errors import Incident
from gateway.telemetry.redaction import redacted


def told(met: Incident) -> dict[str, Any]:
    """An incident for the log, whole but for what may be a person's or a secret."""
    return {
        "correlation_id": met.correlation_id,
        "count": met.count,
        "traceback": redacted("".join(traceback.format_exception(met.error))),
    }
