"""Who goes first where callers wait for the same vendor. Travels in a context variable; only orders waiters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Lane(IntEnum):
    """Lower goes first."""

    INTERACTIVE = 0
    EXPORT = 1
    WARM_UP = 2


_lane: ContextVar[Lane] = ContextVar("lane", default=Lane.INTERACTIVE)


@contextmanager
def within(lane: Lane) -> Iterator[None]:
    """Calls made inside wait in `lane`."""
    outer = _lane.get()
    _lane.set(lane)
    try:
        yield
    finally:
        _lane.set(outer)


def current() -> Lane:
    """The lane of the work at hand."""
    return _lane.get()
