"""Bodies as sent made into bodies as meant, piece by piece. A small body that unfolds into a huge one must not pass:
pieces are small and the reader counts them before the next is made. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PIECE = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class Garbled(Exception):
    """Not the encoding it says it is, or one nobody asked for."""


class Unfinished(Exception):
    """The compressed body ends before its end."""


class Inflater:
    """Decoder for one body. `encoding` is the Content-Encoding, "" or identity for none."""

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        self._gzip = encoding in ("gzip", "x-gzip")
        self._plain = encoding in ("", "identity")
        if not (self._gzip or self._plain or encoding == "deflate"):
            raise Garbled
        self._decoder = zlib.decompressobj(_GZIP if self._gzip else zlib.MAX_WBITS)
        self._fed = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The next pieces, none longer than PIECE where the body is compressed."""
        if self._plain:
            yield chunk
            return
        try:
            yield from self._unfold(chunk)
        except zlib.error:
            if self._fed or self._gzip:
                raise Garbled from None
            # Many servers mean raw deflate when they say deflate.
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            self._fed = True
            yield from self.feed(chunk)
        self._fed = True

    def finish(self) -> None:
        """Raises Unfinished when more should have come."""
        if self._fed and not self._plain and not self._decoder.eof:
            raise Unfinished

    def _unfold(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == PIECE:
            if self._decoder.eof:
                if not self._gzip:
                    return
                self._decoder = zlib.decompressobj(_GZIP)  # the next member of a gzip file of several
            piece = self._decoder.decompress(data, PIECE)
            data = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
            if piece:
                yield piece
