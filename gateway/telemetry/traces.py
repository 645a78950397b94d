"""Spans, as the rest of the code sees them. Off, they are nothing at all; on, `otlp` sends them.

A span holds names of the code, codes, counts and times. Never an argument, a query string, a document, an address or
a message of an exception.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

Value: TypeAlias = str | int | float | bool


class Span(Protocol):
    """One piece of work."""

    @property
    def header(self) -> str:
        """`traceparent` for whoever is asked in the course of it."""
        ...

    @property
    def trace_id(self) -> str:
        """For the log line."""
        ...

    def child(self, name: str, attributes: dict[str, Value]) -> Span:
        """A question to somebody else, asked in the course of it."""
        ...

    def end(self, attributes: dict[str, Value], *, name: str | None = None, failed: bool = False) -> None:
        """It is done. `name` replaces the one it began with."""
        ...


class Tracing(Protocol):
    """Where spans go."""

    def begin(self, name: str, traceparent: str | None) -> Span:
        """The outermost span here, within the caller's trace where `traceparent` tells one."""
        ...

    def close(self) -> None:
        """Sends what is left."""
        ...
