"""How visits and occupancy are asked: one connection over several sites, or one per site of a list, read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.domain.errors import GatewayError
from gateway.domain.site import Site as DomainSite
from gateway.federation.buckets import Granularity
from gateway.federation.footfall import Footfall, FootfallAsk
from gateway.federation.paging import Page, PageAsk
from gateway.schema.answering import connection
from gateway.schema.arguments import Info, Window, window_of


async def merged(
    info: Info,
    footfall: Footfall[Any, Any],
    sites: Sequence[DomainSite],
    window: Window,
    granularity: Granularity,
    page: PageAsk,
) -> Any:
    """One connection over all `sites`."""
    span = window_of(window)
    bound = (info.context.bound, (span.start, span.end), granularity, sorted(site.key for site in sites))
    found = await footfall.pages([FootfallAsk(span, granularity, tuple(sites), bound)], page)
    return connection(info, found[0])


async def of_site(
    info: Info,
    footfall: Footfall[Any, Any],
    field: str,
    site: DomainSite,
    window: Window,
    granularity: Granularity,
    page: PageAsk,
) -> Any:
    """The connection of one site, read together with those of the other sites that ask alike."""
    span = window_of(window)
    reach = info.context.bound

    async def load_all(sites: list[DomainSite]) -> dict[DomainSite, Page[Any] | GatewayError]:
        asks = [
            FootfallAsk(span, granularity, (each,), (reach, (span.start, span.end), granularity, "of", each.key))
            for each in sites
        ]
        return dict(zip(sites, await footfall.pages(asks, page), strict=True))

    batch = info.context.batch((field, span, granularity, page), load_all)
    return connection(info, await batch.load(site))
