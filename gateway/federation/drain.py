"""A whole window of one series, part after part in time order, in as few calls as hold its rows and in flat memory.

A page of a long window is served once the vendor's own counts have proved that it holds everything before its last
instant; a vendor that does not sort is read by windows as wide as a few pages. Nothing is left out without an error.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

import msgspec

from gateway.domain.coverage import moving
from gateway.domain.instant import DAY, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window

Body = TypeVar("Body")

PAGES = 8
_FULL = 0.93
_NARROWINGS = 16
_MONTH = 31 * DAY
_RECORDS = 20_000


class Reader(msgspec.Struct, Generic[Body]):
    """How a series is read. `cut` gives the part of a body inside a window, `count` its rows.

    `page_rows`: rows one call can bring. `grain`: as of the port; above 1 the vendor is asked by whole days. `page`:
    one page by its number, for those who take rows in the vendor's own order; `closed`: up to when rows are settled;
    `short`: all rows may well be one page, settled or not.
    """

    vendor: VendorKey
    read: Callable[[Window, int | None], Awaitable[Slice[Body]]]
    cut: Callable[[Body, Window], Body]
    count: Callable[[Body], int]
    page_rows: int
    grain: Micros = 1
    page: Callable[[Window, int], Awaitable[Slice[Body]]] | None = None
    closed: Micros = 0
    short: bool = True

    async def steady(self, window: Window, budget: int | None) -> Slice[Body]:
        """A read that lost nothing. Raises UpstreamError, also where rows kept moving (quirk B18)."""
        found = await self.read(window, budget)
        if found.moved:
            raise moving(self.vendor)
        return found

    async def paged(self, window: Window, number: int) -> Slice[Body]:
        """A page by its number, as steady."""
        assert self.page is not None
        found = await self.page(window, number)
        if found.moved:
            raise moving(self.vendor)
        return found


async def drain(reader: Reader[Body], span: Window) -> AsyncIterator[tuple[Window, Body]]:
    """Adjacent windows that make up `span`, ascending, each with all its rows.

    With `page` several bodies may be of one window, in no order.
    """
    if reader.page is not None and span.start < reader.closed:
        parts = _by_number(reader, span)
    else:
        parts = _by_pages(reader, span) if reader.grain == 1 else _by_months(reader, span)
    async for part in parts:
        yield part


async def _by_pages(reader: Reader[Body], span: Window) -> AsyncIterator[tuple[Window, Body]]:
    """An empty part first, as soon as the vendor has answered: whoever waits knows that it does."""
    rest, ahead, tries = span, None, 1
    while not rest.empty:
        found = ahead or await reader.steady(rest, reader.page_rows)
        ahead = None
        if rest == span and not found.complete and tries:
            yield Window(span.start, span.start), reader.cut(found.body, Window(span.start, span.start))
        if found.complete:
            yield rest, found.body
            return
        proved = await _proved(reader, rest, found)
        if proved is not None:
            part, ahead = proved
            yield part, reader.cut(found.body, part)
            rest = Window(part.end, rest.end)
        elif tries and rest.end > reader.closed and edge_of(rest, found) is not None:
            tries -= 1  # rows may have arrived in between
        else:
            async for part, body in by_density(reader, rest, found.total):
                yield part, body
            return


async def _proved(reader: Reader[Body], rest: Window, page: Slice[Body]) -> tuple[Window, Slice[Body]] | None:
    """The window a first page holds whole, and the page behind it; None where the counts do not prove it."""
    edge = edge_of(rest, page)
    if edge is None:
        return None
    part = Window(rest.start, edge)
    after = await reader.steady(Window(edge, rest.end), reader.page_rows)
    held = reader.count(reader.cut(page.body, part))
    return (part, after) if after.total is not None and held + after.total == page.total else None


def edge_of(rest: Window, page: Slice[Body]) -> Micros | None:
    """Up to where a page may hold everything: the instant of its last row, if the vendor sorts."""
    sample = page.sample
    if page.total is None or not sample or any(later < earlier for earlier, later in pairwise(sample)):
        return None
    return sample[-1] if sample[-1] > rest.start else None


async def _by_number(reader: Reader[Body], span: Window) -> AsyncIterator[tuple[Window, Body]]:
    """Every page once, which no order and no number of rows of one instant makes dearer.

    What may still change is read apart, and by windows: there rows would move between pages.
    """
    settled = Window(span.start, min(span.end, reader.closed))
    whole = span if reader.short else settled
    first = await reader.steady(whole, reader.page_rows)
    held, reached = 0, settled.end
    if first.complete:
        held, reached = reader.count(first.body), whole.end
        yield whole, first.body
    else:
        yield Window(span.start, span.start), reader.cut(first.body, Window(span.start, span.start))
        first = first if whole == settled else await reader.paged(settled, 1)
        async for body in _pages(reader, settled, first):
            held += reader.count(body)
            yield settled, body
    late = Window(reached, span.end)
    if not late.empty:
        async for part, body in by_density(reader, late, held * late.length // settled.length + 1):
            yield part, body


async def _pages(reader: Reader[Body], window: Window, first: Slice[Body]) -> AsyncIterator[Body]:
    """Every page of a window whose rows are settled."""
    second = None if first.complete else await reader.paged(window, 2)
    if second is not None and first.total != second.total:  # the first one came from what was known already
        first = await reader.paged(window, 1)
    yield first.body
    if second is None:
        return
    length = max(1, len(first.sample), reader.count(first.body))
    for number in range(2, -(-(second.total or 0) // length) + 1):
        found = second if number == 2 else await reader.paged(window, number)
        if found.total != first.total:
            raise moving(reader.vendor)
        yield found.body


async def by_density(reader: Reader[Body], rest: Window, total: int | None) -> AsyncIterator[tuple[Window, Body]]:
    """Windows that a few pages should hold, each read whole."""
    budget = PAGES * reader.page_rows
    density = (total or 2 * budget) / rest.length
    while not rest.empty:
        length = rest.length if density * rest.length <= budget else int(_FULL * budget / density)
        for _ in range(_NARROWINGS):
            window = Window(rest.start, min(rest.end, rest.start + max(1, length)))
            found = await reader.steady(window, budget)
            if found.complete or window.length <= 1:
                break
            length = min(window.length // 2, int(_FULL * budget * window.length / max(1, found.total or 1)))
        body = found.body if found.complete else (await reader.steady(window, None)).body
        yield window, body
        rest = Window(window.end, rest.end)
        density = max(1, reader.count(body)) / max(1, window.length)


async def _by_months(reader: Reader[Body], span: Window) -> AsyncIterator[tuple[Window, Body]]:
    """For a vendor asked by days, which reads around each window: few and wide ones, as many rows as memory allows."""
    rest, length = span, _MONTH
    while not rest.empty:
        end = (rest.start + length) // reader.grain * reader.grain
        window = rest if rest.length <= length + 2 * DAY else Window(rest.start, max(end, rest.start + reader.grain))
        body = (await reader.steady(window, None)).body
        yield window, body
        rest = Window(window.end, rest.end)
        each = max(1, reader.count(body)) / window.length
        length = int(min(12 * _MONTH, max(reader.grain, _RECORDS / each)))


async def together(
    parts: Sequence[AsyncIterator[tuple[Window, Body]]],
    span: Window,
    cut: Callable[[Body, Window], Body],
    join: Callable[[list[Body]], Body],
) -> AsyncIterator[tuple[Window, Body]]:
    """Several drains of one span as one: each is read only when it is the one that lags behind."""
    if not parts:
        return
    held: list[list[Body]] = [[] for _ in parts]
    reached = [span.start] * len(parts)
    at = span.start
    while at < span.end:
        slowest = min(range(len(parts)), key=reached.__getitem__)
        found = await anext(parts[slowest], None)
        if found is None:
            reached[slowest] = span.end
        else:
            reached[slowest] = found[0].end
            held[slowest].append(found[1])
        part = Window(at, min(reached))
        if part.empty and found is not None:
            if found[0].empty:
                yield found
            continue
        yield part, join([cut(body, part) for bodies in held for body in bodies])
        at = part.end
        held = [[cut(body, Window(at, span.end)) for body in bodies[-1:]] for bodies in held]
