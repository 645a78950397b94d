"""Where a reader is heading, told beside a question: a port may then read ahead, or answer only as far as needed.

A hint and nothing else: an answer is right with it and without it. Travels in a context variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec

from gateway.domain.instant import Micros
from gateway.domain.window import Window


class Course(msgspec.Struct, frozen=True):
    """`span`: all that is left to be read, of which the window asked is the near end. `need`: rows still wanted.

    `picks`: the instants of the wanted rows of a body, as the port returns it.
    """

    span: Window
    backward: bool
    need: int
    picks: Callable[[Any], Sequence[Micros]]


_course: ContextVar[Course | None] = ContextVar("course", default=None)


@contextmanager
def towards(span: Window, need: int, picks: Callable[[Any], Sequence[Micros]], *, backward: bool) -> Iterator[None]:
    """Questions asked inside belong to a scan of `span` from its near end."""
    outer = _course.get()
    _course.set(Course(span, backward, need, picks))
    try:
        yield
    finally:
        _course.set(outer)


def current() -> Course | None:
    """None where the question stands for itself."""
    return _course.get()
