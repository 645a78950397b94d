"""What a page asks for and what it brings, for every connection alike (rules.md 13, Relay)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from gateway.domain.coverage import Coverage
from gateway.domain.errors import InputError, VendorError
from gateway.domain.footfall import VisitTotals

Row = TypeVar("Row")

ROWS_MAXIMUM = 10_000
LIST_MAXIMUM = 1_000


class PageAsk(msgspec.Struct, frozen=True):
    """`size` rows from the front (`forward`) or the back of what lies between two cursors.

    `info`: whether somebody reads hasNextPage or hasPreviousPage, which takes one row more.
    `total`, `totals`: whether somebody reads them; they may cost calls of their own.
    """

    size: int
    forward: bool = True
    after: str | None = None
    before: str | None = None
    info: bool = True
    total: bool = False
    totals: bool = False

    @property
    def need(self) -> int:
        """Rows to find: one beyond the page where page info is read."""
        return self.size + 1 if self.info else self.size


class Page(msgspec.Struct, Generic[Row]):
    """Rows in the connection's order, as they are `held`. `cursors` makes the cursors of some of them.

    `made`: those of all, where they were made already.
    """

    held: Sequence[Row]
    cursors: Callable[[Sequence[Row]], list[str]]
    has_next: bool = False
    has_previous: bool = False
    coverage: list[Coverage] = msgspec.field(default_factory=list)
    failures: list[VendorError] = msgspec.field(default_factory=list)
    total: int | None = None
    totals: VisitTotals | None = None
    made: list[str] | None = None

    def cursor(self, row: Row) -> str:
        """The cursor of one row."""
        return self.cursors([row])[0]

    @property
    def rows(self) -> list[Row]:
        """Each row by itself; those held in columns are made now."""
        if not isinstance(self.held, list):
            self.held = list(self.held)
        return self.held


def page_ask(
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    *,
    default: int,
    maximum: int,
    info: bool = True,
    total: bool = False,
    totals: bool = False,
) -> PageAsk:
    """The four Relay arguments, checked."""
    if first is not None and last is not None:
        raise InputError("Give `first` or `last`, not both.", ("last",))
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 0 <= value <= maximum:
            raise InputError(f"`{name}` must be from 0 to {maximum}.", (name,))
    size = last if last is not None else first if first is not None else min(default, maximum)
    return PageAsk(size, last is None, after, before, info, total, totals)


def cut(
    rows: Sequence[Row], ask: PageAsk, cursors: Callable[[Sequence[Row]], list[str]], *, more: bool = False
) -> Page[Row]:
    """A page from rows in reading order (from the front, or from the back when `last` was asked).

    `rows` may hold one row more than the page; `more` says that there are others behind it all the same.
    """
    beyond = more or len(rows) > ask.size
    if len(rows) > ask.size:
        rows = rows[: ask.size]
    if ask.forward:
        return Page(rows, cursors, has_next=beyond or ask.before is not None, has_previous=ask.after is not None)
    return Page(rows[::-1], cursors, has_next=ask.before is not None, has_previous=beyond or ask.after is not None)
