"""A read of one stretch of a list: rows by absolute position, in the vendor's own order."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

Row = TypeVar("Row")


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Rows of `[start, start + count)` of a list.

    `positions` holds the absolute position of each row, counted from 0: rows may be missing between two of them, where
    the vendor sent one twice or its filter let one through that does not belong (quirks O4, O19). `next` is the
    position to read on from and `end` says that nothing follows it. `total`: rows of the whole list, None where the
    vendor's count is not exact for what was asked.
    """

    rows: list[Row]
    positions: list[int]
    total: int | None
    next: int
    end: bool
