"""Connections (Relay): the types every list shares, and the plain objects they read from.

The sources are attributes only, so that a page of rows completes without a resolver per row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import strawberry

from gateway.domain.columned import COLUMNED, Columned
from gateway.domain.coverage import Coverage as DomainCoverage
from gateway.federation.paging import Page
from gateway.schema.coverage import Coverage

T = TypeVar("T")

EDGES = "The rows of the page, each with its cursor."
NODES = "The rows of the page, without cursors."
PAGE_INFO = "Whether there is more on either side, and the cursors to go on from."
TOTAL = "Rows of the whole connection: exact, or null where that is not known. May cost calls of its own."
COVERAGE = "What each vendor contributed: complete, partial, failed or not covered."
TOGETHER = 500
"""Cursors made in one go: half a millisecond."""
CURSOR = "Names this row's position, for `after` and `before`. Bound to the field, its filters and its window."


@strawberry.type(description="Where a page stands in its connection.")
class PageInfo:
    """Read from PageInfoSource."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row; null where the page is empty.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null where the page is empty.")


class Cursors(Generic[T]):
    """The cursors of a page, some hundred made together when the first of them is read."""

    __slots__ = ("_made", "_page")

    def __init__(self, page: Page[T]) -> None:
        self._page = page
        self._made: dict[int, list[str]] = {}

    def of(self, at: int) -> str:
        """The cursor of the row at this place."""
        if self._page.made is not None:
            return self._page.made[at]
        block, place = divmod(at, TOGETHER)
        made = self._made.get(block)
        if made is None:
            rows = self._page.held[block * TOGETHER : (block + 1) * TOGETHER]
            made = self._made[block] = self._page.cursors(rows)
        return made[place]

    def all(self) -> list[str]:
        return self._page.cursors(self._page.held) if self._page.made is None else self._page.made


class EdgeSource(msgspec.Struct, Generic[T], gc=False):
    """One row, and its cursor: the one `at` this place of its page."""

    cursors: Cursors[T]
    at: int
    node: T

    @property
    def cursor(self) -> str:
        return self.cursors.of(self.at)


class Edges(Columned[EdgeSource[Any]]):
    """Edges of rows that stand in columns, or of which the cursors do."""

    item = EdgeSource

    def __init__(self, page: Page[Any]) -> None:
        self._page = page
        self._cursors = Cursors(page)

    def column(self, name: str) -> Sequence[Any]:
        return self._page.held if name == "node" else self._cursors.all()

    def __len__(self) -> int:
        return len(self._page.held)

    def __getitem__(self, index: Any) -> Any:
        at = range(len(self))[index]
        return EdgeSource(self._cursors, at, self._page.held[at])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows())

    def rows(self) -> list[EdgeSource[Any]]:
        cursors = self._cursors
        return [EdgeSource(cursors, at, row) for at, row in enumerate(self._page.held)]


class PageInfoSource(Generic[T]):
    """What PageInfo reads."""

    __slots__ = ("_page", "has_next_page", "has_previous_page")

    def __init__(self, page: Page[T]) -> None:
        self._page = page
        self.has_next_page = page.has_next
        self.has_previous_page = page.has_previous

    @property
    def start_cursor(self) -> str | None:
        return self._page.cursor(self._page.held[0]) if self._page.held else None

    @property
    def end_cursor(self) -> str | None:
        return self._page.cursor(self._page.held[-1]) if self._page.held else None


class ConnectionSource(Generic[T]):
    """What a connection type reads."""

    __slots__ = ("_page",)

    def __init__(self, page: Page[T]) -> None:
        self._page = page

    @property
    def nodes(self) -> Sequence[T]:
        return self._page.held

    @property
    def edges(self) -> Sequence[EdgeSource[T]]:
        edges = Edges(self._page)
        return edges if type(self._page.held) in COLUMNED or self._page.made is not None else edges.rows()

    @property
    def page_info(self) -> PageInfoSource[T]:
        return PageInfoSource(self._page)

    @property
    def total_count(self) -> int | None:
        return self._page.total

    @property
    def totals(self) -> object:
        return self._page.totals

    @property
    def coverage(self) -> list[DomainCoverage]:
        return self._page.coverage


CoverageLines = list[Annotated[Coverage, strawberry.lazy("gateway.schema.coverage")]]
