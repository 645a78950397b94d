"""`gateway query`: one operation in this process, as the operator, who may see everything he configured."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson
import structlog
import typer
from msgspec import UNSET

from gateway import runtime, settings, telemetry
from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import EVERY_SCOPE
from gateway.execution.operation import GraphQLRequest, Outcome
from gateway.http.bounds import executed
from gateway.http.lines import told
from gateway.settings import ConfigurationError, Settings

OPERATOR = Principal(kind=CallerKind.ANONYMOUS, label="operator", scopes=EVERY_SCOPE)


def ask(document: str, variables: str, config: Path | None) -> int:
    """Prints the answer. 1 where it has errors."""
    request = GraphQLRequest(query=text_of(document), variables=object_of(variables))
    loaded = settings.load(config)
    telemetry.configure(loaded.log_level)
    outcome = asyncio.run(_answered(loaded, request))
    if outcome.incidents:
        structlog.get_logger("gateway.cli").error("query", incidents=[told(met) for met in outcome.incidents])
    members: dict[str, Any] = {"errors": outcome.errors} if outcome.errors else {}
    if outcome.data is not UNSET:
        members["data"] = outcome.data
    if outcome.extensions:
        members["extensions"] = outcome.extensions
    typer.echo(orjson.dumps(members, option=orjson.OPT_INDENT_2))
    return 1 if outcome.errors else 0


def text_of(document: str) -> str:
    """The document itself, the file of that name, or what comes on stdin. Raises ConfigurationError."""
    if document == "-":
        return sys.stdin.read()
    if "{" in document:
        return document
    try:
        return Path(document).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("DOCUMENT_OR_FILE: neither a GraphQL document nor a file that can be read") from None


def object_of(variables: str) -> dict[str, Any]:
    """Raises ConfigurationError where it is not a JSON object."""
    try:
        value = orjson.loads(variables)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError("--variables: not a JSON object")
    return value


async def _answered(loaded: Settings, request: GraphQLRequest) -> Outcome:
    async with runtime.gateway(loaded) as gateway:
        return await executed(gateway, request, OPERATOR, loaded.request_timeout)
