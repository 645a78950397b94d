"""Takes out of a text what may be a person's or a secret: for tracebacks and other people's log lines, never for ours.

Ours hold nothing of the kind in the first place. A pattern here that takes too much costs a word; one that takes too
little costs somebody's address.
"""

from __future__ import annotations

import re

from structlog.typing import EventDict

MARK = "[redacted]"

_PATTERNS = re.compile(
    "|".join(
        (
            r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",  # e-mail addresses
            r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}",  # MAC addresses
            r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",  # UUIDs: devices, users
            r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",  # IPv4 addresses
            r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){5,7}[0-9A-Fa-f]{1,4}(?![\w:])",  # IPv6 addresses, written out
            r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}(?![\w:])",  # and shortened
            r"eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?",  # JSON Web Tokens
            r"(?i:authorization|x-token|x-api-key)['\"]?\s*[:=]\s*['\"]?(?:\w+\s+)?[^\s'\",)}]+",
            r"(?i:bearer|basic)\s+[^\s'\",)}]{6,}",
            r"(?<=[\w/])\?[^\s'\"<>)]+",  # the query of a URL
            r"(?<![\w/.-])[A-Za-z0-9_-]{32,}(?![\w/.-])",  # keys and long ids
        )
    )
)


def redacted(text: str) -> str:
    """The text with each such part replaced by a mark."""
    return _PATTERNS.sub(MARK, text)


def redact_exceptions(_: object, __: str, event: EventDict) -> EventDict:
    """Processor: what an exception says of itself may hold a value."""
    if isinstance(event.get("exception"), str):
        event["exception"] = redacted(event["exception"])
    return event


def redact_event(_: object, __: str, event: EventDict) -> EventDict:
    """Processor for the lines of libraries, which do not know what is personal."""
    event["event"] = redacted(str(event.get("event", "")))
    return event
