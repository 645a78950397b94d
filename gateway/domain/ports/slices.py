"""A read of one window: all that is there, or an honest sample of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

import msgspec

from gateway.domain.errors import UpstreamError
from gateway.domain.instant import Micros
from gateway.domain.window import Window

Body = TypeVar("Body")


class Slice(msgspec.Struct, Generic[Body]):
    """What one read of a window brought.

    `complete`: `body` is all the vendor holds in the window. Otherwise more rows were there than the budget allowed;
    `body` is what was read and `sample` the instants of the rows in the order the vendor sent them, so that the next,
    narrower window can be chosen. `total` is the vendor's own count for the window over all codes asked; None where it
    tells none. `moved`: the vendor's count kept changing while paging, so rows may be missing (quirk B18).
    """

    body: Body
    complete: bool
    total: int | None = None
    sample: list[Micros] = msgspec.field(default_factory=list)
    moved: bool = False


class Short(Slice[Body], Generic[Body]):
    """A slice of what is known while the vendor cannot be asked: nothing is told of `lost`, because of `error`.

    `lost` ascends. Only handed to those who read `partly`, for to everybody else it would look whole.
    """

    lost: list[Window] = msgspec.field(default_factory=list)
    error: UpstreamError | None = None

    def near(self, window: Window, *, backward: bool) -> Window:
        """The part of `window` at its near end that is known; empty where none is."""
        if backward:
            return Window(max(window.start, self.lost[-1].end), window.end)
        return Window(window.start, min(window.end, self.lost[0].start))


_partly: ContextVar[bool] = ContextVar("partly", default=False)


@contextmanager
def partly() -> Iterator[None]:
    """Whoever reads inside tells a Short slice from a whole one."""
    outer = _partly.get()
    _partly.set(True)
    try:
        yield
    finally:
        _partly.set(outer)


def may_be_short() -> bool:
    """Whether a Short slice is better than an error here."""
    return _partly.get()
