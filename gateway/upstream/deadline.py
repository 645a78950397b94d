"""How long the current operation may still take. Travels in a context variable, in seconds of the event loop's clock.

A deadline is only ever shortened on the way down. It never cancels anything: each stage that waits asks first, so that
a write which is already on its way is told apart from one that never left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gateway.domain.vendor import VendorKey
from gateway.upstream.exchange import Answer
from gateway.upstream.refusals import OutOfTime
from gateway.upstream.stage import Call, Onward

_due: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything inside has to be done in `seconds`, or earlier where an outer deadline says so."""
    outer = enter(seconds)
    try:
        yield
    finally:
        leave(outer)


def enter(seconds: float) -> float | None:
    """From here on everything has to be done in `seconds`; returns the deadline before, for `leave`."""
    outer = _due.get()
    due = asyncio.get_running_loop().time() + seconds
    _due.set(due if outer is None else min(outer, due))
    return outer


def leave(outer: float | None) -> None:
    _due.set(outer)


@contextmanager
def lifted() -> Iterator[None]:
    """No deadline inside: for work that several operations share."""
    outer = _due.get()
    _due.set(None)
    try:
        yield
    finally:
        _due.set(outer)


def remaining() -> float | None:
    """Seconds left, never below 0; None where no operation set a deadline."""
    due = _due.get()
    if due is None:
        return None
    left = due - asyncio.get_running_loop().time()
    return max(0.0, left)


def capped(seconds: float) -> float:
    """`seconds`, or what is left where that is less."""
    left = remaining()
    return seconds if left is None else min(seconds, left)


class Deadline:
    """First stage: asks nothing of a vendor when the time is up already."""

    def __init__(self, vendor: VendorKey) -> None:
        self._vendor = vendor

    def __call__(self, call: Call, onward: Onward) -> Awaitable[Answer]:
        if remaining() == 0:
            raise OutOfTime(self._vendor, "No time was left to ask the vendor.")
        return onward(call)
