"""Everything that hangs on GATEWAY_PSEUDONYM_KEY: device pseudonyms, opaque ids, seals and derived keys.

One secret, one derivation per use (HKDF-SHA256 with a label), so no use can stand in for another. The key, and what
a pseudonym hides, must never reach a message, a log or a `repr`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.access import base64url
from gateway.access.cmac import TAG, Cmac
from gateway.domain.errors import InputError
from gateway.domain.vendor import VendorKey
from gateway.settings import ConfigurationError, Settings

DEVELOPMENT_KEY = hashlib.sha256(b"gateway sandbox: public, hides nothing").digest()
"""Stands in only where every vendor is simulated: its people are invented."""

RECENT = 16_384
_VERSION = b"\x01"


class Pseudonyms:
    """Keyed stand-ins for what may not be shown. `key` is 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the pseudonym key is 32 bytes")
        self._key = key
        self._siv = AESSIV(self.derive("device", 64))
        self._id_key = self.derive("id", 32)
        self._recent = lru_cache(maxsize=RECENT)(self._encrypt)
        self._kinds: dict[tuple[str, ...], OpaqueIds] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Pseudonyms:
        """Raises ConfigurationError where a live gateway has no key (issue 6)."""
        if settings.pseudonym_key is not None:
            return cls(bytes.fromhex(settings.pseudonym_key.get_secret_value()))
        if not settings.simulated:
            raise ConfigurationError("GATEWAY_PSEUDONYM_KEY: required outside the sandbox")
        return cls(DEVELOPMENT_KEY)

    def derive(self, label: str, length: int = 32) -> bytes:
        """A key of its own for the use that `label` names. Same key and label, same bytes, on every replica."""
        return HKDF(SHA256(), length, salt=None, info=b"retail-gateway/1/" + label.encode()).derive(self._key)

    def device(self, vendor: VendorKey, identifier: str) -> str:
        """Deterministic, so it joins and counts; authenticated, so it can be turned back (rules.md 12)."""
        return self._recent(vendor, identifier)

    def reveal(self, pseudonym: str, argument: Sequence[str | int] = ()) -> tuple[VendorKey, str]:
        """The vendor and the raw identifier behind a pseudonym. Raises InputError at `argument` for any other text."""
        try:
            sealed = base64url.decode(pseudonym)
            vendor, _, identifier = self._siv.decrypt(sealed[1:], [sealed[:1]]).partition(b"\0")
            return VendorKey(vendor.decode()), identifier.decode(errors="surrogatepass")
        except (ValueError, InvalidTag):
            raise InputError("Not a device pseudonym of this gateway.", argument) from None

    def opaque_id(self, kind: str, *parts: str) -> str:
        """A stable keyed hash of the parts: 22 characters, tells nothing, cannot be turned back (rules.md 23)."""
        return base64url.encode(self._hashed((kind, *parts), 16))

    def ids(self, *kind: str) -> OpaqueIds:
        """Ids of one kind of thing. `kind` is named in code: what is made for it is kept."""
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = OpaqueIds(self._hashed(("ids", *kind), 32))
        return found

    def sealer(self, label: str) -> Sealer:
        """Seals values that leave the process, such as raw identifiers in a shared cache (rules.md 34)."""
        return Sealer(self.derive(f"seal/{label}", 64))

    def _hashed(self, parts: Sequence[str], size: int) -> bytes:
        return hashlib.blake2b(b"".join(map(_framed, parts)), key=self._id_key, digest_size=size).digest()

    def _encrypt(self, vendor: VendorKey, identifier: str) -> str:
        plain = vendor.value.encode() + b"\0" + identifier.encode(errors="surrogatepass")
        return base64url.encode(_VERSION + self._siv.encrypt(plain, [_VERSION]))


class OpaqueIds:
    """Stable keyed hashes of vendors' ids: 22 characters, tell nothing, cannot be turned back (rules.md 23)."""

    def __init__(self, key: bytes) -> None:
        self._mac = Cmac(key)

    def one(self, vendors: str) -> str:
        return base64url.encode(self._mac.tag(_raw(vendors)))

    def all(self, vendors: Sequence[str]) -> list[str]:
        """`one` of each, made together."""
        tags = self._mac.tags(_all_raw(vendors))
        return base64url.encode_all((tags, TAG, TAG))


class Sealer:
    """Authenticated encryption of cache values. Equal values look different each time they are sealed."""

    _NONCE = 16

    def __init__(self, key: bytes) -> None:
        self._siv = AESSIV(key)

    def seal(self, value: bytes, context: bytes) -> bytes:
        """`context` is where the value will lie (its cache key): under another it does not open."""
        nonce = os.urandom(self._NONCE)
        return _VERSION + nonce + self._siv.encrypt(value, [_VERSION, context, nonce])

    def open(self, sealed: bytes, context: bytes) -> bytes | None:
        """None for anything this key did not seal for this place: rubbish in the store is a miss (rules.md 45)."""
        version, nonce, body = sealed[:1], sealed[1 : 1 + self._NONCE], sealed[1 + self._NONCE :]
        try:
            return self._siv.decrypt(body, [version, context, nonce])
        except (ValueError, InvalidTag):
            return None


def _framed(part: str) -> bytes:
    """With its length, or ("ab", "c") and ("a", "bc") would be one id."""
    raw = _raw(part)
    return len(raw).to_bytes(4, "big") + raw


def _raw(text: str) -> bytes:
    """A vendor's text need not be fit for UTF-8."""
    return text.encode(errors="surrogatepass")


def _all_raw(texts: Sequence[str]) -> list[bytes]:
    try:
        return list(map(str.encode, texts))
    except UnicodeEncodeError:
        return list(map(_raw, texts))
