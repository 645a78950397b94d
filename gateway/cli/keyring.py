"""`gateway keys`: keys of callers made, listed and revoked. A key is printed when it is made and never again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import typer

from gateway import settings
from gateway.access.key_file import create_key, list_keys, revoke_key
from gateway.access.keys import SETTING
from gateway.access.scopes import parse_scopes
from gateway.settings import ConfigurationError


def path_of(file: Path | None, config: Path | None) -> Path:
    """The file named, or the one the settings name. Raises ConfigurationError."""
    found = file or settings.load(config).api_keys
    if found is None:
        raise ConfigurationError(f"{SETTING}: required here, or --file")
    return found


def create(
    path: Path,
    name: str,
    scopes: Sequence[str],
    sites: Sequence[str] | None,
    tags: Sequence[str] | None,
    requests_per_minute: int | None,
    expires: str | None,
) -> None:
    """The key alone goes to stdout, so that it can be piped into a secret store."""
    key, _ = create_key(
        path,
        name,
        parse_scopes(scopes, "--scope"),
        sites=sites or None,
        tags=tags or None,
        requests_per_minute=requests_per_minute,
        expires=None if expires is None else _moment(expires),
    )
    typer.echo("This key is shown once. The file keeps its hash.", err=True)
    typer.echo(key)


def show(path: Path) -> None:
    """One line a key, without its hash."""
    for entry in list_keys(path):
        parts = [entry.name, " ".join(sorted(entry.scopes)) or "no scope"]
        reach = {"sites": entry.sites, "tags": entry.tags}
        parts += [f"{what}: {' '.join(some) or 'none'}" for what, some in reach.items() if some is not msgspec.UNSET]
        if entry.requests_per_minute is not msgspec.UNSET:
            parts.append(f"{entry.requests_per_minute} a minute")
        if entry.expires_at is not None:
            gone = entry.expires_at <= datetime.now(UTC)
            parts.append(f"{'expired' if gone else 'until'} {entry.expires_at.isoformat()}")
        typer.echo("\t".join(parts))


def revoke(path: Path, name: str) -> None:
    """Raises ConfigurationError where nobody has this name."""
    revoke_key(path, name)
    typer.echo("Revoked.", err=True)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("--expires: not an ISO 8601 date-time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
