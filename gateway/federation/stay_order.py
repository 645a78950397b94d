"""In which order stays stand among each other (start, vendor, vendor's id: rules.md 15), and what their cursors say."""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeAlias, cast

import msgspec

from gateway.domain.instant import Micros
from gateway.domain.session import AppRecord, AppSession, WifiRecord, WifiSession
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.cursor import Binding
from gateway.federation.merge import Key
from gateway.federation.paging import PageAsk

Session: TypeAlias = AppSession | WifiSession
Record: TypeAlias = AppRecord | WifiRecord
Position: TypeAlias = tuple[Micros, int, int]
"""Start, vendor's rank, and a checksum of the vendor's id: it tells apart what shares the others, and holds no id."""

_POSITION = struct.Struct(">qBI")


def _keyed(rank: int) -> Callable[[Record], Key]:
    return lambda record: (record.start, rank, record.id)


_RANK = {vendor: rank for rank, vendor in enumerate(VendorKey)}
_RANKS: dict[type, int] = {kind: _RANK[kind.vendor] for kind in (AppSession, WifiSession)}

KEYS = {vendor: _keyed(rank) for vendor, rank in _RANK.items()}
"""The keys of one vendor's records."""

by_start: Callable[[Record], Micros] = attrgetter("start")


class Between(msgspec.Struct, frozen=True):
    """What may be read: a span, and the positions strictly between which rows lie."""

    span: Window
    low: Position | None
    high: Position | None
    backward: bool

    @property
    def edge(self) -> Micros | None:
        """Instant of the cursor that is read first: the rows of that instant are read again."""
        near = self.high if self.backward else self.low
        return near[0] if near else None

    def trimmed(self, rows: list[Record], key: Callable[[Record], Key]) -> list[Record]:
        """Without the rows at and beyond the cursors; `rows` of one vendor, in the order they are read in."""
        near, far = (self.high, self.low) if self.backward else (self.low, self.high)
        begin = _find(rows, near, key, -1 if self.backward else 1)[1] if near else 0
        end = _find(rows, far, key, -1 if self.backward else 1)[0] if far else len(rows)
        return rows[begin : max(begin, end)]


def _find(rows: list[Record], position: Position, key: Callable[[Record], Key], sign: int) -> tuple[int, int]:
    """Where a cursor's row stands among `rows`: how many come before it, and how many up to and with it."""

    def place(record: Record) -> tuple[int, int]:
        start, rank, _ = cast("tuple[int, int, str]", key(record))
        return sign * start, sign * rank

    mark = sign * position[0], sign * position[1]
    first = bisect_left(rows, mark, key=place)
    behind = bisect_right(rows, mark, lo=first, key=place)
    for index in range(first, behind):
        if zlib.crc32(rows[index].id.encode()) == position[2]:
            return index, index + 1
    return behind, first


def cursors(binding: Binding) -> Callable[[Sequence[Session]], list[str]]:
    """The cursors of some rows, made together."""

    def made(rows: Sequence[Session]) -> list[str]:
        records = [row.record for row in rows]
        checks = map(zlib.crc32, map(str.encode, [record.id for record in records]))
        starts, ranks = [record.start for record in records], map(_RANKS.__getitem__, map(type, rows))
        return binding.encode_all(list(map(_POSITION.pack, starts, ranks, checks)))

    return made


def positions(binding: Binding, page: PageAsk, *, descending: bool) -> tuple[Position | None, Position | None]:
    """The positions of the two cursors, the earlier in time first."""

    def position(cursor: str | None, argument: str) -> Position | None:
        return None if cursor is None else cast("Position", _POSITION.unpack(binding.decode(cursor, argument)))

    after, before = position(page.after, "after"), position(page.before, "before")
    return (before, after) if descending else (after, before)


def ordered(bodies: list[list[Record]]) -> list[Record]:
    """In the order of pages: a vendor's records follow each other in time, the vendors are merged."""
    app, wifi = (KEYS[kind.vendor] for kind in (AppSession, WifiSession))
    records = [record for body in bodies for record in body]
    records.sort(key=lambda record: app(record) if isinstance(record, AppRecord) else wifi(record))
    return records
