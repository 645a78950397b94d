"""The smallest simulator: ten rows of JSON at any path below /v9."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation, secret
from gateway.sandbox.world import World

BODY = orjson.dumps({"rows": list(range(10))})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    await request.body()
    request.state.rows = 10
    await Response(BODY, media_type="application/json")(scope, receive, send)


def simulate(world: World, faults: Faults) -> Simulation:
    return Simulation(echo, "/v9", {"token": secret(world.seed, "echo")}, ("/things/*",))
