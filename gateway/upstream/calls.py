"""Seeing every attempt outward: a tally per operation and an observer for metrics.

Neither ever learns a path, a query, a header or a body: an endpoint is a name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Self, TypeAlias, TypeVar, overload

import msgspec

from gateway.domain.errors import UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.telemetry import course
from gateway.telemetry.course import Course
from gateway.upstream.exchange import Answer
from gateway.upstream.stage import Call, Onward


class Attempt(msgspec.Struct, frozen=True):
    """One HTTP request, done. `outcome` is `ok`, an error's code or `abandoned`; `rows` is for those who know them.

    `received`: bytes of a body that came whole, unpacked.
    """

    vendor: VendorKey
    endpoint: str
    outcome: str
    seconds: float
    rows: int | None = None
    received: int = 0


Observer: TypeAlias = Callable[[Attempt], None]


def unobserved(attempt: Attempt) -> None:
    """An observer that looks away."""


class Tally:
    """Attempts counted since the `with` began, and how long vendors' limits were waited for.

    What is made of the rest of the story is up to its subclasses.
    """

    def __init__(self, outer: Tally | None = None) -> None:
        self.by_vendor: dict[VendorKey, int] = {}
        self._outer = outer
        self._waiting = 0
        self._waited = self._since = 0.0

    @property
    def waits(self) -> bool:
        """Whether a limit is waited for right now."""
        return self._waiting > 0

    @property
    def waited(self) -> float:
        """Seconds in which at least one call waited."""
        return self._waited + (monotonic() - self._since if self._waiting else 0.0)

    def wait_begins(self, at: float) -> None:
        if not self._waiting:
            self._since = at
        self._waiting += 1
        if self._outer is not None:
            self._outer.wait_begins(at)

    def wait_ends(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._waited += monotonic() - self._since
        if self._outer is not None:
            self._outer.wait_ends()

    def __enter__(self) -> Self:
        _tally.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _tally.set(self._outer)

    def add(self, vendor: VendorKey, endpoint: str) -> None:
        """An attempt begins."""
        self.by_vendor[vendor] = self.by_vendor.get(vendor, 0) + 1
        if self._outer is not None:
            self._outer.add(vendor, endpoint)

    def done(self, attempt: Attempt) -> None:
        """One that had begun is over."""
        if self._outer is not None:
            self._outer.done(attempt)

    def met(self, question: Course) -> None:
        """A question is over, with all its attempts, or without any where it was refused here."""
        if self._outer is not None:
            self._outer.met(question)


Kind = TypeVar("Kind", bound=Tally)

_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@overload
def tally() -> Tally: ...
@overload
def tally(kind: type[Kind]) -> Kind: ...
def tally(kind: type[Any] = Tally) -> Any:
    """Counts real HTTP attempts made inside, logins and retries included. A tally inside a tally counts for both.

    What several operations wait for counts for the one that began it.
    """
    return kind(_tally.get())


def at_hand() -> Tally | None:
    """The tally that counts what is asked here."""
    return _tally.get()


def met(question: Course) -> None:
    """Tells the tally at hand how a question to a vendor went."""
    counting = _tally.get()
    if counting is not None:
        counting.met(question)


@contextmanager
def waiting() -> Iterator[None]:
    """Around a wait for a vendor's limit."""
    counting = _tally.get()
    if counting is None:
        yield
        return
    counting.wait_begins(monotonic())
    try:
        yield
    finally:
        counting.wait_ends()


class Observe:
    """Stage right before the wire: what passes here is really sent."""

    def __init__(self, vendor: VendorKey, observer: Observer) -> None:
        self._vendor = vendor
        self._observer = observer

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        counting = _tally.get()
        if counting is not None:
            counting.add(self._vendor, call.ask.endpoint)
        course.attempted(call.ask.endpoint)
        time = asyncio.get_running_loop().time
        began, outcome, received = time(), "abandoned", 0
        try:
            answer = await onward(call)
            outcome, received = "ok", len(answer.body)
        except UpstreamError as error:
            outcome = error.code
            raise
        else:
            return answer
        finally:
            attempt = Attempt(self._vendor, call.ask.endpoint, outcome, time() - began, received=received)
            if counting is not None:
                counting.done(attempt)
            self._observer(attempt)
