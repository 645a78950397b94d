"""What of a bug stands in the log."""

from __future__ import annotations

import traceback
from typing import Any

from gateway.execution.errors import Incident


def told(met: Incident) -> dict[str, Any]:
    """An incident for the log, whole."""
    return {
        "correlation_id": met.correlation_id,
        "count": met.count,
        "traceback": "".join(traceback.format_exception(met.error)),
    }
