"""One question of a transport that can stream: named ones resolved, subscriptions opened, everything else run.

Whatever way it came, the same documents, places, budgets and bounds apply to it.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

from gateway.access.principal import Principal
from gateway.execution.operation import GraphQLRequest, Outcome, Phase
from gateway.execution.streams import Outlet
from gateway.http import sources
from gateway.http.bounds import Places, executed
from gateway.http.lifecycle import Graph
from gateway.http.persisted import Persisted, Unnamed
from gateway.http.sources import Sources
from gateway.upstream.calls import tally

Opened: TypeAlias = Outlet | Outcome


class Desk:
    """Takes questions. `seconds`: what a query or a mutation may take."""

    def __init__(self, persisted: Persisted, places: Places, seconds: float) -> None:
        self._persisted = persisted
        self._places = places
        self._seconds = seconds

    def resolved(self, request: GraphQLRequest) -> GraphQLRequest:
        """With its text. Raises Unnamed."""
        return self._persisted.resolved(request)

    async def ask(self, graph: Graph, request: GraphQLRequest, principal: Principal, line: dict[str, Any]) -> Opened:
        """An outlet of a subscription, or an outcome. `line` is what the log will say. Raises Refusal: no place."""
        line["who"] = principal.label
        try:
            request = self.resolved(request)
        except Unnamed as unnamed:
            return Outcome(Phase.CHOOSE, errors=[unnamed.told])
        line["hash"] = hashlib.sha256(request.query.encode("utf-8", "replace")).hexdigest()[:16]
        with tally() as calls:
            if await graph.follows(request):
                return await graph.subscribe(request, principal)
            with self._places.taken():
                outcome = await self._executed(graph, request, principal)
        line["calls"] = {vendor.value: count for vendor, count in sorted(calls.by_vendor.items())}
        return outcome

    async def _executed(self, graph: Graph, request: GraphQLRequest, principal: Principal) -> Outcome:
        if not sources.wanted(request, principal):
            return await executed(graph, request, principal, self._seconds)
        told = Sources(principal)
        with told.collected():
            outcome = await executed(graph, request, principal, self._seconds)
        outcome.extensions = {**outcome.extensions, sources.MEMBER: told.told()}
        return outcome
