"""How visits and occupancy are asked: one connection over several sites, or one per site of a list, read together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from strawberry import UNSET

from gateway.domain.errors import GatewayError
from gateway.domain.site import Site as DomainSite
from gateway.execution.rows import Infos, Joined
from gateway.federation.buckets import Granularity
from gateway.federation.catalog import Catalog
from gateway.federation.footfall import Footfall, FootfallAsk
from gateway.federation.paging import Page, PageAsk
from gateway.loaders.batch import Batch
from gateway.schema.answering import connection, connections_of
from gateway.schema.arguments import Info, Window, rows_page, window_of


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
    return connection(info, await _batch(info, footfall, field, window, granularity, page).load(site))


def of_sites(field: str, footfall: Callable[[Catalog], Footfall[Any, Any]]) -> Joined:
    """`of_site` for all sites of a list at once, with the arguments of the field."""

    async def connections(
        sites: list[DomainSite],
        infos: Infos,
        /,
        window: Window,
        granularity: Granularity = Granularity.MINUTE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> list[Any]:
        info = infos[0]
        try:
            page = rows_page(info, first, after, last, before)
            batch = _batch(info, footfall(info.context.catalog), field, window, granularity, page)
            found: Sequence[Page[Any] | Exception] = await batch.load_many(sites)
        except GatewayError as error:
            found = [error] * len(sites)
        return connections_of(infos, found)

    return connections


def _batch(
    info: Info,
    footfall: Footfall[Any, Any],
    field: str,
    window: Window,
    granularity: Granularity,
    page: PageAsk,
) -> Batch[DomainSite, Page[Any] | GatewayError]:
    span = window_of(window)
    reach = info.context.bound

    async def load_all(sites: list[DomainSite]) -> dict[DomainSite, Page[Any] | GatewayError]:
        asks = [
            FootfallAsk(span, granularity, (each,), (reach, (span.start, span.end), granularity, "of", each.key))
            for each in sites
        ]
        return dict(zip(sites, await footfall.pages(asks, page), strict=True))

    return info.context.batch((field, span, granularity, page), load_all)
