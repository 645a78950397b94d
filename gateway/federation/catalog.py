"""The facts of all vendors behind one door: one member per noun. Built once; holds no caller and no request."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.clock import Clock
from gateway.domain.footfall import Occupancy, OccupancyColumns, Visit, VisitColumns
from gateway.domain.instant import SECOND
from gateway.domain.site import Site
from gateway.federation.counts import Counts
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.cursor import Cursors
from gateway.federation.directory import Directory
from gateway.federation.engagement import Engagement
from gateway.federation.footfall import Footfall
from gateway.federation.kpis import Kpis
from gateway.federation.lists import Lists
from gateway.federation.series import OccupancySeries, Rules, VisitSeries
from gateway.federation.sessions import Sessions
from gateway.federation.sites import Sites
from gateway.federation.supplies import Supplies
from gateway.federation.writes import Writes
from gateway.settings import BespotSettings, OkubeSettings


class Catalog:
    """Nouns by name. `supplies` says which vendors are there; `applications` which of Okube's may be named."""

    def __init__(
        self,
        supplies: Supplies,
        crosswalk: Crosswalk,
        cursors: Sequence[bytes],
        clock: Clock,
        counter: BespotSettings,
        okube: OkubeSettings,
    ) -> None:
        signer = Cursors(cursors)
        rules = Rules(int(counter.settle * SECOND), int(counter.carry_forward * SECOND))
        parts = (supplies, crosswalk, signer, clock)
        self.supplies = supplies
        self.crosswalk = crosswalk
        self.clock = clock
        self.cursors = signer
        self.rules = rules
        self.stale_after = int(counter.stale_after * SECOND)
        self.directory = Directory(supplies, crosswalk, clock)
        self.sites = Sites(self.directory, signer)
        self.sessions = Sessions(*parts, counter.stale_after)
        self.visits: Footfall[Visit, VisitColumns] = Footfall(VisitSeries(), *parts, rules)
        self.occupancy: Footfall[Occupancy, OccupancyColumns] = Footfall(OccupancySeries(rules), *parts, rules)
        self.counts = Counts(supplies, crosswalk)
        self.engagement = Engagement(supplies)
        self.lists = Lists(signer, clock)
        self.kpis = Kpis(supplies)
        self.applications = tuple(dict.fromkeys(name for name in (okube.application, *okube.applications) if name))
        self.writes = Writes(supplies, self.directory, self.applications)

    @property
    def known(self) -> tuple[Site, ...]:
        """The sites of the crosswalk."""
        return self.crosswalk.sites
