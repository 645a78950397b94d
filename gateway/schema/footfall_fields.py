"""The fields of visits and occupancy, merged over sites and of one site."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.domain.site import Site as DomainSite
from gateway.federation.buckets import Granularity
from gateway.schema.answering import rooted
from gateway.schema.arguments import (
    After,
    Before,
    First,
    Info,
    Last,
    SitesArgument,
    WindowArgument,
    rows_page,
)
from gateway.schema.footfall import merged, of_site
from gateway.schema.occupancy import OccupancyConnection
from gateway.schema.references import asked_sites
from gateway.schema.visit import VisitConnection

Source = strawberry.Parent[DomainSite]

GranularityArgument = Annotated[Granularity, strawberry.argument(description="Bucket width, in the site's time zone.")]


@rooted
async def visits(
    info: Info,
    window: WindowArgument,
    sites: SitesArgument = UNSET,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> VisitConnection | None:
    page = rows_page(info, first, after, last, before)
    return await merged(info, info.context.catalog.visits, await asked_sites(info, sites), window, granularity, page)


@rooted
async def occupancy(
    info: Info,
    window: WindowArgument,
    sites: SitesArgument = UNSET,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> OccupancyConnection | None:
    page = rows_page(info, first, after, last, before)
    return await merged(info, info.context.catalog.occupancy, await asked_sites(info, sites), window, granularity, page)


@rooted
async def visits_of_site(
    root: Source,
    info: Info,
    window: WindowArgument,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> VisitConnection | None:
    page = rows_page(info, first, after, last, before)
    return await of_site(info, info.context.catalog.visits, "visits", root, window, granularity, page)


@rooted
async def occupancy_of_site(
    root: Source,
    info: Info,
    window: WindowArgument,
    granularity: GranularityArgument = Granularity.MINUTE,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> OccupancyConnection | None:
    page = rows_page(info, first, after, last, before)
    return await of_site(info, info.context.catalog.occupancy, "occupancy", root, window, granularity, page)
