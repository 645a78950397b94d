"""Edits of the keys file for `gateway keys create|list|revoke`: one entry more or less, all other text kept.

A new key is returned once and never written anywhere. An edit that does not read back as meant is not made.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from gateway.access.keys import SETTING, KeyEntry, digest_of, parse_keys, read_text
from gateway.access.scopes import Scope
from gateway.settings import ConfigurationError

_HEADER = re.compile(r"[ \t]*\[\[[ \t]*key[ \t]*\]\][ \t]*(#.*)?\r?\n?")


def create_key(
    path: Path,
    name: str,
    scopes: Iterable[Scope],
    *,
    sites: Iterable[str] | None = None,
    tags: Iterable[str] | None = None,
    requests_per_minute: int | None = None,
    expires: datetime | None = None,
) -> tuple[str, str]:
    """Makes a key and appends its entry to the file, which is made where there is none. The key and the TOML entry.

    ConfigurationError where the name is taken or a member is not as documented.
    """
    key = secrets.token_urlsafe(32)
    members: dict[str, object] = {
        "name": name,
        "hash": f"sha256:{digest_of(key).hex()}",
        "scopes": sorted(scopes),
        "sites": None if sites is None else sorted(sites),
        "tags": None if tags is None else sorted(tags),
        "requests_per_minute": requests_per_minute,
        "expires": expires,
    }
    entry = _toml({member: value for member, value in members.items() if value is not None})
    before = read_text(path) if path.exists() else ""
    after = f"{before.rstrip()}\n\n{entry}".lstrip()
    _write(path, after, (*parse_keys(before), *parse_keys(entry)))
    return key, entry


def list_keys(path: Path) -> tuple[KeyEntry, ...]:
    """The entries, in the file's order."""
    return parse_keys(read_text(path))


def revoke_key(path: Path, name: str) -> None:
    """Takes the entry out. ConfigurationError where no entry has this name, or the file's form is beyond editing."""
    text = read_text(path)
    entries = parse_keys(text)
    index = next((index for index, entry in enumerate(entries) if entry.name == name), None)
    if index is None:
        raise ConfigurationError(f"{SETTING}: no key has this name")
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if _HEADER.fullmatch(line)]
    if len(headers) != len(entries):
        raise ConfigurationError(f"{SETTING}: not written as [[key]] tables; take the entry out by hand")
    start, end = headers[index], [*headers, len(lines)][index + 1]
    while end > start + 1 and lines[end - 1].lstrip()[:1] in ("", "#"):
        end -= 1  # a comment above the next entry is the next entry's
    _write(path, "".join(lines[:start] + lines[end:]), entries[:index] + entries[index + 1 :])


def _toml(members: dict[str, object]) -> str:
    return "[[key]]\n" + "".join(f"{member} = {_value(value)}\n" for member, value in members.items())


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)  # JSON's texts, lists and numbers are TOML's


def _write(path: Path, text: str, meant: tuple[KeyEntry, ...]) -> None:
    """Replaces the file in one step, readable by its owner only where it is new."""
    if [msgspec.structs.astuple(entry) for entry in parse_keys(text)] != [msgspec.structs.astuple(e) for e in meant]:
        raise ConfigurationError(f"{SETTING}: this edit cannot be made safely; edit the file by hand")
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".keys-")
    except OSError:
        raise ConfigurationError(f"{SETTING}: the folder cannot be written") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise ConfigurationError(f"{SETTING}: the file cannot be written") from None
