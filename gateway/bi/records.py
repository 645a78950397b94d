"""Rows of `sites`, `campaigns`, `points_of_interest` and `studies`: lists, as far as the caller may see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

from gateway.bi.ask import Ask
from gateway.bi.tables import Batch, batch
from gateway.domain.campaign import Campaign, CampaignQuery
from gateway.domain.errors import NotConfigured
from gateway.domain.point_of_interest import PointOfInterest, PointOfInterestQuery
from gateway.domain.ports.pages import Page
from gateway.domain.site import Site
from gateway.domain.study import Study, StudyQuery
from gateway.domain.vendor import VendorKey
from gateway.federation.directory import by_reference
from gateway.federation.kpis import reference
from gateway.loaders.request import Request

Row = TypeVar("Row")
Flat = Callable[[Any], tuple[Any, ...]]


async def site_rows(request: Request, ask: Ask, named: Sequence[Site] | None) -> AsyncIterator[Batch]:
    """Every site the caller sees. A vendor that fails is an error: a list without its sites would look whole."""
    kinds = 2 in ask.columns
    roster = await request.roster(await request.application(ask.application), kinds=kinds)
    if roster.error is not None and not isinstance(roster.error, NotConfigured):
        raise roster.error
    wanted = None if named is None else {site.key for site in named}
    sites = [s for s in roster.sites if request.principal.sees(s) and (wanted is None or s.key in wanted)]
    yield batch([_site(site) for site in sites], 12)


def _site(site: Site) -> tuple[Any, ...]:
    place = site.coordinates
    return (
        site.key,
        site.name,
        site.kind.name,
        site.active,
        site.timezone,
        ";".join(site.tags),
        place.latitude if place else None,
        place.longitude if place else None,
        ";".join(site.bespot),
        site.okube_id or site.okube,
        ";".join(str(thing.id) for thing in site.shopster),
        ";".join(site.guest_wifi),
    )


async def list_rows(request: Request, ask: Ask, named: Sequence[Site] | None, start: int) -> AsyncIterator[Batch]:
    """One of Okube's lists from a position on, page by page."""
    port = request.catalog.supplies.records()
    application = await request.application(ask.application)
    sites = None if named is None else tuple(reference(site) for site in named if site.okube or site.okube_id)
    name = ask.table.name
    if named is not None and not sites:
        yield batch([], len(ask.table.columns))
        return

    async def read(first: int, count: int) -> Page[Any]:
        if name == "campaigns":
            return await port.campaigns(application, CampaignQuery(sites=sites), first, count)
        if name == "studies":
            return await port.studies(application, StudyQuery(sites=sites), first, count)
        return await port.points_of_interest(application, PointOfInterestQuery(), first, count)

    seen, flat = await _shown(request, name)
    async for page in _pages(read, start, port.page_rows):
        kept = [(row, at) for row, at in zip(page.rows, page.positions, strict=True) if seen is None or seen(row)]
        yield batch([flat(row) for row, _ in kept], len(ask.table.columns), [at + 1 for _, at in kept])


async def _pages(read: Callable[[int, int], Awaitable[Page[Row]]], start: int, rows: int) -> AsyncIterator[Page[Row]]:
    while True:
        page = await read(start, rows)
        yield page
        if page.end:
            return
        start = page.next


async def one_record(request: Request, ask: Ask, key: str) -> tuple[Any, ...] | None:
    """A single row by its key, None where there is none or it is not the caller's to see (rules.md 8)."""
    if ask.table.name == "sites":
        site = await request.site(key)
        if site is None:
            return None
        roster = await request.roster(None, kinds=True)
        if roster.error is not None and not isinstance(roster.error, NotConfigured):
            raise roster.error
        return _site(roster.find(key) or site)
    port, name = request.catalog.supplies.records(), ask.table.name
    application = await request.application(ask.application)
    asked = {"campaigns": port.campaign, "studies": port.study, "points_of_interest": port.point_of_interest}[name]
    record: Any = await asked(application, key)
    seen, flat = await _shown(request, name)
    if record is None or record.id != key or (seen is not None and not seen(record)):
        return None
    return flat(record)


async def _shown(request: Request, name: str) -> tuple[Callable[[Any], bool] | None, Flat]:
    """Which rows a caller sees (rules.md 38), and how they are written."""
    if name == "points_of_interest":
        return None, _point
    claimed = request.catalog.crosswalk.claimed(VendorKey.OKUBE)
    roster = await request.roster()
    if roster.error is not None:
        raise roster.error
    known = {**claimed, **by_reference(roster.sites)}
    mine = {text for text, site in known.items() if request.principal.sees(site)}

    def keys(references: Collection[str] | None) -> str | None:
        if references is None:
            return None
        return ";".join(dict.fromkeys(known[text].key for text in references if text in mine))

    def seen(row: Campaign | Study) -> bool:
        return not row.sites or not mine.isdisjoint(row.sites)

    flat: Flat = (
        (lambda row: _campaign(row, keys(row.sites)))
        if name == "campaigns"
        else (lambda row: _study(row, keys(row.sites)))
    )
    return (seen if request.principal.limited else None), flat


def _campaign(row: Campaign, sites: str | None) -> tuple[Any, ...]:
    return (
        row.id,
        row.key,
        row.name,
        row.starts_on,
        row.ends_on,
        row.computed_starts_on,
        row.computed_ends_on,
        (row.lever.name or row.lever.id) if row.lever else None,
        row.provider,
        row.agency,
        row.format,
        ";".join(row.tags),
        sites,
    )


def _study(row: Study, sites: str | None) -> tuple[Any, ...]:
    return row.id, row.key, row.name, row.starts_on, row.ends_on, ";".join(row.tags), sites


def _point(row: PointOfInterest) -> tuple[Any, ...]:
    place = row.coordinates
    return (
        row.id,
        row.key,
        row.name,
        row.active,
        place.latitude if place else None,
        place.longitude if place else None,
        row.radius_meters,
        row.timezone,
        ";".join(row.tags),
    )
