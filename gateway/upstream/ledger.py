"""What one answer asked of vendors: calls by endpoint, how each ended, how long it took and what was waited for.

Endpoints are names of the code and outcomes are codes, so it stays small whatever was asked. Never an address, a query,
an argument or a word of a vendor's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.domain.vendor import VendorKey
from gateway.telemetry.course import Course
from gateway.upstream.calls import Attempt, Tally
from gateway.upstream.told import OURS

UNDER_WAY = "UNDER_WAY"
"""The outcome of calls that had not ended when the answer was ready: stale parts were told meanwhile."""
REFUSED = frozenset(word for _, word in OURS)


class Line(msgspec.Struct):
    """One endpoint. Times in seconds: `took` over all calls, `slowest` of one, `waited` for the quota.

    `refused`: questions that never left, by why.
    """

    calls: int = 0
    outcomes: dict[str, int] = {}
    retries: int = 0
    took: float = 0.0
    slowest: float = 0.0
    waited: float = 0.0
    received: int = 0
    refused: dict[str, int] = {}


class Ledger(Tally):
    """A tally that keeps the story."""

    def __init__(self, outer: Tally | None = None) -> None:
        super().__init__(outer)
        self._lines: dict[tuple[str, str], Line] = {}

    def add(self, vendor: VendorKey, endpoint: str) -> None:
        super().add(vendor, endpoint)
        self._line(vendor.value, endpoint).calls += 1

    def done(self, attempt: Attempt) -> None:
        super().done(attempt)
        line = self._line(attempt.vendor.value, attempt.endpoint)
        _count(line.outcomes, attempt.outcome)
        line.took += attempt.seconds
        line.slowest = max(line.slowest, attempt.seconds)
        line.received += attempt.received

    def met(self, question: Course) -> None:
        super().met(question)
        line = self._line(question.vendor, question.endpoint)
        line.retries += max(0, question.sent - 1)
        line.waited += question.waited
        if question.outcome in REFUSED:
            _count(line.refused, question.outcome)

    def told(self, *, sizes: bool) -> list[dict[str, Any]]:
        """Ready for JSON, by vendor and endpoint. `sizes`: with the bytes received."""
        return [
            {"vendor": vendor, "endpoint": endpoint, **_told(line, sizes=sizes)}
            for (vendor, endpoint), line in sorted(self._lines.items())
        ]

    def _line(self, vendor: str, endpoint: str) -> Line:
        return self._lines.setdefault((vendor, endpoint), Line())


def _told(line: Line, *, sizes: bool) -> dict[str, Any]:
    ended = sum(line.outcomes.values())
    under_way = {UNDER_WAY: line.calls - ended} if line.calls > ended else {}
    told: dict[str, Any] = {
        "calls": line.calls,
        "outcomes": {**dict(sorted(line.outcomes.items())), **under_way},
        "refused": dict(sorted(line.refused.items())),
        "retries": line.retries,
        "quotaWaitMs": _ms(line.waited),
        "ms": _ms(line.took),
        "slowestMs": _ms(line.slowest),
    }
    return {**told, "bytes": line.received} if sizes else told


def _count(counts: dict[str, int], word: str) -> None:
    counts[word] = counts.get(word, 0) + 1


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
