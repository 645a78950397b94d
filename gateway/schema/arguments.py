"""Arguments that many fields share, with their words, and their way into the domain."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import strawberry
from strawberry import UNSET

from gateway.domain import instant
from gateway.domain.errors import InputError
from gateway.domain.window import Days as DomainDays
from gateway.domain.window import Window as DomainWindow
from gateway.federation.paging import LIST_MAXIMUM, ROWS_MAXIMUM, PageAsk, page_ask
from gateway.loaders.request import MOST_MEMBERS, Request
from gateway.schema.enums import SortDirection
from gateway.schema.scalars import Date, DateTime
from gateway.schema.selection import selected

Info = strawberry.Info[Request, object]

EARLIEST, LATEST = instant.parse("1970-01-01T00:00:00Z"), instant.parse("2200-01-01T00:00:00Z")


@strawberry.input(
    description="Half-open span of time: from <= t < to. `from` must be before `to`. Windows that meet share no row."
)
class Window:
    """Instants arrive as microseconds (scalars.py)."""

    from_: DateTime = strawberry.field(name="from", description="First instant of the span.")
    to: DateTime = strawberry.field(description="First instant after the span.")


@strawberry.input(description="Calendar days, both included, as the vendor counts them. `from` must not be after `to`.")
class Days:
    """Days of the site."""

    from_: Date = strawberry.field(name="from", description="First day.")
    to: Date = strawberry.field(description="Last day.")


First = Annotated[
    int | None,
    strawberry.argument(description="Page from the front: at most this many rows. Not together with `last`."),
]
After = Annotated[str | None, strawberry.argument(description="Only rows after the one this cursor names.")]
Last = Annotated[
    int | None,
    strawberry.argument(description="Page from the back: at most this many rows. Not together with `first`."),
]
Before = Annotated[str | None, strawberry.argument(description="Only rows before the one this cursor names.")]
WindowArgument = Annotated[Window, strawberry.argument(description="Which span of time, in instants.")]
DaysArgument = Annotated[Days, strawberry.argument(description="Which calendar days, both included.")]
SitesArgument = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description="Global ids of the sites asked, at most 1,000; left out: every site the caller may see. An id that "
        "does not exist or is not the caller's is BAD_USER_INPUT."
    ),
]
Direction = Annotated[SortDirection, strawberry.argument(description="Oldest first (ASC) or newest first (DESC).")]


def given(value: Any) -> Any:
    """An argument that was left out is None, like one that is null."""
    return None if value is UNSET else value


def window_of(window: Window) -> DomainWindow:
    """The span, checked. Raises InputError."""
    start, end = int(window.from_), int(window.to)
    if start >= end:
        raise InputError("`from` must be before `to`.", ("window", "from"))
    if start < EARLIEST or end > LATEST:
        raise InputError("A window lies between the years 1970 and 2200.", ("window",))
    return DomainWindow(start, end)


def days_of(days: Days) -> DomainDays:
    """The days, checked. Raises InputError."""
    if days.from_ > days.to:
        raise InputError("`from` must not be after `to`.", ("days", "from"))
    if days.from_.year < 1970 or days.to.year >= 2200:
        raise InputError("Days lie between the years 1970 and 2200.", ("days",))
    return DomainDays(days.from_, days.to)


def rows_page(info: Info, first: Any, after: Any, last: Any, before: Any) -> PageAsk:
    """The page of a connection of rows (sessions, visits, occupancy)."""
    return _page(info, first, after, last, before, ROWS_MAXIMUM)


def list_page(info: Info, first: Any, after: Any, last: Any, before: Any) -> PageAsk:
    """The page of any other connection."""
    return _page(info, first, after, last, before, LIST_MAXIMUM)


def _page(info: Info, first: Any, after: Any, last: Any, before: Any, maximum: int) -> PageAsk:
    names = selected(info)
    return page_ask(
        given(first),
        given(after),
        given(last),
        given(before),
        default=info.context.page_size,
        maximum=maximum,
        info="pageInfo" in names,
        total="totalCount" in names,
        totals="totals" in names,
    )


def members(values: Any, name: str) -> tuple[Any, ...] | None:
    """A list of a filter; None where it was left out. Raises InputError where it is too long."""
    listed = given(values)
    if listed is None:
        return None
    if len(listed) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} values can be named.", ("filter", name))
    return tuple(listed)


def instant_of(value: Any) -> int | None:
    """An instant of an input: microseconds already (scalars.py)."""
    found = given(value)
    return None if found is None else int(found)


def zone_of(value: Any) -> str | None:
    """An IANA name, checked. Raises InputError."""
    name = given(value)
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError("Not an IANA time zone.", ("filter", "timezone")) from None
    return str(name)
