"""Everything that hangs on GATEWAY_PSEUDONYM_KEY: device pseudonyms, opaque ids, seals and derived keys.

One secret, one derivation per use (HKDF-SHA256 with a label), so no use can stand in for another. The key, and what
a pseudonym hides, must never reach a message, a log or a `repr`.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.domain.errors import InputError
from gateway.domain.vendor import VendorKey
from gateway.settings import ConfigurationError, Settings

DEVELOPMENT_KEY = hashlib.sha256(b"gateway sandbox: public, hides nothing").digest()
"""Stands in only where every vendor is simulated: its people are invented."""

RECENT = 16_384
_VERSION = b"\x01"
_ID = 22
"""Characters of 16 bytes without their padding."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Pseudonyms:
    """Keyed stand-ins for what may not be shown. `key` is 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the pseudonym key is 32 bytes")
        self._key = key
        self._siv = AESSIV(self.derive("device", 64))
        self._id_key = self.derive("id", 32)
        self._recent = lru_cache(maxsize=RECENT)(self._encrypt)

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
            sealed = _decode(pseudonym)
            vendor, _, identifier = self._siv.decrypt(sealed[1:], [sealed[:1]]).partition(b"\0")
            return VendorKey(vendor.decode()), identifier.decode(errors="surrogatepass")
        except (ValueError, InvalidTag):
            raise InputError("Not a device pseudonym of this gateway.", argument) from None

    def opaque_id(self, kind: str, *parts: str) -> str:
        """A stable keyed hash of the parts: 22 characters, tells nothing, cannot be turned back (rules.md 23)."""
        *before, last = (kind, *parts)
        return self.opaque_ids(*before)(last)

    def opaque_ids(self, *before: str) -> Callable[[str], str]:
        """`opaque_id` of `before` and one part more, for many ids that differ in their last part."""
        begun = hashlib.blake2b(key=self._id_key, digest_size=16)
        for part in before:
            begun.update(_framed(part))

        copy = begun.copy

        def opaque_id(last: str) -> str:
            digest = copy()
            raw = last.encode(errors="surrogatepass")
            digest.update(len(raw).to_bytes(4, "big") + raw)  # as `_framed`
            return b2a_base64(digest.digest(), newline=False).translate(_URL_SAFE)[:_ID].decode()

        return opaque_id

    def opaque_all(self, lasts: Sequence[str], *before: str) -> list[str]:
        """`opaque_id` of `before` and each of the last parts: written as one text and cut."""
        begun = hashlib.blake2b(key=self._id_key, digest_size=16)
        for part in before:
            begun.update(_framed(part))
        copy, digests = begun.copy, []
        for last in lasts:
            digest = copy()
            raw = last.encode(errors="surrogatepass")
            digest.update(len(raw).to_bytes(4, "big") + raw)  # as `_framed`
            digests.append(digest.digest())
        # two zeros make 24 characters of each, the last two of them of zeros alone
        text = b2a_base64(b"\0\0".join([*digests, b""]), newline=False).translate(_URL_SAFE).decode()
        return [text[at : at + _ID] for at in range(0, len(text), 24)]

    def sealer(self, label: str) -> Sealer:
        """Seals values that leave the process, such as raw identifiers in a shared cache (rules.md 34)."""
        return Sealer(self.derive(f"seal/{label}", 64))

    def _encrypt(self, vendor: VendorKey, identifier: str) -> str:
        plain = vendor.value.encode() + b"\0" + identifier.encode(errors="surrogatepass")
        return _encode(_VERSION + self._siv.encrypt(plain, [_VERSION]))


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
    raw = part.encode(errors="surrogatepass")
    return len(raw).to_bytes(4, "big") + raw


def _encode(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def _decode(text: str) -> bytes:
    """Strict: of all texts that decoders take for the same bytes, only the one we write. Else ValueError."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
