"""What `since` continues: which rows an earlier export has sent for good, as a signed text the caller keeps.

Nothing is remembered here. Rows that were not final then come again once they are; none comes twice after that.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from gateway.bi.ask import Ask
from gateway.domain.errors import CursorError, InputError
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.window import Window
from gateway.federation.cursor import Binding, Cursors

_WIDTH = 4


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """One export as the next one must know it. `settled`: buckets ended by then were final; `at`: when it was asked.

    Of sessions: `open` are digests of those that had no end (None: too many to name), `oldest` their earliest start;
    `seen` are those of the other ones that began in the last moments, among which late ones may still turn up.
    """

    started: Micros
    ended: Micros
    at: Micros
    settled: Micros
    open: bytes | None = b""
    seen: bytes = b""
    oldest: Micros | None = None


def binding(cursors: Cursors, ask: Ask, reach: str) -> Binding:
    """A watermark goes with one table, its filters and the caller's sites; the span may move on."""
    filters = (
        ask.table.name,
        ask.sites,
        ask.granularity,
        ask.device,
        sorted(ask.vendors) if ask.vendors is not None else None,
        sorted(ask.status) if ask.status is not None else None,
    )
    return cursors.bind("since", filters, reach)


def written(bound: Binding, mark: Mark) -> str:
    """For the header X-Watermark. The cursor's own bound on length is kept by packing what follows the signature."""
    body = zlib.compress(msgspec.msgpack.encode(mark), 9)
    head = bound.encode(_digest(body))
    return head + "." + urlsafe_b64encode(body).rstrip(b"=").decode()


def read(bound: Binding, text: str, window: Window) -> Mark:
    """Raises CursorError for what was not written here for this question."""
    head, dot, tail = text.partition(".")
    wrong = CursorError("The watermark was not made by this table with these filters.", ("since",))
    if not dot:
        raise wrong
    try:
        digest = bound.decode(head, "since")
        body = urlsafe_b64decode(tail + "=" * (-len(tail) % 4))
    except (CursorError, ValueError):
        raise wrong from None
    if digest != _digest(body):
        raise wrong
    mark = msgspec.msgpack.decode(zlib.decompress(body), type=Mark)
    if window.start < mark.started:
        raise InputError("`from` lies before that of the load this watermark continues.", ("from",))
    return mark


def bucket_is_new(mark: Mark, window: Window, until: Micros) -> bool:
    """Whether a bucket that ends at `until` has to be sent (again)."""
    return until > mark.settled or (window.end > mark.ended and until > mark.ended)


def first_minute(mark: Mark, window: Window) -> Micros:
    """From where on there may be such buckets of a minute."""
    low = min(mark.settled, mark.ended) if window.end > mark.ended else mark.settled
    return max(window.start, low // MINUTE * MINUTE)


def digest_of(session_id: str) -> bytes:
    """Four bytes: a mark must fit a URL."""
    return zlib.crc32(session_id.encode()).to_bytes(_WIDTH, "big")


def packed(found: list[bytes]) -> bytes:
    return b"".join(sorted(found))


def digests(text: bytes) -> frozenset[bytes]:
    return frozenset(text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH))


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
