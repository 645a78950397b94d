"""One read of one thing at a time: whoever asks for what is being read already waits for that read.

A waiter that leaves never stops the read; it runs on in the context of who began it (deadline, lane, tally). A failure
is shared with those who waited and, for a moment, with those who come right after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

import msgspec

from gateway.cache import freshness
from gateway.domain.errors import GatewayError, Throttled, TimedOut, Unavailable
from gateway.domain.vendor import VendorKey
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane

T = TypeVar("T")

MOMENT = 0.5
"""Seconds a failure is shared with newcomers."""

_LATER = 0.25
_BEHIND = 0.05


class _Flight(msgspec.Struct):
    task: asyncio.Task[Any]
    due: float | None


class Flights:
    """Reads under way in this process, of one vendor."""

    def __init__(self, vendor: VendorKey, moment: float = MOMENT) -> None:
        self._vendor = vendor
        self._moment = moment
        self._flying: dict[tuple[Lane, Hashable], _Flight] = {}
        self._failed: dict[tuple[Lane, Hashable], tuple[GatewayError, float]] = {}
        self._asides: set[asyncio.Task[Any]] = set()

    async def join(self, key: Hashable, fly: Callable[[], Awaitable[T]]) -> T:
        """What `fly` returns or raises, flown once for all who ask meanwhile. Raises TimedOut at the own deadline."""
        place = (lanes.current(), key)  # who is in a hurry does not wait in a slow lane
        while True:
            self._raise_shared(place)
            flight = self._flying.get(place)
            led = flight is None
            if flight is None:
                flight = self._begin(place, fly)
            else:
                freshness.joined(self._vendor)
            left = deadline.remaining()
            # a moment more than there is, for the read itself knows better what it failed of
            await asyncio.wait({flight.task}, timeout=None if left is None else left + _BEHIND)
            if not flight.task.done():
                raise TimedOut(self._vendor, "The vendor did not answer in time.")
            if flight.task.cancelled():
                raise Unavailable(self._vendor, "The gateway stopped asking.")
            error = flight.task.exception()
            if error is None:
                return cast("T", flight.task.result())
            if led or not _outlived(flight, error):
                raise error.with_traceback(None)
            self._failed.pop(place, None)

    async def patiently(self, work: asyncio.Future[Any], seconds: float) -> bool:
        """Whether `work` is done in time; if not it goes on in the background."""
        try:
            await asyncio.wait({work}, timeout=seconds)
        finally:
            if not work.done():
                self._aside(work)
        return work.done()

    async def close(self) -> None:
        """Ends what is still under way."""
        tasks = [*(flight.task for flight in self._flying.values()), *self._asides]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _aside(self, work: Awaitable[object]) -> None:
        """Runs on in the background; its failure is nobody's."""
        task = asyncio.ensure_future(_quietly(work))
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _begin(self, key: tuple[Lane, Hashable], fly: Callable[[], Awaitable[T]]) -> _Flight:
        left = deadline.remaining()
        task = asyncio.ensure_future(_awaited(fly))
        flight = self._flying[key] = _Flight(task, None if left is None else _now() + left)
        task.add_done_callback(lambda done: self._landed(key, done))
        return flight

    def _landed(self, key: tuple[Lane, Hashable], task: asyncio.Task[Any]) -> None:
        del self._flying[key]
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, GatewayError):
            wait = getattr(error, "retry_after", None)
            moment = self._moment if wait is None else min(self._moment, wait)
            if len(self._failed) > 1000:
                self._failed.clear()
            self._failed[key] = (error, _now() + moment)

    def _raise_shared(self, key: tuple[Lane, Hashable]) -> None:
        failed = self._failed.get(key)
        if failed is None:
            return
        if failed[1] > _now():
            raise failed[0].with_traceback(None)
        del self._failed[key]


async def _awaited(fly: Callable[[], Awaitable[T]]) -> T:
    return await fly()


async def _quietly(work: Awaitable[object]) -> None:
    try:
        await work
    except GatewayError:
        return


def _outlived(flight: _Flight, error: BaseException) -> bool:
    """Whether the read ended for want of time that the waiter still has."""
    if not isinstance(error, TimedOut | Throttled) or flight.due is None:
        return False
    left = deadline.remaining()
    return left is None or _now() + left > flight.due + _LATER


def _now() -> float:
    return asyncio.get_running_loop().time()
