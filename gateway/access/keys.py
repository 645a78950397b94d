"""API keys: the file of their hashes, and the live ring that looks them up (rules.md 10, 36).

A key itself is never stored and never repeated; nor is any text of the file, which may hold one by mistake.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import Scope
from gateway.domain.clock import Clock, system
from gateway.domain.errors import Unauthenticated
from gateway.domain.instant import from_datetime
from gateway.settings import ConfigurationError

SETTING = "GATEWAY_API_KEYS"
RECHECK = 1.0
"""Seconds between two looks at the file."""

_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_log = logging.getLogger(__name__)

_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class KeyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[key]]`. `hash` is of the key's 43 characters; `expires` without an offset is UTC."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
    hash: Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-fA-F]{64}\Z")]
    scopes: tuple[Scope, ...]
    sites: tuple[_Text, ...] | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[_Text, ...] | msgspec.UnsetType = msgspec.UNSET
    requests_per_minute: Annotated[int, msgspec.Meta(ge=1)] | msgspec.UnsetType = msgspec.UNSET
    expires: datetime | msgspec.UnsetType = msgspec.UNSET

    @property
    def digest(self) -> bytes:
        return bytes.fromhex(self.hash.removeprefix("sha256:"))

    @property
    def expires_at(self) -> datetime | None:
        """Aware; None: never."""
        if self.expires is msgspec.UNSET:
            return None
        return self.expires if self.expires.tzinfo else self.expires.replace(tzinfo=UTC)

    @property
    def principal(self) -> Principal:
        return Principal(
            kind=CallerKind.KEY,
            label=f"key:{self.name}",
            name=self.name,
            scopes=frozenset(self.scopes),
            sites=None if self.sites is msgspec.UNSET else frozenset(self.sites),
            tags=None if self.tags is msgspec.UNSET else frozenset(self.tags),
            requests_per_minute=None if self.requests_per_minute is msgspec.UNSET else self.requests_per_minute,
        )


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: tuple[KeyEntry, ...] = ()


def looks_like_key(text: str) -> bool:
    """32 random bytes as base64url: what is not this is tried as a token."""
    return _KEY.fullmatch(text) is not None


def digest_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def parse_keys(text: str) -> tuple[KeyEntry, ...]:
    """The entries of a keys file. ConfigurationError names the place, never the text."""
    try:
        entries = msgspec.convert(tomllib.loads(text), _KeyFile, builtin_types=(datetime,)).key
    except msgspec.ValidationError as error:
        # Only the path: msgspec's own words repeat unknown names and values.
        place = re.search(r"at `\$\.([a-z_.\[\]0-9]+)`", str(error))
        raise ConfigurationError(f"{SETTING}: {place[1] if place else 'the file'}: not as documented") from None
    except (ValueError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigurationError(f"{SETTING}: not TOML{f' (line {line[1]})' if line else ''}") from None
    for what in ("name", "digest"):
        values = [getattr(entry, what) for entry in entries]
        if len(set(values)) < len(values):
            second = next(index for index, value in enumerate(values) if value in values[:index])
            member = "hash" if what == "digest" else what
            raise ConfigurationError(f"{SETTING}: key[{second}].{member}: an earlier entry has the same")
    return entries


def read_text(path: Path) -> str:
    """The file's text with its line ends as they are. Raises ConfigurationError."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{SETTING}: the file cannot be read as UTF-8 text") from None


class KeyRing:
    """The keys in force. A changed file is taken up within a second; a broken one leaves the old keys and is reported.

    `problem` is the report: one line, None while all is well.
    """

    def __init__(self, path: Path, *, clock: Clock = system, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._monotonic = monotonic
        self._blind = secrets.token_bytes(32)
        self.problem: str | None = None
        self._seen = _state(path)  # before the reading: a change in between is met by the next look
        self._next_look = monotonic() + RECHECK
        self._take(parse_keys(read_text(path)))

    def find(self, key: str) -> Principal:
        """Whose key this is. Raises Unauthenticated for an unknown and for an expired one."""
        self._look()
        digest = digest_of(key)
        entry, principal = self._entries.get(self._blinded(digest), (None, None))
        # The table is keyed under a secret of this process: how long a look-up takes tells nothing about a hash.
        if entry is None or principal is None or not hmac.compare_digest(entry.digest, digest):
            raise Unauthenticated("The key is not valid here.")
        if entry.expires_at is not None and from_datetime(entry.expires_at) <= self._clock():
            raise Unauthenticated("The key has expired.")
        return principal

    def _look(self) -> None:
        """A `stat` at most once a second; the file is small, so reading it does not hold the loop up."""
        now = self._monotonic()
        if now < self._next_look:
            return
        self._next_look = now + RECHECK
        state = _state(self._path)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._take(parse_keys(read_text(self._path)))
            self.problem = None
        except ConfigurationError as error:
            self.problem = f"{error}; the keys read before stay in force"
            _log.warning(self.problem)

    def _take(self, entries: tuple[KeyEntry, ...]) -> None:
        self._entries = {self._blinded(entry.digest): (entry, entry.principal) for entry in entries}

    def _blinded(self, digest: bytes) -> bytes:
        return hashlib.blake2b(digest, key=self._blind, digest_size=16).digest()


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # once a second on the request path
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
