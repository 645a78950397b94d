"""How values lie in the shared store: msgpack in a versioned envelope, sealed where they hold raw identifiers.

What another version wrote, what another key sealed and plain rubbish are misses. Nothing is unpickled (rules.md 45).
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from gateway.access.pseudonyms import Sealer

Value = TypeVar("Value")

VERSION = b"g1"
"""Changed with the shape of anything that is kept: replicas of two versions then ignore each other's entries."""


class Codec(Generic[Value]):
    """Values of one type as bytes. With a `sealer` they can only be read under the key they were written for."""

    def __init__(self, shape: Any, sealer: Sealer | None = None) -> None:
        self._decoder: msgspec.msgpack.Decoder[Value] = msgspec.msgpack.Decoder(shape)
        self._encoder = msgspec.msgpack.Encoder()
        self._sealer = sealer

    def encode(self, value: Value, key: str) -> bytes:
        body = self._encoder.encode(value)
        return VERSION + (self._sealer.seal(body, key.encode()) if self._sealer else body)

    def decode(self, raw: bytes | None, key: str) -> Value | None:
        if raw is None or not raw.startswith(VERSION):
            return None
        body: bytes | None = raw[len(VERSION) :]
        if self._sealer and body is not None:
            body = self._sealer.open(body, key.encode())
        if body is None:
            return None
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
