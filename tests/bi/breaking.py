"""A real server whose rows come on cue and may break off: what a reader must notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import uvicorn

from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import EVERY_SCOPE
from gateway.bi.ask import Ask
from gateway.bi.reading import Rows
from gateway.bi.tables import Batch
from gateway.domain import instant
from gateway.domain.errors import Unavailable
from gateway.domain.instant import MINUTE
from gateway.domain.vendor import VendorKey
from gateway.federation.cursor import Cursors
from gateway.http import server
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.settings import Settings
from gateway.upstream import lanes
from gateway.upstream.lanes import Lane

ROWS = 5_000
NOW = instant.parse("2026-11-20T12:00:00Z")


class Tables:
    """`batches` of ROWS visits each, `pause` seconds apart; then, unless `whole`, the vendor fails.

    `made`: batches handed out so far. `lane`: the one in which a vendor's quota would have been waited for.
    """

    def __init__(self, batches: int, *, whole: bool, pause: float = 0) -> None:
        self.batches = batches
        self.whole = whole
        self.pause = pause
        self.made = 0
        self.lane: Lane | None = None
        self.catalog = SimpleNamespace(clock=lambda: NOW, cursors=Cursors([b"k" * 32]))

    async def rows(self, ask: Ask, principal: Principal, start: int = 0, need: int | None = None) -> Rows:
        return Rows(ask, self._made())

    async def _made(self) -> AsyncIterator[Batch]:
        for number in range(self.batches):
            self.made += 1
            self.lane = lanes.current()
            starts = [(number * ROWS + row) * MINUTE for row in range(ROWS)]
            figures = [1] * ROWS
            keys = ["ath"] * ROWS
            yield Batch([keys, starts, [s + MINUTE for s in starts], figures, figures, [0] * ROWS, [True] * ROWS], ROWS)
            await asyncio.sleep(self.pause)
        if not self.whole:
            raise Unavailable(VendorKey.BESPOT, "BESPOT is down.", retry_after=7.0)


class Graph:
    """Stands in for the gateway where only tables are asked."""

    sandbox = False

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        return Principal(kind=CallerKind.KEY, label="key:test", scopes=EVERY_SCOPE)

    async def spend(self, principal: Principal) -> None:
        return None


@asynccontextmanager
async def serving(tables: Tables, settings: Settings | None = None) -> AsyncIterator[str]:
    """Its address."""
    lifecycle = Lifecycle()
    graph: Any = Graph(tables)
    lifecycle.graph = graph
    with server.listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(
            Edge(settings or Settings(), lifecycle), log_config=None, access_log=False, lifespan="off", ws="none"
        )
        running = uvicorn.Server(config)
        task = asyncio.create_task(running.serve(sockets=[listener]))
        try:
            yield server.address_of(listener)
        finally:
            running.should_exit = True
            await task
