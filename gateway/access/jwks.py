"""The public keys of the token issuer: fetched through a port, kept, refreshed when they turn.

A token never says where keys are: the address is the operator's. A stranger must not be able to make the gateway
fetch more than once in 15 seconds, and an unreachable issuer must not lock known keys out (rules.md 37).
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any, TypeAlias

import msgspec
from joserfc.jwk import JWKRegistry, Key, RSAKey
from joserfc.util import base64_to_int

Fetch: TypeAlias = Callable[[], Awaitable[bytes]]
"""Reads the JWKS document. It may raise anything: the issuer then counts as unreachable."""

QUIET = 15.0
"""Seconds in which unknown key ids cause no second fetch."""
MAX_AGE = 300.0
"""Seconds after which the set is fetched again in the background, so that withdrawn keys go."""
FETCH_TIMEOUT = 5.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100

_FAMILIES = {"RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
_log = logging.getLogger(__name__)


class IssuerKeys:
    """The keys of one issuer. `monotonic` is in seconds."""

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: tuple[Key, ...] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._quiet_until = -math.inf
        self._due = -math.inf
        self._reachable = True

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """The one key for this id and algorithm, asking the issuer once where the id is unknown."""
        if self._knows(kid):
            if self._monotonic() >= self._due:
                self._refresh()  # not waited for: the known key goes on meanwhile
            return self._fitting(kid, algorithm)
        if self._refreshing is None and self._monotonic() < self._quiet_until:
            return None
        first = self._keys is None
        started = self._monotonic()
        await asyncio.shield(self._refresh())
        if not (first and self._knows(kid)):  # the first load answers a rightful token; it costs strangers nothing
            self._quiet_until = started + QUIET
        return self._fitting(kid, algorithm)

    async def close(self) -> None:
        """Ends a fetch in flight."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    def _knows(self, kid: str | None) -> bool:
        keys = self._keys or ()
        return bool(keys) if kid is None else any(key.kid == kid for key in keys)

    def _fitting(self, kid: str | None, algorithm: str) -> Key | None:
        """Without an id only where a single key fits: nothing is tried out."""
        fitting = [key for key in self._keys or () if kid in (None, key.kid) and _fits(key, algorithm)]
        return fitting[0] if len(fitting) == 1 or (fitting and kid is not None) else None

    def _refresh(self) -> asyncio.Task[None]:
        """One fetch at a time; whoever comes meanwhile shares it, and leaving early does not end it."""
        if self._refreshing is None:
            # In a context of its own: a fetch belongs to no request and must not carry one's deadline or log fields.
            self._refreshing = asyncio.create_task(self._load(), context=Context())
        return self._refreshing

    async def _load(self) -> None:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT):
                self._keys = parse_key_set(await self._fetch())
            self._due = self._monotonic() + MAX_AGE
            self._reachable = True
        except Exception as error:  # whatever a fetch can meet: known keys go on
            self._due = self._monotonic() + QUIET
            if self._reachable:
                _log.warning("GATEWAY_JWT__JWKS_URL: cannot be read (%s); known keys go on", type(error).__name__)
            self._reachable = False
        finally:
            self._refreshing = None


def parse_key_set(document: bytes) -> tuple[Key, ...]:
    """The usable keys of a JWKS document (RFC 7517); unusable ones are left out. ValueError where it is not one."""
    if len(document) > MAX_BYTES:
        raise ValueError("larger than a key set can be")
    try:
        listed = msgspec.json.decode(document, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(listed, list):
        raise ValueError("no list of keys")  # noqa: TRY004  # what the issuer sent, not a programming error
    return tuple(key for entry in listed[:MAX_KEYS] if (key := _import(entry)) is not None)


def _import(entry: object) -> Key | None:
    try:
        if not isinstance(entry, dict) or entry["kty"] not in ("RSA", "EC", "OKP"):
            return None  # a shared secret in a public document is no key
        if entry["kty"] == RSAKey.key_type and base64_to_int(entry["n"]).bit_length() < 2048:
            return None
        key = JWKRegistry.import_key(entry)
        key.check_use("sig")
        key.check_key_op("verify")
    except Exception:  # one odd key must not cost the others
        return None
    return key


def _fits(key: Key, algorithm: str) -> bool:
    family, curve = _FAMILIES[algorithm]
    return key.key_type == family and key.get("alg") in (None, algorithm) and key.get("crv") == curve
