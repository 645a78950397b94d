"""Records by the references callers give, many at once: out of one list, or one by one where that asks less.

A list only saves calls. What it does not hold is asked for by itself, so that what is found never depends on who else
is asked for at the same moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from gateway.domain.ports.pages import Page
from gateway.federation.ranges import ReadRange, whole


class Identified(Protocol):
    """A record with an `_id`."""

    @property
    def id(self) -> str: ...


Record = TypeVar("Record", bound=Identified)
Found = TypeVar("Found")
Get = Callable[[str], Awaitable[Found | None]]


async def by_reference(
    asked: Sequence[str], read: ReadRange[Record], page_rows: int, get: Get[Record]
) -> dict[str, Record | Exception | None]:
    """Each reference asked, with its record, None, or why it cannot be told. Raises what reading the list raises."""
    held = await _listed(asked, read, page_rows) if len(asked) > 1 else {}
    known: dict[str, Record | Exception | None] = {text: held[text] for text in asked if text in held}
    return {**known, **await each([text for text in asked if text not in known], get)}


async def each(asked: Sequence[str], get: Get[Found]) -> dict[str, Found | Exception | None]:
    """One by one, side by side."""

    async def one(text: str) -> Found | Exception | None:
        try:
            return await get(text)
        except Exception as error:
            return error

    return dict(zip(asked, await asyncio.gather(*map(one, asked)), strict=True))


async def _listed(asked: Sequence[str], read: ReadRange[Record], page_rows: int) -> dict[str, Record]:
    """By id, what the first page holds; what all hold, where those are fewer calls than asking for the rest.

    Never by key: on a page not read an id may be the same text, and an id wins (quirk O6).
    """
    first = await read(0, page_rows)
    held = {row.id: row for row in first.rows}
    missing = sum(text not in held for text in asked)
    if not missing or first.end or first.total is None or -(-first.total // page_rows) - 1 > missing:
        return held

    async def rest(start: int, count: int) -> Page[Record]:
        return first if start == 0 else await read(start, count)

    return {row.id: row for row in await whole(rest, page_rows)}
