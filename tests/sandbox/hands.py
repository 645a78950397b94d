"""A clock the tests turn by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.domain.instant import Micros, from_datetime

NOON = from_datetime(datetime(2026, 11, 2, 12, 7, 30, tzinfo=UTC))
"""A Monday; both clock changes of the autumn lie in the 60 days before it."""


class Hands:
    """Shows `now` until it is set to something else."""

    def __init__(self, now: Micros = NOON) -> None:
        self.now = now

    def __call__(self) -> Micros:
        return self.now
