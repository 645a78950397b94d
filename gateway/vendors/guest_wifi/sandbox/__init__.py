"""The guest Wi-Fi, played from its document on the sandbox's world, quirks included.

Shares no code with the adapter: what the adapter misreads must show. Choices the document leaves open are in `Play`.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation, secret
from gateway.sandbox.world import World
from gateway.vendors.guest_wifi.sandbox.answers import Refused
from gateway.vendors.guest_wifi.sandbox.venues import Play, Venues

__all__ = ["Play", "simulate"]

_PREFIX = "/api/v1"
_MINUTE = 60.0

Answer = Callable[[Request], Response]


def simulate(
    world: World, faults: Faults, play: Play | None = None, monotonic: Callable[[], float] = time.monotonic
) -> Simulation:
    """A tenant that sees every venue with Wi-Fi, strays included. `monotonic`: seconds, for the call limits."""
    play = play or Play()
    token = secret(world.seed, "guest_wifi")
    wifi = Venues(world, play)

    def route(path: str, answer: Answer) -> Route:
        return Route(_PREFIX + path, _guarded(answer, f"Bearer {token}", _Limit(play.calls_per_minute, monotonic)))

    routes = [
        route("/sessions", wifi.sessions),
        route("/sessions/count", wifi.count),  # before the addresses: the word wins
        route("/sessions/{addresses}", wifi.leases),
        Route("/{path:path}", _nowhere),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Simulation(app, _PREFIX, {"token": token}, ("/sessions", "/sessions/count", "/sessions/*"))


def _guarded(answer: Answer, expected: str, limit: _Limit) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            return Refused(401, "Unauthenticated.").response
        try:
            limit.take()
            return answer(request)
        except Refused as refused:
            return refused.response

    return endpoint


async def _nowhere(request: Request) -> Response:
    return Refused(404, "Not Found").response


class _Limit:
    """At most so many calls in any 60 seconds; refused calls are not counted."""

    def __init__(self, calls: int | None, monotonic: Callable[[], float]) -> None:
        self._calls = calls
        self._monotonic = monotonic
        self._taken: deque[float] = deque()

    def take(self) -> None:
        """Raises Refused (429 with whole seconds to wait) when the minute is spent."""
        if self._calls is None:
            return
        now = self._monotonic()
        while self._taken and self._taken[0] <= now - _MINUTE:
            self._taken.popleft()
        if len(self._taken) >= self._calls:
            wait = int(self._taken[0] + _MINUTE - now) + 1
            raise Refused(429, "Too Many Attempts.", {"retry-after": str(wait)})
        self._taken.append(now)
