"""Walking a connection to its end with pages of any size, in either direction, and checking each page's word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from typing import TypeVar

from gateway.federation.paging import Page, PageAsk

Row = TypeVar("Row")
Ask = Callable[[PageAsk], Awaitable[Page[Row]]]


async def walk(
    ask: Ask[Row], sizes: list[int], *, forward: bool = True, each: Callable[[], None] = lambda: None
) -> list[Row]:
    """All rows in the connection's order. `each` is called after every page. hasNextPage is held to be a fact."""
    rows: list[Row] = []
    cursor: str | None = None
    turns: Iterator[int] = cycle(sizes)
    while True:
        size = next(turns)
        page = await ask(PageAsk(size, forward, after=cursor if forward else None, before=None if forward else cursor))
        each()
        assert len(page.rows) <= size
        assert (page.has_previous if forward else page.has_next) is (cursor is not None)
        rows = rows + page.rows if forward else page.rows + rows
        more = page.has_next if forward else page.has_previous
        if not more:
            return rows
        assert page.rows, "a page that promises more must move the cursor"
        cursor = page.cursor(page.rows[-1] if forward else page.rows[0])
