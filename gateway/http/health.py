"""`/healthz` and `/readyz`: for those who start, stop and route, never for callers of the graph.

A vendor that is down must not take the gateway out of service (rules.md 7), so it never changes a status here.
"""

from __future__ import annotations

import orjson

from gateway.http.insiders import Insiders
from gateway.http.lifecycle import Lifecycle
from gateway.http.reply import Reply, Scope
from gateway.settings import Settings


class Health:
    """Both answers, from the lifecycle."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, insiders: Insiders) -> None:
        self._simulated = bool(settings.simulated)
        self._lifecycle = lifecycle
        self._insiders = insiders

    def alive(self) -> Reply:
        """200 while the process lives."""
        graph = self._lifecycle.graph
        sandbox = self._simulated if graph is None else graph.sandbox
        return Reply(200, orjson.dumps({"status": "alive", "sandbox": sandbox}))

    async def ready(self, scope: Scope) -> Reply:
        """503 before start-up is complete and while draining. The vendors' states are for insiders (rules.md 35)."""
        state, graph = self._lifecycle.state, self._lifecycle.graph
        body: dict[str, object] = {"status": state}
        if graph is not None:
            body["sandbox"] = graph.sandbox
            if await self._insiders.admits(scope):
                body["vendors"] = await graph.ready()
        return Reply(200 if state == "ready" else 503, orjson.dumps(body))
