"""`gateway explain`: the calls one operation plans, priced as the operator. No vendor is asked for data."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import orjson
import typer

from gateway import runtime, settings, telemetry
from gateway.cli.asking import OPERATOR, object_of, text_of
from gateway.execution.operation import GraphQLRequest, Outcome
from gateway.settings import Settings

SHOWN = frozenset({"cost", "explain"})


def explain(document: str, variables: str, config: Path | None) -> int:
    """Prints the plan as JSON. 1 where the operation would be refused."""
    request = GraphQLRequest(query=text_of(document), variables=object_of(variables), shown=SHOWN)
    loaded = settings.load(config)
    telemetry.configure(loaded.log_level)
    outcome = asyncio.run(_explained(loaded, request))
    members = {**({"errors": outcome.errors} if outcome.errors else {}), **outcome.extensions}
    typer.echo(orjson.dumps(members, option=orjson.OPT_INDENT_2))
    return 1 if outcome.errors else 0


async def _explained(loaded: Settings, request: GraphQLRequest) -> Outcome:
    async with runtime.gateway(loaded) as gateway:
        return await gateway.explain(msgspec.structs.replace(request, shown=SHOWN), OPERATOR)
