"""Subscriptions: every event of a source completed as an operation of its own, once for all readers that are alike.

Limits, permission, masking and grouping are those of a single answer, on every later payload too. A reader that does
not read is told and dropped; it may never hold up the others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextvars import Context as Variables
from inspect import isawaitable
from typing import Any, TypeAlias

import msgspec
import orjson
from graphql import ExecutionResult, GraphQLError
from graphql.execution import Executor, create_source_event_stream

from gateway.domain.errors import GatewayError
from gateway.execution.errors import Entry, Incident, entry, facts, incident, internal
from gateway.execution.operation import Context, GraphQLRequest, Operations, Outcome, Phase, Refused
from gateway.upstream import deadline

MOST_UNREAD = 256
"""Outcomes of earlier bursts that may wait for one reader."""
GRACE = 0.5
"""Seconds beyond its deadline in which an event still tells what is missing."""

Report: TypeAlias = Callable[[Incident], None]


class Event(msgspec.Struct):
    """A payload of a source, and what its answer tells beside it in `extensions`."""

    payload: object
    extensions: dict[str, Any]


class Outlet:
    """One reader's end of a subscription: iterate the outcomes. After the last, `errors` say why it was broken off.

    To be closed when no longer read.
    """

    def __init__(self, leave: Callable[[Outlet], None]) -> None:
        self._leave = leave
        self._outcomes: deque[Outcome] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self.errors: list[Entry] = []

    def __aiter__(self) -> Outlet:
        return self

    async def __anext__(self) -> Outcome:
        while not self._outcomes:
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._outcomes.popleft()

    def put(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._wake.set()

    def end(self, *errors: Entry) -> None:
        """Nothing more comes. With errors it is broken off: what waits is not told any more."""
        if self._ended:
            return
        if errors:
            self._outcomes.clear()
        self.errors = list(errors)
        self.close()

    def close(self) -> None:
        """Nobody reads here any more."""
        self._ended = True
        self._wake.set()
        self._leave(self)

    @property
    def unread(self) -> int:
        return len(self._outcomes)


class Streams:
    """Opens subscriptions. `seconds` is what one event may take; `report` hears of bugs, once each."""

    def __init__(self, operations: Operations, *, seconds: float, report: Report) -> None:
        self._operations = operations
        self._seconds = seconds
        self._report = report
        self._channels: dict[Hashable, _Channel] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self, request: GraphQLRequest, context: Callable[[], Context], alike: Hashable) -> Outlet | Outcome:
        """An outlet, or why there is none. Callers of equal `alike` may read each other's answers."""
        asked = orjson.dumps([request.query, request.operation_name, request.variables], option=orjson.OPT_SORT_KEYS)
        key = (alike, request.allowed, asked)
        if key not in self._channels:
            opened = await self._opened(request, context)
            if isinstance(opened, Outcome):
                return opened
            executor, source = opened
            if key in self._channels:  # somebody else was faster
                self.let_go(source)
            else:
                self._channels[key] = _Channel(self, key, executor, source, context)
        return self._channels[key].outlet()

    async def _opened(
        self, request: GraphQLRequest, context: Callable[[], Context]
    ) -> tuple[Executor[Any], AsyncIterator[Any]] | Outcome:
        own = context()
        try:
            _, executor, _, _ = await self._operations.admitted(request, own)
            source = create_source_event_stream(executor)
            found = await source if isawaitable(source) else source
        except Refused as refused:
            return Outcome(refused.phase, errors=refused.errors, extensions=own.extensions() | refused.told)
        except Exception as error:
            met = incident(error)
            return Outcome(Phase.PERMIT, errors=[internal(met)], incidents=[met])
        if isinstance(found, ExecutionResult):
            refusal = self._operations.outcome(found, own)
            return Outcome(Phase.PERMIT, errors=refusal.errors, incidents=refusal.incidents)
        return executor, aiter(found)

    async def event(self, executor: Executor[Any], payload: object, context: Context) -> Outcome:
        """One payload completed. Never raises but for cancellation."""
        event = payload if isinstance(payload, Event) else Event(payload, {})
        own = executor.build_per_event_executor(event.payload)
        own.context_value = context
        try:
            with deadline.within(self._seconds):
                async with asyncio.timeout(self._seconds + GRACE):
                    result = own.execute_operation(serially=False)
                    outcome = self._operations.outcome(await result if isawaitable(result) else result, context)
        except TimeoutError:
            late = entry(f"The event took longer than {self._seconds:g} seconds.", "UPSTREAM_TIMEOUT", retryable=True)
            return Outcome(Phase.RAN, None, errors=[late])
        except Exception as error:
            met = incident(error)
            outcome = Outcome(Phase.RAN, None, errors=[internal(met)], incidents=[met])
        for met in outcome.incidents:
            self._report(met)
        outcome.incidents = []
        outcome.extensions |= event.extensions
        return outcome

    def failed(self, error: Exception) -> Entry:
        """Why a source broke off, as its readers may know it."""
        if isinstance(error, GraphQLError) and error.original_error is not None:
            error = error.original_error
        if isinstance(error, GatewayError):
            return entry(error.message, **facts(error))
        met = incident(error)
        self._report(met)
        return internal(met)

    def let_go(self, source: AsyncIterator[Any]) -> None:
        """Closes a source beside whoever is done with it, who may have been cancelled."""
        task = asyncio.get_running_loop().create_task(_closed(source))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def gone(self, key: Hashable) -> None:
        """A channel has no reader left, or no source."""
        self._channels.pop(key, None)


class _Channel:
    """One running source and its readers. A source gives bursts: lists of events that became known together."""

    def __init__(
        self,
        streams: Streams,
        key: Hashable,
        executor: Executor[Any],
        source: AsyncIterator[Any],
        context: Callable[[], Context],
    ) -> None:
        self._streams = streams
        self._key = key
        self._executor = executor
        self._source = source
        self._context = context
        self._outlets: set[Outlet] = set()
        # variables of its own: the deadline and the tally of who came first are not the channel's
        self._pump = asyncio.get_running_loop().create_task(self._pumped(), context=Variables())
        self._pump.add_done_callback(lambda _: streams.let_go(source))

    def outlet(self) -> Outlet:
        outlet = Outlet(self._left)
        self._outlets.add(outlet)
        return outlet

    def _left(self, outlet: Outlet) -> None:
        self._outlets.discard(outlet)
        if not self._outlets:
            self._streams.gone(self._key)
            self._pump.cancel()

    async def _pumped(self) -> None:
        errors: list[Entry] = []
        try:
            async for burst in self._source:
                self._drop_the_slow()
                for payload in burst:
                    outcome = await self._streams.event(self._executor, payload, self._context())
                    for outlet in self._outlets:
                        outlet.put(outcome)
                    await asyncio.sleep(0)  # the readers' turn
        except Exception as error:
            errors = [self._streams.failed(error)]
        self._streams.gone(self._key)
        for outlet in tuple(self._outlets):
            outlet.end(*errors)

    def _drop_the_slow(self) -> None:
        """Those who have not read the bursts before this one."""
        for outlet in [each for each in self._outlets if each.unread > MOST_UNREAD]:
            outlet.end(entry("Too much was left unread: subscribe again.", "OVERLOADED", retryable=True))


async def _closed(source: AsyncIterator[Any]) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
