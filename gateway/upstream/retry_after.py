"""Reads `Retry-After`. Pure; what cannot be understood is absent, never an error and never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from gateway.domain import instant
from gateway.domain.instant import SECOND, Micros

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


def seconds(headers: Mapping[str, str], now: Micros) -> float | None:
    """Seconds to wait, 0 at least. A date is measured from the answer's own `Date`, so that clocks may disagree."""
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _date(text)
    if until is None:
        return None
    since = _date(headers.get("date", ""))
    return max(0.0, (until - (now if since is None else since)) / SECOND)


def _date(text: str) -> Micros | None:
    try:
        moment = parsedate_to_datetime(text)
        return instant.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
