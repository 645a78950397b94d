"""`gateway doctor`: what an operator should know before callers do: vendors, clocks, drift, credentials, weak settings.

A secret is told to be set or missing; it is never printed, nor is any part of it.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from gateway import runtime, settings, telemetry
from gateway.access.keys import KeyEntry, parse_keys, read_text
from gateway.access.scopes import Scope
from gateway.settings import LOOPBACK, Settings, VendorsSettings

DANGEROUS = (Scope.WRITE, Scope.PII_READ, Scope.ADMIN, Scope.CACHE_BYPASS)


def examine(config: Path | None) -> int:
    """Prints the report; 1 where a vendor refuses, fails or has drifted, or the crosswalk cannot be checked."""
    loaded = settings.load(config)
    telemetry.configure(loaded.log_level)

    async def asked() -> tuple[str, int]:
        return await runtime.check_vendors(loaded)

    text, status = asyncio.run(asked())
    for line in credentials(loaded):
        typer.echo(line)
    typer.echo(f"\n{text}\n")
    weak = list(weaknesses(loaded))
    typer.echo("\n".join(f"weak: {each}" for each in weak) if weak else "No weak settings.")
    return status


def credentials(loaded: Settings) -> Iterator[str]:
    """Which secrets are set, by the names of their settings."""
    yield f"GATEWAY_PSEUDONYM_KEY: {_set(loaded.pseudonym_key)}"
    yield f"GATEWAY_CURSOR_KEYS: {len(loaded.cursor_keys) or 'derived'}"
    for folder in VendorsSettings.model_fields:
        section = getattr(loaded.vendors, folder)
        prefix = f"GATEWAY_VENDORS__{folder.upper()}"
        told = [f"base URL {'set' if section.base_url else 'not set'}"]
        told += [
            f"{name.upper()} {_set(getattr(section, name))}"
            for name, field in type(section).model_fields.items()
            if "SecretStr" in str(field.annotation)
        ]
        played = ", simulated" if folder in loaded.simulated else ""
        yield f"{prefix}: {', '.join(told)}{played if section.configured or played else ', not configured'}"


def weaknesses(loaded: Settings) -> Iterator[str]:
    """Settings that work and should not stay so outside a test."""
    if loaded.simulated:
        yield "GATEWAY_SANDBOX: vendors are simulated, and strangers may do all that GATEWAY_ANONYMOUS_SCOPES allows"
    open_scopes = [scope for scope in DANGEROUS if scope.value in (loaded.anonymous_scopes or ())]
    if open_scopes:
        yield f"GATEWAY_ANONYMOUS_SCOPES: strangers have {', '.join(open_scopes)}"
    if not loaded.simulated and not (loaded.api_keys or loaded.jwt.issuer or loaded.anonymous_scopes):
        yield "GATEWAY_API_KEYS: nobody may ask: neither keys, nor tokens, nor scopes for strangers are set"
    if loaded.pseudonym_key is not None and len(set(bytes.fromhex(loaded.pseudonym_key.get_secret_value()))) < 12:
        yield "GATEWAY_PSEUDONYM_KEY: not random: make one with `openssl rand -hex 32`"
    if any(len(key.get_secret_value()) < 16 for key in loaded.cursor_keys):
        yield "GATEWAY_CURSOR_KEYS: a key is shorter than 16 characters"
    if loaded.requests_per_minute is None:
        yield "GATEWAY_REQUESTS_PER_MINUTE: callers without a rate of their own are not bounded"
    for origin in loaded.cors_origins:
        if origin.startswith("http://") and urlsplit(origin).hostname not in LOOPBACK:
            yield "GATEWAY_CORS_ORIGINS: an origin is not https"
    if "0.0.0.0/0" in loaded.trusted_proxies or "::/0" in loaded.trusted_proxies:
        yield "GATEWAY_TRUSTED_PROXIES: everybody's Forwarded headers are believed"
    if loaded.api_keys is not None:
        yield from _weak_keys(loaded.api_keys)


def _weak_keys(path: Path) -> Iterator[str]:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield "GATEWAY_API_KEYS: the file is open to others than its owner (chmod 600)"
    entries: tuple[KeyEntry, ...] = parse_keys(read_text(path))
    for entry in entries:
        if entry.expires_at is None and any(scope in entry.scopes for scope in DANGEROUS):
            yield f"GATEWAY_API_KEYS: key {entry.name!a} has strong scopes and never expires"


def _set(secret: SecretStr | None) -> str:
    return "not set" if secret is None or not secret.get_secret_value() else "set"
