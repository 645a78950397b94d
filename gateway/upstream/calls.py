"""Seeing every attempt outward: a tally per operation and an observer for metrics.

Neither ever learns a path, a query, a header or a body: an endpoint is a name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Self, TypeAlias

import msgspec

from gateway.domain.errors import UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.telemetry import course
from gateway.upstream.exchange import Answer
from gateway.upstream.stage import Call, Onward


class Attempt(msgspec.Struct, frozen=True):
    """One HTTP request, done. `outcome` is `ok`, an error's code or `abandoned`; `rows` is for those who know them."""

    vendor: VendorKey
    endpoint: str
    outcome: str
    seconds: float
    rows: int | None = None


Observer: TypeAlias = Callable[[Attempt], None]


def unobserved(attempt: Attempt) -> None:
    """An observer that looks away."""


class Tally:
    """Attempts counted since the `with` began."""

    def __init__(self, outer: Tally | None = None) -> None:
        self.by_vendor: dict[VendorKey, int] = {}
        self._outer = outer

    def __enter__(self) -> Self:
        _tally.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _tally.set(self._outer)

    def add(self, vendor: VendorKey) -> None:
        self.by_vendor[vendor] = self.by_vendor.get(vendor, 0) + 1
        if self._outer is not None:
            self._outer.add(vendor)


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


def tally() -> Tally:
    """Counts real HTTP attempts made inside, logins and retries included. A tally inside a tally counts for both."""
    return Tally(_tally.get())


class Observe:
    """Stage right before the wire: what passes here is really sent."""

    def __init__(self, vendor: VendorKey, observer: Observer) -> None:
        self._vendor = vendor
        self._observer = observer

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        counting = _tally.get()
        if counting is not None:
            counting.add(self._vendor)
        course.attempted()
        time = asyncio.get_running_loop().time
        began, outcome = time(), "abandoned"
        try:
            answer = await onward(call)
            outcome = "ok"
        except UpstreamError as error:
            outcome = error.code
            raise
        else:
            return answer
        finally:
            self._observer(Attempt(self._vendor, call.ask.endpoint, outcome, time() - began))
