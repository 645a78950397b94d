"""Who may look behind the counter: metrics, and the vendors' states (rules.md 35)."""

from __future__ import annotations

from gateway.access.principal import require
from gateway.access.scopes import Scope as Right
from gateway.domain.errors import AccessError, Forbidden
from gateway.http.callers import admitted
from gateway.http.graphql import joined
from gateway.http.lifecycle import Lifecycle
from gateway.http.origin import Origins
from gateway.http.reply import Refusal, Scope
from gateway.settings import Settings


class Insiders:
    """Lets in who asks from this machine, who has the scope, and everybody where the operator opened the door."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle) -> None:
        self._open = settings.metrics_open
        self._origins = Origins(settings.trusted_proxies)
        self._lifecycle = lifecycle

    def near(self, scope: Scope) -> bool:
        """Whether no credential is asked for."""
        return self._open or self._origins.loopback(scope)

    async def admit(self, scope: Scope) -> None:
        """Raises Refusal: 401, 403, 429, and 503 while there is nobody to tell who asks."""
        if self.near(scope):
            return
        graph = self._lifecycle.graph
        if graph is None:
            raise Refusal(503, "The gateway is starting.", code="OVERLOADED", headers=((b"retry-after", b"1"),))
        caller = await admitted(graph, joined(scope["headers"]))
        try:
            require(caller.principal, Right.ADMIN)
        except AccessError as error:
            status = 403 if isinstance(error, Forbidden) else 401
            raise Refusal(status, error.message, code=error.code) from None

    async def admits(self, scope: Scope) -> bool:
        """Whether this caller may see more, for an answer that everybody may have in part."""
        if self.near(scope):
            return True
        if not any(name in (b"authorization", b"x-api-key") for name, _ in scope["headers"]):
            return False  # the probes of a cluster, many times a minute
        try:
            await self.admit(scope)
        except Refusal:
            return False
        return True
