"""From Okube's references (`_id`s or keys) to sites and points of interest, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from gateway.domain.errors import InputError
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestQuery
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.federation.directory import by_reference
from gateway.federation.kpis import reference
from gateway.federation.ranges import whole
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema.arguments import Info, given
from gateway.schema.node import decode, site_key

OKUBE = "okube:"


async def sites_of(info: Info, references: Sequence[str] | None) -> Any:
    """The sites that Okube names, as far as the caller sees them; one it names but does not list is left out."""
    if references is None:
        return None
    request = info.context
    claimed = request.catalog.crosswalk.claimed(VendorKey.OKUBE)
    if all(text in claimed for text in references):
        found = [claimed[text] for text in references]
    else:
        roster = await request.roster()
        if roster.error is not None:
            raise roster.error
        known = by_reference(roster.sites)
        found = [known[text] for text in references if text in known]
    return [site for site in {site.key: site for site in found}.values() if request.principal.sees(site)]


async def points_of_interest_of(info: Info, application: str | None, references: Sequence[str] | None) -> Any:
    """Points of interest by reference, for all studies of a page together: the whole list, or one by one if cheaper."""
    if references is None:
        return None
    port = info.context.catalog.supplies.records()

    async def load_all(asked: list[str]) -> dict[str, Any]:
        if len(asked) <= 1:
            found = [await port.point_of_interest(application, text) for text in asked]
            return dict(zip(asked, found, strict=True))
        query = PointOfInterestQuery()
        every = await whole(
            lambda start, count: port.points_of_interest(application, query, start, count), port.page_rows
        )
        by_key = {point.key: point for point in every if point.key}
        by_id = {point.id: point for point in every}
        return {text: by_id.get(text) or by_key.get(text) for text in asked}

    batch = info.context.batch(("points of interest", application), load_all)
    points = await asyncio.gather(*(batch.load(text) for text in references))
    unique: dict[str, PointOfInterest] = {point.id: point for point in points if point is not None}
    return list(unique.values())


async def site_references(
    info: Info, filter: Any, within: DomainSite | None = None
) -> tuple[tuple[str, ...] | None, bool]:
    """Okube's references for the sites of a filter, and whether a site that Okube does not know was named alone.

    Inside a Site, the filter's sites intersect (rules.md 8).
    """
    named = given(filter.sites) if filter else None
    sites: tuple[DomainSite, ...] | None = None if within is None else (within,)
    if named is not None:
        sites = await info.context.sites([site_key(text) for text in named], ("filter", "sites"))
        if within is not None:
            sites = tuple(site for site in sites if site.key == within.key)
    if sites is None:
        return None, False
    known = tuple(reference(site) for site in sites if site.okube or site.okube_id)
    return known, not known


def point_references(ids: Any) -> tuple[str, ...] | None:
    """Okube's `_id`s in global ids of points of interest. Raises InputError."""
    named = given(ids)
    if named is None:
        return None
    if len(named) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} values can be named.", ("filter", "pointsOfInterest"))
    found = []
    for index, text in enumerate(named):
        key = okube_id(text, "PointOfInterest")
        if key is None:
            raise InputError("There is no such point of interest.", ("filter", "pointsOfInterest", index))
        found.append(key)
    return tuple(found)


def okube_id(text: str, kind: str) -> str | None:
    """Okube's `_id` in a global id of `kind`, or None."""
    parts = decode(text)
    if parts is None or parts[0] != kind or not parts[1].startswith(OKUBE):
        return None
    return parts[1].removeprefix(OKUBE)


async def asked_sites(info: Info, sites: Any) -> tuple[DomainSite, ...]:
    """The sites of an argument, or every site of the crosswalk the caller sees."""
    named = given(sites)
    if named is None:
        return info.context.visible
    return await info.context.sites([site_key(text) for text in named], ("sites",))
