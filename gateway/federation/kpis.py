"""KPI series of applications and of sites: many sites and KPIs in one call wherever the vendor can (quirks O13, X9).

Figures are never derived, added up or given a unit here (quirks O15, O16).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gateway.domain.kpi import Kpi, KpiAsk, KpiSeriesRecord
from gateway.domain.site import Site
from gateway.federation.supplies import Supplies
from gateway.federation.withheld import SmallCounts

GLOBAL = "GLOBAL"
SITES = "SITES"


class KpiSeries(msgspec.Struct):
    """A record with its site, where it is of one. `entity` of a SITES series is the gateway's key (rules.md 27)."""

    record: KpiSeriesRecord
    scope: str
    entity: str | None
    site: Site | None


class Kpis:
    """KPI series, put back to the sites they belong to."""

    def __init__(self, supplies: Supplies, small: SmallCounts | None = None) -> None:
        self._supplies = supplies
        self._small = small or SmallCounts()

    async def of_application(self, ask: KpiAsk, sites: Mapping[str, Site], *, limited: bool) -> list[KpiSeries]:
        """`sites` by every reference Okube may use; a limited caller gets no entity that is not in it."""
        served = []
        for record in self._small.series(await self._supplies.kpis().kpis(ask)):
            site = sites.get(record.entity) if record.scope == SITES and record.entity is not None else None
            if record.scope == SITES and site is None and limited:
                continue
            served.append(KpiSeries(record, record.scope, site.key if site else record.entity, site))
        return served

    async def of_site(self, ask: KpiAsk, site: Site) -> list[KpiSeries]:
        """By the site's own route: for filters and for scopes other than GLOBAL."""
        asked = msgspec.structs.replace(ask, site=reference(site))
        records = self._small.series(await self._supplies.kpis().kpis(asked))
        return [KpiSeries(record, record.scope, record.entity, site) for record in records]

    async def of_sites(
        self, ask: KpiAsk, sites: Sequence[Site], by_reference: Mapping[str, Site]
    ) -> dict[str, list[KpiSeries]]:
        """GLOBAL series of many sites from one call over the application; `ask.scopes` is the SITES scope."""
        served: dict[str, list[KpiSeries]] = {site.key: [] for site in sites}
        for record in self._small.series(await self._supplies.kpis().kpis(ask)):
            site = by_reference.get(record.entity) if record.entity is not None else None
            if site is not None and site.key in served:
                served[site.key].append(KpiSeries(record, GLOBAL, None, site))
        return served


def reference(site: Site) -> str:
    """What Okube calls the site: the `_id` where it is known."""
    return site.okube_id or site.okube or site.key.removeprefix("okube:")


def claimed_references(claimed: Mapping[str, Site], wanted: Iterable[Site]) -> Mapping[str, Site]:
    """Reference by reference from the crosswalk alone; enough where every site is claimed by its `_id`."""
    keys = {site.key for site in wanted}
    return {code: site for code, site in claimed.items() if site.key in keys}


def of_kpis(series: Sequence[KpiSeries], kpis: Sequence[Kpi]) -> list[KpiSeries]:
    """Only these KPIs, in the order asked. The vendor's spelling differs from the graph's in capitals alone."""
    rank = {_folded(kpi): index for index, kpi in enumerate(kpis)}
    wanted = [each for each in series if _folded(each.record.kpi) in rank]
    return sorted(wanted, key=lambda each: rank[_folded(each.record.kpi)])


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
