"""Pages of sites, and one site by any of its names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from gateway.domain.okube_site import SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.federation.cursor import Binding, Cursors
from gateway.federation.directory import Directory, Roster, matching
from gateway.federation.paging import Page, PageAsk, cut


class SiteAsk(msgspec.Struct, frozen=True):
    """Which sites, in which order. `okube` holds the members of the filter that only Okube can answer."""

    keys: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    kind: SiteKind | None = None
    search: str | None = None
    covered_by: frozenset[VendorKey] = frozenset()
    application: str | None = None
    okube: SiteQuery = SiteQuery()
    by_name: bool = False
    descending: bool = False


EVERY_SITE = SiteAsk()


class Sites:
    """Sites as connections."""

    def __init__(self, directory: Directory, cursors: Cursors) -> None:
        self._directory = directory
        self._cursors = cursors

    async def page(
        self,
        ask: SiteAsk,
        page: PageAsk,
        roster: Roster,
        visible: Callable[[Site], bool] | None,
        bound: Sequence[object],
    ) -> Page[Site]:
        """One page of the sites a caller sees (`visible` None: all).

        Raises where a filter that only Okube can answer gets no answer.
        """
        binding = self._cursors.bind("sites", *bound)
        low, high = _position(binding, page.after, "after"), _position(binding, page.before, "before")
        sites = [site for site in roster.sites if visible is None or visible(site)]
        if ask != EVERY_SITE:
            sites = [site for site in sites if _fits(site, ask)]
        if ask.okube != SiteQuery():
            told = {record.id for record in await self._directory.records(ask.application, ask.okube)}
            sites = [site for site in sites if site.okube_id in told]
        if ask.by_name or ask.descending:  # else they stand in order already
            sites.sort(key=lambda site: _key(site, ask), reverse=ask.descending)
        if ask.descending:
            low, high = high, low
        rows = sites
        if low is not None or high is not None:
            rows = [
                site
                for site in sites
                if (low is None or _key(site, ask) > low) and (high is None or _key(site, ask) < high)
            ]
        taken = rows if page.forward else rows[::-1]
        result = cut(taken, page, lambda rows: [binding.encode(msgspec.msgpack.encode(_key(row, ask))) for row in rows])
        result.total = len(sites)
        result.coverage = [roster.coverage]
        if roster.error is not None:
            result.failures = [roster.error]
        return result


def _fits(site: Site, ask: SiteAsk) -> bool:
    return (
        (ask.keys is None or site.key in ask.keys)
        and (ask.tags is None or not ask.tags.isdisjoint(site.tags))
        and (ask.kind is None or site.kind is ask.kind)
        and (ask.search is None or matching(site, ask.search))
        and all(site.codes_of(vendor) for vendor in ask.covered_by)
        and (ask.application is None or site.application is not None or site.claimed)
    )


def _key(site: Site, ask: SiteAsk) -> tuple[str, str]:
    """Sites of the crosswalk before those that only Okube knows; by name, all together (rules.md 15)."""
    return (site.name.casefold() if ask.by_name else "01"[not site.claimed], site.key)


def _position(binding: Binding, cursor: str | None, argument: str) -> tuple[str, str] | None:
    return None if cursor is None else msgspec.msgpack.decode(binding.decode(cursor, argument), type=tuple[str, str])
