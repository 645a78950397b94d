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


class Keyed(Protocol):
    """A record that goes by an `_id`, and mostly by a key as well."""

    @property
    def id(self) -> str: ...

    @property
    def key(self) -> str | None: ...


Record = TypeVar("Record", bound=Keyed)
Found = TypeVar("Found")
Get = Callable[[str], Awaitable[Found | None]]


async def by_reference(
    asked: Sequence[str], read: ReadRange[Record], page_rows: int, get: Get[Record]
) -> dict[str, Record | None | Exception]:
    """Each reference asked, with its record, None, or why it cannot be told. Raises what reading the list raises."""
    listed = await _listed(read, page_rows, most=len(asked)) if len(asked) > 1 else []
    by_key = {record.key: record for record in reversed(listed) if record.key}
    held = by_key | {record.id: record for record in listed}
    known: dict[str, Record | None | Exception] = {text: held[text] for text in asked if text in held}
    return {**known, **await each([text for text in asked if text not in known], get)}


async def each(asked: Sequence[str], get: Get[Found]) -> dict[str, Found | None | Exception]:
    """One by one, side by side."""

    async def one(text: str) -> Found | None | Exception:
        try:
            return await get(text)
        except Exception as error:
            return error

    return dict(zip(asked, await asyncio.gather(*map(one, asked)), strict=True))


async def _listed(read: ReadRange[Record], page_rows: int, most: int) -> list[Record]:
    """The whole list where it has no more than `most` pages, else its first page."""
    first = await read(0, page_rows)
    if first.end or first.total is None or -(-first.total // page_rows) > most:
        return list(first.rows)

    async def rest(start: int, count: int) -> Page[Record]:
        return first if start == 0 else await read(start, count)

    return await whole(rest, page_rows)
