"""Bytes as text for URLs (RFC 4648, section 5) without padding, and strictly back."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import b2a_base64

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def decode(text: str) -> bytes:
    """Of all texts that decoders take for the same bytes, only the one `encode` writes. Else ValueError."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw


def encode_all(*columns: tuple[bytes, int, int]) -> list[str]:
    """`encode` of many values of one length, written as one text and cut.

    A value is made of parts, a column each: the parts of all values one after another, the length of each, and how many
    bytes of it are meant. At least one byte is meant.
    """
    raw, _, _ = columns[0]
    count = len(raw) // columns[0][1]
    size = sum(meant for _, _, meant in columns)
    wide = size + 3 - size % 3  # so many zeros more that at least one character of each is theirs alone
    whole = bytearray(wide * count)
    at = 0
    for raw, step, meant in columns:
        for place in range(meant):
            whole[at + place :: wide] = raw[place::step]
        at += meant
    text = bytearray(b2a_base64(whole, newline=False).translate(_URL_SAFE))
    shown, wide = -(-size * 8 // 6), wide // 3 * 4
    gap = b" " * count
    for place in range(shown, wide):
        text[place::wide] = gap
    return text.decode().split()
