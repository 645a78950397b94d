"""What a stage of the pipeline is and how stages are joined. No stage stands here, and none knows its neighbours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeAlias

import msgspec

from gateway.upstream.exchange import Answer, Ask


class Call(msgspec.Struct, frozen=True):
    """An ask on its way out. `signature` holds the credential's headers, so a call must never be printed."""

    ask: Ask
    signature: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Call({self.ask.endpoint!r})"


Onward: TypeAlias = Callable[[Call], Awaitable[Answer]]


class Stage(Protocol):
    """Takes a call, hands it onward (never, once or again) and returns what came back, or raises an UpstreamError."""

    def __call__(self, call: Call, onward: Onward) -> Awaitable[Answer]: ...


def join(stages: Sequence[Stage], end: Onward) -> Onward:
    """The stages as one function: a question passes them first to last, its answer last to first."""
    onward = end
    for stage in reversed(stages):
        onward = partial(stage, onward=onward)
    return onward
