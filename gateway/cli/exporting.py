"""`gateway export`: one table from this process to a file or to stdout, as the operator, who may see all he configured.

A file is written beside its name and put in its place when it is whole; a broken export leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway import runtime, settings, telemetry
from gateway.bi.ask import Ask, parse
from gateway.bi.formats import FORMATS, writer
from gateway.bi.tables import BY_NAME, Batch, Kind
from gateway.cli.asking import OPERATOR
from gateway.domain.errors import GatewayError, InputError
from gateway.settings import ConfigurationError, Settings
from gateway.upstream import deadline, lanes
from gateway.upstream.calls import tally
from gateway.upstream.lanes import Lane

WAITING = 2.0
"""Seconds without a row after which the bar says that it waits for a vendor."""


def export(
    table: str, ending: str, output: Path | None, parameters: Sequence[tuple[str, str]], config: Path | None
) -> int:
    """0 done, 1 a vendor refused. Raises ConfigurationError for a wrong question."""
    if table not in BY_NAME:
        raise ConfigurationError(f"TABLE: one of {', '.join(BY_NAME)}")
    if ending not in FORMATS:
        raise ConfigurationError(f"--format: one of {', '.join(FORMATS)}")
    if output is None and sys.stdout.isatty() and ending in ("arrow", "parquet"):
        raise ConfigurationError(f"-o FILE: {ending} is not for a terminal")
    loaded = settings.load(config)
    telemetry.configure("error")
    try:
        return asyncio.run(_export(loaded, _asked(table, parameters), ending, output))
    except InputError as error:
        raise ConfigurationError(error.message) from None
    except GatewayError as error:
        typer.echo(f"gateway: {error.code}: {error.message}", err=True)
        return 1


def _asked(table: str, parameters: Sequence[tuple[str, str]]) -> Ask:
    return parse(BY_NAME[table], parameters)


async def _export(loaded: Settings, ask: Ask, ending: str, output: Path | None) -> int:
    async with runtime.gateway(loaded) as gateway:
        with ExitStack() as stack:
            stack.enter_context(deadline.within(loaded.export_timeout))
            stack.enter_context(lanes.within(Lane.EXPORT))
            calls = stack.enter_context(tally())
            target = stack.enter_context(_Target(output))
            shown = stack.enter_context(_Bar(ask))
            rows = await gateway.tables.rows(ask, OPERATOR)
            made = writer(ending, ask.shown, ask.columns)
            target.write(made.begin())
            async for batch in rows.batches:
                target.write(made.rows(batch))
                shown.advance(batch, sum(calls.by_vendor.values()))
            target.write(made.end())
            target.done()
        if rows.watermark is not None and output is not None:
            typer.echo(f"watermark: {rows.watermark}", err=True)
    return 0


class _Target:
    """stdout, or a file that appears when it is whole."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._part = None if path is None else path.with_name(path.name + ".part")
        self._file: BinaryIO

    def __enter__(self) -> _Target:
        try:
            self._file = sys.stdout.buffer if self._part is None else self._part.open("wb")
        except OSError as error:
            raise ConfigurationError(f"-o: cannot be written ({error.strerror})") from None
        return self

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def done(self) -> None:
        self._file.flush()
        if self._part is not None and self._path is not None:
            self._file.close()
            self._part.replace(self._path)

    def __exit__(self, *_: object) -> None:
        if self._part is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)


class _Bar:
    """Rows, rate and calls on a terminal; nothing at all in a pipe. How far it got is told by the time of its rows."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._rows = 0
        self._began = self._last = monotonic()
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: TaskID

    def __enter__(self) -> _Bar:
        self._progress.start()
        window = self._ask.window
        total = None if window is None else window.length
        self._task = self._progress.add_task(self._ask.table.name, total=total, told="waiting for the vendor")
        return self

    def advance(self, batch: Batch, calls: int) -> None:
        now = monotonic()
        waited = now - self._last
        self._last = now
        self._rows += batch.count
        rate = self._rows / max(0.001, now - self._began)
        quota = f", waited {waited:.0f} s for a vendor" if waited > WAITING else ""
        told = f"{self._rows:,} rows, {rate:,.0f}/s, {calls} calls{quota}"
        self._progress.update(self._task, told=told, completed=self._reached(batch))

    def _reached(self, batch: Batch) -> float | None:
        window, time = self._ask.window, self._ask.table.time
        if window is None or time is None or not batch.count:
            return None
        place = [column.name for column in self._ask.table.columns].index(time)
        if self._ask.table.columns[place].kind is not Kind.INSTANT:
            return None
        return float(batch.columns[place][-1] - window.start)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
