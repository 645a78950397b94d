"""When a request is made again, and when it must not be (rules.md 5 and 31).

Never longer than the operation's deadline: an answer given up early is worth more than one that comes too late.
"""

from __future__ import annotations

import asyncio
import random

from gateway.domain.errors import Malformed, Throttled, TimedOut, Unavailable, UpstreamError, WriteOutcomeUnknown
from gateway.upstream import deadline
from gateway.upstream.exchange import Answer
from gateway.upstream.refusals import NeverSent, Truncated, Unreached
from gateway.upstream.stage import Call, Onward

TRIES = 3
RETRIED = frozenset({500, 502, 503, 504})
PATIENCE = 60.0
"""Longest wait in seconds where no operation sets a deadline."""

_FIRST = 0.1
_FIRST_THROTTLED = 0.5
_MOMENT = 0.05
"""Seconds an attempt needs at the very least: a wait that leaves less is not worth it."""

_chance = random.SystemRandom()


class Retry:
    """At most three tries a request, with jittered waits between them."""

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        attempt = 1
        while True:
            try:
                return await onward(call)
            except UpstreamError as error:
                if not call.ask.idempotent and _may_have_arrived(error):
                    raise _unknown(error) from error
                wait = _wait(error, attempt) if _again(error, write=not call.ask.idempotent) else None
                if wait is None or attempt == TRIES:
                    raise
            await asyncio.sleep(wait)
            attempt += 1


def _again(error: UpstreamError, *, write: bool) -> bool:
    """Whether this failure may pass by itself. Time-outs are not retried: they have used the vendor's time."""
    if isinstance(error, Unreached):
        return True
    if write or isinstance(error, NeverSent):
        return False
    if isinstance(error, Throttled):
        return True
    return isinstance(error, Unavailable) and (error.status is None or error.status in RETRIED)


def _wait(error: UpstreamError, attempt: int) -> float | None:
    """Seconds until the next try, never less than the vendor asked for; None where it does not fit."""
    first = _FIRST_THROTTLED if isinstance(error, Throttled) else _FIRST
    backoff = first * 2 ** (attempt - 1) * _chance.uniform(0.5, 1.0)
    wait = backoff if error.retry_after is None else error.retry_after + _chance.uniform(0.0, _MOMENT)
    left = deadline.remaining()
    return wait if wait + _MOMENT <= (PATIENCE if left is None else left) else None


def _may_have_arrived(error: UpstreamError) -> bool:
    """Whether the vendor may have acted although it gave no answer of its own: 502 and 504 are a proxy's words."""
    if isinstance(error, NeverSent):
        return False
    if isinstance(error, Malformed):
        return isinstance(error, Truncated)
    return isinstance(error, Unavailable | TimedOut) and error.status in (None, 502, 504)


def _unknown(error: UpstreamError) -> WriteOutcomeUnknown:
    return WriteOutcomeUnknown(
        error.vendor, "The vendor may have carried out the change; no answer came. Look before trying again."
    )
