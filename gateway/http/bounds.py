"""How long one operation may take and how many may run at once (rules.md 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.access.principal import Principal
from gateway.execution.errors import entry
from gateway.execution.operation import GraphQLRequest, Outcome, Phase
from gateway.http.begun import Begun
from gateway.http.lifecycle import Graph
from gateway.http.overdue import overdue
from gateway.http.reply import Refusal
from gateway.upstream import deadline

GRACE = 0.5
"""Seconds beyond the deadline in which an operation still tells what is missing, before it is cut off."""


async def executed(graph: Graph, request: GraphQLRequest, principal: Principal, seconds: float) -> Outcome:
    """What is there by the deadline, the rest told by rules 1 and 2. Cut off where even that takes too long."""
    outer = deadline.enter(seconds)
    try:
        running = Begun(graph.execute(request, principal))
        if running.over:
            return running.result
        return await _in_time(running, seconds)
    finally:
        deadline.leave(outer)


async def _in_time(running: Begun[Outcome], seconds: float) -> Outcome:
    watch = overdue()
    task = watch.begin(seconds + GRACE)
    try:
        return await running
    except asyncio.CancelledError:
        if not watch.end(task):
            raise
        late = entry(f"The operation took longer than {seconds:g} seconds.", "UPSTREAM_TIMEOUT", retryable=True)
        return Outcome(Phase.RAN, None, errors=[late])
    finally:
        watch.end(task)


class Places:
    """So many requests at once; the next is refused at once, not queued: a queue would only make everyone late."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises a 503 where there is none left."""
        self.take()
        try:
            yield
        finally:
            self.leave()

    def take(self) -> None:
        """One, until `leave`. Raises a 503 where there is none left."""
        if self._taken >= self._most:
            message = "The gateway is serving as many requests as it may."
            raise Refusal(503, message, code="OVERLOADED", headers=((b"retry-after", b"1"),))
        self._taken += 1

    def leave(self) -> None:
        self._taken -= 1
