"""Cursors: opaque, versioned, signed, bound to what they page through (rules.md 33).

A cursor names a position (an instant, a key, a row number), never a page. It holds nothing of a person, and a text
that was not made by this field, with these filters, this window and this caller's sites, is BAD_CURSOR.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from hmac import compare_digest

import msgspec

from gateway.domain.errors import CursorError

_VERSION = b"\x01"
_MAC = 12
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_LONGEST = 1024


class Cursors:
    """Makes bindings. The first key signs, every key verifies; keys are 16 to 64 bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("no cursor key")
        self._keys = tuple(blake2b(key, digest_size=32, person=b"gateway-cursor").digest() for key in keys)

    def bind(self, field: str, *bound: object) -> Binding:
        """A codec for one field with one set of filters, window and rights; `bound` are plain values."""
        return Binding(self._keys, (field, bound))


class Binding:
    """Turns positions of one connection into cursors and back. Costs nothing until a cursor is asked for."""

    def __init__(self, keys: Sequence[bytes], bound: object) -> None:
        self._keys = keys
        self._bound = bound

    @cached_property
    def _macs(self) -> tuple[blake2b, ...]:
        context = blake2b(msgspec.msgpack.encode(self._bound, order="sorted"), digest_size=16).digest()
        return tuple(blake2b(_VERSION + context, key=key, digest_size=_MAC) for key in self._keys)

    @cached_property
    def encode(self) -> Callable[[bytes], str]:
        """A position as a cursor."""
        begun = self._macs[0].copy

        def encode(position: bytes) -> str:
            mac = begun()
            mac.update(position)
            raw = _VERSION + mac.digest() + position
            return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()

        return encode

    def encode_all(self, positions: Sequence[bytes]) -> list[str]:
        """`encode` for many positions: those of one length are written as one text and cut."""
        size = len(positions[0]) if positions else 0
        if any(len(position) != size for position in positions):
            return list(map(self.encode, positions))
        begun, macs = self._macs[0].copy, []
        for position in positions:
            mac = begun()
            mac.update(position)
            macs.append(mac.digest())
        length = 1 + _MAC + size
        fill = bytes(-length % 3)  # zeros that only reach the characters cut off again
        raw = b"".join([_VERSION + mac + position + fill for mac, position in zip(macs, positions, strict=True)])
        text = b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()
        step, shown = (length + len(fill)) // 3 * 4, -(-length * 8 // 6)
        return [text[at : at + shown] for at in range(0, len(text), step)]

    def decode(self, cursor: str, argument: str) -> bytes:
        """The position in `cursor`, or CursorError that names the argument and never repeats it."""
        raw = _unpack(cursor)
        if raw is not None and raw[:1] == _VERSION:
            given, position = raw[1 : 1 + _MAC], raw[1 + _MAC :]
            for base in self._macs:
                mac = base.copy()
                mac.update(position)
                if compare_digest(mac.digest(), given):
                    return position
        raise CursorError("The cursor was not made by this field with these filters and this window.", (argument,))


def _unpack(cursor: str) -> bytes | None:
    if not 0 < len(cursor) <= _LONGEST or not cursor.isascii():
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return None
    # base64 has several spellings of the same bytes; only ours is a cursor
    return raw if _text(raw) == cursor else None


def _text(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()
