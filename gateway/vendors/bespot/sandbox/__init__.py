"""Bespot, played from its two documents on the sandbox's world, quirks included.

Shares no code with the adapter: what the adapter misreads must show. Choices the documents leave open are in `Play`.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation, secret
from gateway.sandbox.world import World
from gateway.vendors.bespot.sandbox.answers import FOREIGN, Refused
from gateway.vendors.bespot.sandbox.tenant import Play, Tenant

__all__ = ["Play", "simulate"]

_PREFIX = "/api"


def simulate(world: World, faults: Faults, play: Play | None = None) -> Simulation:
    """A tenant that sees every place with a Bespot code, strays included."""
    username, password = "sandbox", secret(world.seed, "bespot")
    tenant = Tenant(world, play or Play())
    expected = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    endpoints = {
        "/bi/dwelltime/": tenant.dwell_time,
        "/bi/unique-users-count/": tenant.unique_users,
        "/bi/sessions-count/": tenant.sessions_count,
        "/bi/acquisition-metrics/visits/": tenant.visits,
        "/bi/acquisition-metrics/occupancy/": tenant.occupancy,
    }
    routes = [Route(_PREFIX + path, _guarded(answer, expected)) for path, answer in endpoints.items()]
    routes += [Route((_PREFIX + path).rstrip("/"), _add_the_slash) for path in endpoints]
    routes.append(Route("/{path:path}", _nowhere))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Simulation(app, _PREFIX, {"username": username, "password": password}, tuple(endpoints))


def _guarded(answer: Callable[[Request], Response], expected: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            return Refused(401, "authentication_failed", "Invalid username/password.").response
        try:
            return answer(request)
        except Refused as refused:
            return refused.response

    return endpoint


async def _add_the_slash(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return Response(status_code=301, headers={"location": f"{FOREIGN}{request.url.path}/{query}"})


async def _nowhere(request: Request) -> Response:
    return Refused(404, "not_found", "Not found.").response
