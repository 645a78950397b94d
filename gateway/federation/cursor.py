"""Cursors: opaque, versioned, signed, bound to what they page through (rules.md 33).

A cursor names a position (an instant, a key, a row number), never a page. It holds nothing of a person, and a text
that was not made by this field, with these filters, this window and this caller's sites, is BAD_CURSOR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from hmac import compare_digest

import msgspec

from gateway.access import base64url
from gateway.access.cmac import TAG, Cmac
from gateway.domain.errors import CursorError

_VERSION = b"\x02"
_MAC = 12
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
    def _macs(self) -> tuple[Cmac, ...]:
        context = blake2b(msgspec.msgpack.encode(self._bound, order="sorted"), digest_size=16).digest()
        return tuple(Cmac(blake2b(_VERSION + context, key=key, digest_size=32).digest()) for key in self._keys)

    @cached_property
    def encode(self) -> Callable[[bytes], str]:
        """A position as a cursor."""
        tag = self._macs[0].tag
        return lambda position: base64url.encode(_VERSION + tag(position)[:_MAC] + position)

    def encode_all(self, positions: Sequence[bytes]) -> list[str]:
        """`encode` for many positions: those of one length together."""
        size = len(positions[0]) if positions else 0
        if not size or any(len(position) != size for position in positions):
            return list(map(self.encode, positions))
        tags, joined = self._macs[0].tags(positions), b"".join(positions)
        return base64url.encode_all((_VERSION * len(positions), 1, 1), (tags, TAG, _MAC), (joined, size, size))

    def decode(self, cursor: str, argument: str) -> bytes:
        """The position in `cursor`, or CursorError that names the argument and never repeats it."""
        raw = _unpack(cursor)
        if raw is not None and raw[:1] == _VERSION:
            given, position = raw[1 : 1 + _MAC], raw[1 + _MAC :]
            if any(compare_digest(mac.tag(position)[:_MAC], given) for mac in self._macs):
                return position
        raise CursorError("The cursor was not made by this field with these filters and this window.", (argument,))


def _unpack(cursor: str) -> bytes | None:
    if not 0 < len(cursor) <= _LONGEST or not cursor.isascii():
        return None
    try:
        return base64url.decode(cursor)
    except ValueError:
        return None
