"""Grouped metrics of several sites: one call per kind of object, however many sites ask (quirks S11, X9).

Nothing is added up over objects or audiences: each series stays what the vendor says (quirks S1, S4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.engagement import (
    Audience,
    EngagementRecord,
    EngagementSeries,
    EngagementTerms,
    require_ordered_thresholds,
)
from gateway.domain.errors import VendorError
from gateway.domain.ports.engagement import EngagementRecords
from gateway.domain.site import Level, ShopsterObject, Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days
from gateway.federation.supplies import Supplies
from gateway.federation.withheld import SmallCounts


class Engaged(msgspec.Struct):
    """Series by site key; a site the vendor does not cover is left out. `failures` by site key."""

    by_key: dict[str, list[EngagementSeries]] = msgspec.field(default_factory=dict)
    failures: dict[str, VendorError] = msgspec.field(default_factory=dict)


class Engagement:
    """Series of objects, put back to the sites they belong to."""

    def __init__(self, supplies: Supplies, small: SmallCounts | None = None) -> None:
        self._supplies = supplies
        self._small = small or SmallCounts()

    async def of_sites(self, sites: Sequence[Site], days: Days, terms: EngagementTerms) -> Engaged:
        """Every audience of every object of `sites`. Raises where no kind of object could be asked."""
        require_ordered_thresholds(terms.bounce_threshold, terms.engagement_threshold)
        port = self._supplies.engagement()
        covered = [site for site in sites if site.shopster]
        zones = {thing.id: site.zone or ZoneInfo("UTC") for site in covered for thing in site.shopster}
        objects = {thing.id: thing for site in covered for thing in site.shopster}
        kinds = [[thing for thing in objects.values() if thing.level is level] for level in Level]
        asked = [kind for kind in kinds if kind]
        records: dict[int, list[EngagementRecord]] = {}
        failed: dict[Level, VendorError] = {}
        for kind, found in zip(asked, await _each(port, asked, days, terms, zones), strict=True):
            if isinstance(found, VendorError):
                failed[kind[0].level] = found
            else:
                records |= found
        if failed and len(failed) == len(asked):
            raise next(iter(failed.values()))
        engaged = Engaged()
        for site in covered:
            engaged.by_key[site.key] = [
                EngagementSeries(site, str(thing.id), record.audience, terms, self._small.points(record.points))
                for thing in site.shopster
                for record in records.get(thing.id, ())
            ]
            broken = next((failed[thing.level] for thing in site.shopster if thing.level in failed), None)
            if broken is not None:
                engaged.failures[site.key] = broken
            elif self._left_out(site, records, engaged.by_key[site.key]):
                engaged.failures[site.key] = self._small.error(VendorKey.SHOPSTER)
        return engaged

    def _left_out(
        self, site: Site, records: dict[int, list[EngagementRecord]], told: Sequence[EngagementSeries]
    ) -> bool:
        held = sum(len(record.points) for thing in site.shopster for record in records.get(thing.id, ()))
        return sum(len(series.points) for series in told) < held


async def _each(
    port: EngagementRecords,
    asked: Sequence[list[ShopsterObject]],
    days: Days,
    terms: EngagementTerms,
    zones: dict[int, ZoneInfo],
) -> list[dict[int, list[EngagementRecord]] | VendorError]:
    """One call per kind, side by side."""

    async def one(kind: list[ShopsterObject]) -> dict[int, list[EngagementRecord]] | VendorError:
        try:
            return await port.engagement(kind, days, terms, zones)
        except VendorError as error:
            return error

    return list(await asyncio.gather(*(one(kind) for kind in asked)))


def of_audiences(series: Sequence[EngagementSeries], audiences: Sequence[Audience] | None) -> list[EngagementSeries]:
    """Only the audiences asked; None: all of them."""
    return [each for each in series if audiences is None or each.audience in audiences]
