"""A vendor that answers nothing: pipeline and adapter run as ever, no byte leaves, and every call is noted.

Made for one explanation and thrown away with it: nothing here shares a breaker, a quota or a connection with the client
that really asks. Only names and spans are noted; what a filter holds never is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.settings import VendorSettings
from gateway.upstream.auth import HeaderCredential
from gateway.upstream.breaker import BreakerRule
from gateway.upstream.calls import Attempt
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, OpenAnswer
from gateway.upstream.quota import Unlimited
from gateway.upstream.transport import NotConnected, Request
from gateway.upstream.vendor import Vendor

NEVER_OPENS = BreakerRule(failures=10**9)


class Question(msgspec.Struct, frozen=True):
    """What a port is asked. `codes` None: all of them. `filtered`: by more than is told here.

    `most`: calls it takes at most; None where only the vendor's rows decide. `exact`: what is noted is all there is.
    `perhaps`: what another question brings may be enough.
    """

    window: Window | None = None
    days: Days | None = None
    codes: tuple[str, ...] | None = None
    filtered: bool = False
    most: int | None = None
    exact: bool = False
    perhaps: bool = False


class Planned(msgspec.Struct):
    """Calls of one endpoint for one question."""

    vendor: VendorKey
    endpoint: str
    question: Question
    calls: int = 1

    @property
    def certain(self) -> int:
        """Calls that will be made whatever the vendor holds."""
        return 0 if self.question.perhaps else self.calls

    @property
    def at_most(self) -> int | None:
        """None where only the vendor's rows decide."""
        if self.question.exact:
            return self.calls
        return None if self.question.most is None else max(self.calls, self.question.most)


NOTHING_TOLD = Question()
_question: ContextVar[Question] = ContextVar("question", default=NOTHING_TOLD)


@contextmanager
def about(question: Question) -> Iterator[None]:
    """Calls made inside are made for this question."""
    outer = _question.get()
    _question.set(question)
    try:
        yield
    finally:
        _question.set(outer)


class Notes:
    """Calls that would have been made, in order."""

    def __init__(self) -> None:
        self.planned: list[Planned] = []

    def note(self, attempt: Attempt) -> None:
        """An observer of a client that asks nobody."""
        question = _question.get()
        for known in self.planned:
            if (known.vendor, known.endpoint, known.question) == (attempt.vendor, attempt.endpoint, question):
                known.calls += 1
                return
        self.planned.append(Planned(attempt.vendor, attempt.endpoint, question))


class Silence:
    """A transport that sends nothing and answers `body` to everything."""

    def __init__(self, body: bytes) -> None:
        self._answer = Answer(200, {"content-type": "application/json"}, body)

    async def send(self, request: Request) -> Answer:
        return self._answer

    async def open(self, request: Request) -> OpenAnswer:
        raise NotConnected

    async def close(self) -> None:
        return


def silent(vendor: Vendor, settings: VendorSettings, clock: Clock, notes: Notes) -> VendorClient:
    """A client that notes what it is asked."""
    return VendorClient(
        vendor.key,
        base_url="http://vendor.invalid",
        credential=HeaderCredential("x-rehearsal", "", "1"),
        transport=Silence(vendor.nothing),
        clock=clock,
        timeout=settings.timeout,
        max_connections=settings.max_connections,
        max_response_bytes=settings.max_response_bytes,
        quota=Unlimited(),
        explain=vendor.explain,
        observer=notes.note,
        breaker=NEVER_OPENS,
    )
