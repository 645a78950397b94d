"""Everybody who listens, over whatever transport: how many may, for how long, and whether they still may.

A key that is revoked, a token that has ended or rights that have changed end a stream within seconds; nobody is ever
cut without being told. Credentials are held for the looks, in memory only, and never told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from typing import Protocol

import structlog

from gateway.access.principal import Principal
from gateway.domain.errors import Forbidden, GatewayError
from gateway.execution.errors import Entry, entry, facts
from gateway.http.lifecycle import Lifecycle
from gateway.http.reply import Refusal
from gateway.settings import Settings
from gateway.telemetry import Telemetry

LOOK = 2.0
"""Seconds between two looks at the listeners' rights."""
LEAVE = 10.0
"""Seconds listeners have to leave in when the gateway stops."""

log = structlog.get_logger("gateway.http")


class Listener(Protocol):
    """One connection that listens. `since` is in seconds of the loop's clock.

    `credentials` are the headers it proved itself with, `principal` who it is; None until it has said.
    """

    since: float
    credentials: Mapping[str, str]
    principal: Principal | None

    def revoke(self, told: Entry) -> None:
        """Ends it, for want of rights."""
        ...

    def dismiss(self) -> None:
        """Ends it as soon as its questions are answered; it may come again at once."""
        ...


class Audience:
    """All listeners of this process."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, telemetry: Telemetry) -> None:
        self._most = settings.streams.most
        self._longest = settings.export_timeout
        self._lifecycle = lifecycle
        self.telemetry = telemetry
        self._listeners: set[Listener] = set()
        self._watch: asyncio.Task[None] | None = None

    @contextmanager
    def seat(self, listener: Listener) -> Iterator[None]:
        """Raises a 503 where there is none left."""
        if len(self._listeners) >= self._most:
            message = "The gateway serves as many streams as it may."
            raise Refusal(503, message, code="OVERLOADED", headers=((b"retry-after", b"5"),))
        self._listeners.add(listener)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._watched(), context=Context())
        try:
            yield
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    @contextmanager
    def following(self, transport: str) -> Iterator[None]:
        """One subscription, for the metrics."""
        gauge = self.telemetry.metrics.subscribers.labels(transport)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    def dropped(self, transport: str) -> None:
        """One that read too slowly, for the metrics."""
        self.telemetry.metrics.dropped.labels(transport).inc()

    async def dismiss(self) -> None:
        """Everybody, because the gateway stops. Returns when they have left, or soon after."""
        for listener in tuple(self._listeners):
            listener.dismiss()
        until = asyncio.get_running_loop().time() + LEAVE
        while self._listeners and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def _watched(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            now = asyncio.get_running_loop().time()
            found: dict[frozenset[tuple[str, str]], Principal | GatewayError | None] = {}
            for listener in tuple(self._listeners):
                if now - listener.since > self._longest:
                    listener.dismiss()
                elif listener.principal is not None and listener.credentials:
                    mark = frozenset(listener.credentials.items())
                    if mark not in found:
                        found[mark] = await self._asked(listener.credentials)
                        await asyncio.sleep(0)  # a signature takes its time
                    _judge(listener, found[mark])

    async def _asked(self, credentials: Mapping[str, str]) -> Principal | GatewayError | None:
        """None where it cannot be told now: the next look will."""
        graph = self._lifecycle.graph
        try:
            return await graph.authenticate(credentials) if graph is not None else None
        except GatewayError as error:
            return error
        except Exception:
            log.exception("rights")
            return None


def _judge(listener: Listener, found: Principal | GatewayError | None) -> None:
    if isinstance(found, GatewayError):
        listener.revoke(entry(found.message, **facts(found)))
    elif found is not None and listener.principal is not None and found.rights_key != listener.principal.rights_key:
        changed = Forbidden("The caller's rights have changed: subscribe again.")
        listener.revoke(entry(changed.message, **facts(changed)))
