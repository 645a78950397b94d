"""How the process logs: structlog, one JSON object a line on stderr, or readable lines where a person watches.

Nothing of a caller or a vendor may pass through here but what a log call names on purpose. Control characters are
escaped by both renderers.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

from gateway.telemetry.redaction import redact_event, redact_exceptions

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, *, readable: bool | None = None) -> None:
    """Once per process. `readable`: for eyes, not machines; by default where stderr is a terminal."""
    eyes = sys.stderr.isatty() if readable is None else readable
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_exceptions,
    ]
    renderer: Processor = structlog.processors.JSONRenderer(serializer=_text)
    if eyes:  # a traceback as text: redacted above, where a coloured one would show the values of variables
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,  # lines of requests go past structlog: the rest are few
    )
    _straight.on = not eyes and LEVELS[level] <= logging.INFO
    handler = _StderrHandler()
    foreign = [*shared, redact_event]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=[_bare, renderer]))
    logging.basicConfig(handlers=[handler], level=max(LEVELS[level], logging.WARNING), force=True)


class _Stderr:
    """Writes to what stderr is at the time of writing: whoever replaces it later, such as a test, gets the lines."""

    def __init__(self, *_: object) -> None:
        """A logger factory is called with the logger's name."""

    def msg(self, message: str) -> None:
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = log = fatal = failure = err = warn = msg


class _StderrHandler(logging.Handler):
    """As `_Stderr`, for what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # a log line that cannot be written must not end what it tells of
            self.handleError(record)


DELAY = 0.02
"""Seconds a request's line may wait for others: one write for all of them."""


class _Straight:
    """Lines of requests, written past structlog: the same line, at a tenth of the cost."""

    on = False

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._due: asyncio.AbstractEventLoop | None = None
        atexit.register(self.flush)

    def write(self, line: bytes) -> None:
        self._waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if self._due is not loop:  # a loop that was closed took its timer with it
            self._due = loop
            loop.call_later(DELAY, self.flush)

    def flush(self) -> None:
        lines, self._waiting, self._due = self._waiting, [], None
        if lines:
            sys.stderr.write(b"".join(lines).decode())
            sys.stderr.flush()


_straight = _Straight()
_requests = structlog.get_logger("gateway.http")


def request_line(members: dict[str, Any]) -> None:
    """The line of one request, at level info."""
    if not _straight.on:
        _requests.info("request", **members)
        return
    stamp = datetime.now(UTC).isoformat()[: -len("+00:00")] + "Z"
    line = {**members, "event": "request", "level": "info", "timestamp": stamp}
    _straight.write(orjson.dumps(line, default=repr, option=orjson.OPT_APPEND_NEWLINE))


def _text(event: object, **_: object) -> str:
    return orjson.dumps(event, default=repr).decode()


def _bare(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What a library logs, without the record itself."""
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
