"""`gateway cache purge`: its options read, and checked before anything is dropped."""

from __future__ import annotations

from pathlib import Path

from gateway import runtime
from gateway.cli.reporting import told
from gateway.domain import instant
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.settings import ConfigurationError, Settings

LAST = instant.parse("2200-01-01T00:00:00Z")


def purge(vendors: list[str], sites: list[str], start: str | None, end: str | None, config: Path | None) -> int:
    """The exit status. Raises ConfigurationError."""
    names = [name.upper().replace("-", "_") for name in vendors]
    if any(name not in VendorKey.__members__ for name in names):
        raise ConfigurationError("--vendor: one of " + ", ".join(VendorKey.__members__))
    window = _window(start, end)

    async def report(settings: Settings) -> tuple[str, int]:
        return await runtime.purge_cache(settings, [VendorKey[name] for name in names], sites, window)

    return told(report, config)


def _window(start: str | None, end: str | None) -> Window | None:
    if start is None and end is None:
        return None
    first = _instant("--from", start) if start else 0
    last = _instant("--to", end) if end else LAST
    if first >= last:
        raise ConfigurationError("--from: must be before --to")
    return Window(first, last)


def _instant(option: str, text: str) -> int:
    try:
        return instant.parse(text)
    except ValueError:
        raise ConfigurationError(f"{option}: not an instant with an offset, such as 2026-11-22T10:00:00Z") from None
