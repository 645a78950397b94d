"""What one question to a vendor met on its way, noted by those it passes. Travels in a context variable.

Holds counts, times and names of the code; never an address, a header of ours, or a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

import msgspec

NOTHING: Mapping[str, str] = {}


class Course(msgspec.Struct):
    """`cache`: why the cache let it through, `none` where there is no cache. `waited`: seconds for the quota.

    `sent`: how often the question itself left, its logins left out. `headers` carry the trace to the vendor.
    """

    vendor: str
    endpoint: str
    cache: str = "none"
    attempts: int = 0
    sent: int = 0
    waited: float = 0.0
    status: int | None = None
    outcome: str = "abandoned"
    headers: Mapping[str, str] = NOTHING


_course: ContextVar[Course | None] = ContextVar("course", default=None)
_cache: ContextVar[str] = ContextVar("cache_let_through", default="none")


def enter(course: Course) -> Course | None:
    """From here on `course` is the one at hand; returns the one before, for `leave`."""
    outer = _course.get()
    course.cache = _cache.get()
    _course.set(course)
    return outer


def leave(outer: Course | None) -> None:
    _course.set(outer)


def asked(why: str) -> None:
    """The cache lets a question through, because of a `miss` or a `bypass`."""
    _cache.set(why)


def waited(seconds: float) -> None:
    """For a slot of the quota."""
    course = _course.get()
    if course is not None:
        course.waited += seconds


def attempted(endpoint: str) -> None:
    """An HTTP request leaves."""
    course = _course.get()
    if course is not None:
        course.attempts += 1
        course.sent += endpoint == course.endpoint


def outward() -> Mapping[str, str]:
    """Headers that carry the trace to the vendor; empty where nothing is traced."""
    course = _course.get()
    return NOTHING if course is None else course.headers
