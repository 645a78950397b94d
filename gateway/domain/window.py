"""Spans of time: instants are half-open everywhere in the gateway, calendar days inclusive, as vendors count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from gateway.domain import instant
from gateway.domain.instant import Micros


class Window(msgspec.Struct, frozen=True, order=True):
    """Half-open: start <= t < end, in microseconds UTC."""

    start: Micros
    end: Micros

    def __contains__(self, moment: Micros) -> bool:
        return self.start <= moment < self.end

    @property
    def length(self) -> Micros:
        return max(0, self.end - self.start)

    @property
    def empty(self) -> bool:
        return self.end <= self.start

    def cut(self, other: Window) -> Window:
        """The part shared with `other`; empty where nothing is."""
        return Window(max(self.start, other.start), min(self.end, other.end))

    def __str__(self) -> str:
        return f"[{instant.text(self.start)}, {instant.text(self.end)})"


class Days(msgspec.Struct, frozen=True, order=True):
    """Calendar days, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)
