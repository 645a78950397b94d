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
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from gateway import runtime, settings, telemetry
from gateway.bi.ask import Ask, parse
from gateway.bi.formats import FORMATS, writer
from gateway.bi.tables import BY_NAME, Batch, Kind
from gateway.cli.asking import OPERATOR
from gateway.domain.errors import GatewayError, InputError
from gateway.settings import ConfigurationError, Settings
from gateway.upstream import deadline, lanes
from gateway.upstream.calls import Tally, tally
from gateway.upstream.lanes import Lane

SHORTEST_WAIT = 0.5
"""Seconds waited for a vendor's limit from which on the bar tells."""


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
            shown = stack.enter_context(_Bar(ask, calls))
            rows = await gateway.tables.rows(ask, OPERATOR)
            made = writer(ending, ask.shown, ask.columns)
            target.write(made.begin())
            async for batch in rows.batches:
                target.write(made.rows(batch))
                shown.advance(batch)
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


class Told(ProgressColumn):
    """Rows, rate, calls and waits, as they are at each refresh: a wait is seen while it lasts."""

    def __init__(self, calls: Tally) -> None:
        super().__init__()
        self.rows = 0
        self._calls = calls
        self._began = monotonic()

    def render(self, task: Task) -> Text:
        return Text(self.text())

    def text(self) -> str:
        calls, rate = sum(self._calls.by_vendor.values()), self.rows / max(0.001, monotonic() - self._began)
        told = [f"{self.rows:,} rows", f"{rate:,.0f}/s", f"{calls:,} calls"]
        if self._calls.waited >= SHORTEST_WAIT:
            now = ", waiting" if self._calls.waits else ""
            told.append(f"{self._calls.waited:.0f} s for the vendor's limit{now}")
        return ", ".join(told)


class _Bar:
    """Rows, rate and waits on a terminal; nothing at all in a pipe. How far it got is told by the time of its rows."""

    def __init__(self, ask: Ask, calls: Tally) -> None:
        self._ask = ask
        self._told = Told(calls)
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            self._told,
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID

    def __enter__(self) -> _Bar:
        self._progress.start()
        window = self._ask.window
        self._task = self._progress.add_task(self._ask.table.name, total=None if window is None else window.length)
        return self

    def advance(self, batch: Batch) -> None:
        self._told.rows += batch.count
        self._progress.update(self._task, completed=self._reached(batch))

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
