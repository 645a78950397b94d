"""A whole list of a vendor, from pages by absolute row range."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.domain.ports.pages import Page

Row = TypeVar("Row")
ReadRange = Callable[[int, int], Awaitable[Page[Row]]]


async def whole(read: ReadRange[Row], page_rows: int) -> list[Row]:
    """Every row: the first page, then, where it tells the total, the others side by side."""
    first = await read(0, page_rows)
    rows = list(first.rows)
    if first.end:
        return rows
    if first.total is not None:
        starts = range(first.next, first.total, page_rows)
        pages = await asyncio.gather(*(read(start, page_rows) for start in starts))
        for page in pages:
            rows += page.rows
        last = pages[-1] if pages else first
    else:
        last = first
    while not last.end:
        last = await read(last.next, page_rows)
        rows += last.rows
    return rows
