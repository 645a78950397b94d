"""Counts the vendors make themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway.domain.errors import NotConfigured, VendorError
from gateway.domain.footfall import SiteCount as DomainSiteCount
from gateway.domain.site import Site as DomainSite
from gateway.federation.counts import Counted
from gateway.schema.arguments import Info

if TYPE_CHECKING:
    from gateway.schema.site import Site


@strawberry.type(description="A figure of one site, as the vendor counts it.")
class SiteCount:
    """Read from domain.footfall.SiteCount."""

    site: Annotated[Site, strawberry.lazy("gateway.schema.site")] = strawberry.field(description="Where.")
    count: int = strawberry.field(description="How many.")


async def counts(
    info: Info, sites: Sequence[DomainSite], ask: Callable[[Sequence[DomainSite]], Awaitable[Counted]]
) -> list[DomainSiteCount]:
    """One line per site that has a figure; what kept others from having one is noted."""
    counted = await ask(sites)
    info.context.note(counted.failures.values(), info._raw_info)  # noqa: SLF001
    return [DomainSiteCount(site, counted.by_key[site.key]) for site in sites if site.key in counted.by_key]


async def count_of(
    info: Info, question: tuple[object, ...], site: DomainSite, ask: Callable[[list[DomainSite]], Awaitable[Counted]]
) -> int | None:
    """A figure of Bespot's for one site, asked together with the other sites of the same list."""

    async def load_all(asked: list[DomainSite]) -> dict[DomainSite, Counted | Exception]:
        covered = [site for site in asked if site.bespot]
        try:
            found: Counted | VendorError = await ask(covered)
        except VendorError as error:
            found = error
        # a site the vendor does not cover is no part of its failure (rules.md 3)
        reached: list[DomainSite] = asked if isinstance(found, NotConfigured) else covered
        return {**dict.fromkeys(asked, Counted()), **dict.fromkeys(reached, found)}

    counted = await info.context.batch(question, load_all).load(site)
    failure = counted.failures.get(site.key)
    if failure is not None:
        info.context.note([failure], info._raw_info)  # noqa: SLF001
    return counted.by_key.get(site.key)
