"""AES-CMAC (RFC 4493) of many short messages together: what one of them costs is spent on all.

One by one a keyed hash costs a thousand ids of a page most of a millisecond. Messages of one length are taken block by
block, each block of all of them in one encryption. Same tags as anybody else's AES-CMAC: the tests compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC

TAG = 16
"""Bytes of a tag, and of a block."""

_REDUCTION = 0x87
_END = b"\x80"


class Cmac:
    """`key`: 16 or 32 bytes. A tag may be cut; 12 bytes of it are still 96 bits."""

    def __init__(self, key: bytes) -> None:
        self._begun = CMAC(AES(key))
        self._cipher = Cipher(AES(key), ECB())  # noqa: S305  # block by block is how CMAC is built

    @cached_property
    def _subkeys(self) -> tuple[bytes, bytes]:
        first = _doubled(self._cipher.encryptor().update(bytes(TAG)))
        return first, _doubled(first)

    def tag(self, message: bytes) -> bytes:
        """The tag of one message of any length."""
        mac = self._begun.copy()
        mac.update(message)
        return mac.finalize()

    def tags(self, messages: Sequence[bytes]) -> bytes:
        """The tags of all, one after another in their order."""
        sizes = set(map(len, messages))
        if len(messages) > 1 and len(sizes) == 1:
            return self._alike(b"".join(messages), len(messages), sizes.pop())
        return b"".join(map(self.tag, messages))

    def _alike(self, raw: bytes, count: int, size: int) -> bytes:
        """Of `count` messages of `size` bytes each. A column holds one block of every message."""
        encrypt = self._cipher.encryptor().update
        last = max(0, size - 1) // TAG * TAG
        tags = b""
        for start in range(0, last + 1, TAG):
            column: bytes | bytearray = bytearray(TAG * count)
            for place in range(start, min(start + TAG, size)):
                column[place - start :: TAG] = raw[place::size]  # type: ignore[index]
            if tags:
                column = _mixed(column, tags)
            if start == last:
                column = _mixed(column, self._closing(size - start) * count)
            tags = encrypt(column)
        return tags

    def _closing(self, held: int) -> bytes:
        """What the last block, which holds so many bytes of the message, is mixed with."""
        whole, padded = self._subkeys
        if held == TAG:
            return whole
        return _mixed(padded, (bytes(held) + _END).ljust(TAG, b"\0"))


def _mixed(one: bytes | bytearray, other: bytes) -> bytes:
    """Bit by bit, of equal lengths."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _doubled(block: bytes) -> bytes:
    """Times x in GF(2^128)."""
    value = int.from_bytes(block, "big") << 1
    return (value ^ (1 << 128 | _REDUCTION) if value >> 128 else value).to_bytes(TAG, "big")
