"""The fields of stays and of the figures the vendors count themselves."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.access.scopes import Scope
from gateway.domain.site import Site as DomainSite
from gateway.schema.answering import rooted
from gateway.schema.arguments import (
    After,
    Before,
    DaysArgument,
    Direction,
    First,
    Info,
    Last,
    SitesArgument,
    WindowArgument,
    days_of,
    given,
    rows_page,
    window_of,
)
from gateway.schema.count import SiteCount, count_of, counts
from gateway.schema.enums import SortDirection
from gateway.schema.guest import GuestLease, leases
from gateway.schema.references import asked_sites
from gateway.schema.session import SessionConnection, SessionFilter
from gateway.schema.sessions import session_page

Source = strawberry.Parent[DomainSite]

FilterArgument = Annotated[SessionFilter | None, strawberry.argument(description="Which sessions.")]

OnlineArgument = Annotated[
    bool | None, strawberry.argument(description="Only logins that are online now, or only those that are not.")
]

AddressesArgument = Annotated[
    list[str], strawberry.argument(description="IPv4 or IPv6 addresses on the venues' Wi-Fi, at most 1,000.")
]


@rooted
async def sessions(
    info: Info,
    window: WindowArgument,
    filter: FilterArgument = UNSET,
    direction: Direction = SortDirection.ASC,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> SessionConnection | None:
    page = rows_page(info, first, after, last, before)
    return await session_page(info, window, given(filter), direction, page)


@rooted
async def session_counts(info: Info, window: WindowArgument, sites: SitesArgument = UNSET) -> list[SiteCount] | None:
    span, figures = window_of(window), info.context.catalog.counts
    asked = await asked_sites(info, sites)
    return await counts(info, asked, lambda some: figures.sessions(some, span))  # type: ignore[return-value]


@rooted
async def unique_user_counts(
    info: Info, window: WindowArgument, sites: SitesArgument = UNSET
) -> list[SiteCount] | None:
    span, figures = window_of(window), info.context.catalog.counts
    asked = await asked_sites(info, sites)
    return await counts(info, asked, lambda some: figures.users(some, span))  # type: ignore[return-value]


@rooted
async def guest_session_counts(
    info: Info, days: DaysArgument, sites: SitesArgument = UNSET, online: OnlineArgument = UNSET
) -> list[SiteCount] | None:
    span, figures = days_of(days), info.context.catalog.counts
    asked = await asked_sites(info, sites)
    return await counts(info, asked, lambda some: figures.guests(some, span, given(online)))  # type: ignore[return-value]


async def guests_by_ip(info: Info, addresses: AddressesArgument) -> list[GuestLease | None]:
    info.context.require(Scope.READ)
    return await leases(info, addresses)  # type: ignore[return-value]


@rooted
async def sessions_of_site(
    root: Source,
    info: Info,
    window: WindowArgument,
    filter: FilterArgument = UNSET,
    direction: Direction = SortDirection.ASC,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> SessionConnection | None:
    page = rows_page(info, first, after, last, before)
    return await session_page(info, window, given(filter), direction, page, within=root)


@rooted
async def session_count(root: Source, info: Info, window: WindowArgument) -> int | None:
    span, counts = window_of(window), info.context.catalog.counts
    return await count_of(info, ("sessionCount", span), root, lambda sites: counts.sessions(sites, span))


@rooted
async def unique_user_count(root: Source, info: Info, window: WindowArgument) -> int | None:
    span, counts = window_of(window), info.context.catalog.counts
    return await count_of(info, ("uniqueUserCount", span), root, lambda sites: counts.users(sites, span))
