"""Commands whose answer is a text and a status: asked of the running graph, printed, done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import typer

from gateway import settings, telemetry
from gateway.settings import Settings

Report = Callable[[Settings], Awaitable[tuple[str, int]]]


def told(report: Report, config: Path | None) -> int:
    """Prints the report; its exit status."""
    loaded = settings.load(config)
    telemetry.configure(loaded.log_level)

    async def made() -> tuple[str, int]:
        return await report(loaded)

    text, status = asyncio.run(made())
    typer.echo(text)
    return status
