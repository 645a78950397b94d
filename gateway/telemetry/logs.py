"""How the process logs: structlog, one JSON object a line on stderr, or readable lines where a person watches.

Nothing of a caller or a vendor may pass through here but what a log call names on purpose. Control characters are
escaped by both renderers.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, *, readable: bool | None = None) -> None:
    """Once per process. `readable`: for eyes, not machines; by default where stderr is a terminal."""
    eyes = sys.stderr.isatty() if readable is None else readable
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if eyes else structlog.processors.JSONRenderer(serializer=_text)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _straight.on = not eyes and LEVELS[level] <= logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_bare, renderer]))
    logging.basicConfig(handlers=[handler], level=max(LEVELS[level], logging.WARNING), force=True)


class _Straight:
    """Whether lines of requests are written past structlog: the same line, at a fifth of the cost."""

    on = False


_straight = _Straight()
_requests = structlog.get_logger("gateway.http")


def request_line(members: dict[str, Any]) -> None:
    """The line of one request, at level info."""
    if not _straight.on:
        _requests.info("request", **members)
        return
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {**members, "event": "request", "level": "info", "timestamp": stamp}
    sys.stderr.write(orjson.dumps(line, default=repr).decode() + "\n")
    sys.stderr.flush()


def _text(event: object, **_: object) -> str:
    return orjson.dumps(event, default=repr).decode()


def _bare(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What a library logs, without the record itself."""
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
