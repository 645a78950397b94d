"""One question to a vendor and its raw answer. Values only: nothing here is sent, signed or judged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec


class Ask(msgspec.Struct, frozen=True):
    """A request relative to the vendor's base URL.

    `endpoint` names it for quotas, metrics and logs and holds no data: `sessions`, never `/sessions/10.1.1.5`.
    `path` starts with a slash and is already percent-encoded. `query` pairs are encoded by the pipeline; repeated keys
    stay repeated; a pair whose value is None must not be put in (quirk O20). `idempotent` False: a write, which is
    never sent again once it may have arrived (rules.md 5, 31). `steady`: asked in the same words again and again, and
    nothing of a person is in them: what is made of them may be kept.
    """

    endpoint: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes | None = None
    content_type: str | None = None
    accept: str = "application/json"
    idempotent: bool = True
    steady: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What came back, whole: never longer than the vendor's bound. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OpenAnswer(Answer, frozen=True):
    """An answer whose body is still on its way: `chunks` yields it once, decoded; `body` is filled for refusals only.

    `close` gives the connection back and must be called, more than once does no harm.
    """

    chunks: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]
