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
from gateway.federation.live import Live
from gateway.federation.minute_tail import MinuteTail
from gateway.federation.series import OccupancySeries, Rules, VisitSeries
from gateway.federation.sessions import Sessions
from gateway.federation.sites import Sites
from gateway.federation.stay_tail import SessionTail
from gateway.federation.supplies import Supplies
from gateway.federation.withheld import SmallCounts
from gateway.federation.writes import Writes
from gateway.settings import BespotSettings, OkubeSettings


class Catalog:
    """Nouns by name. `supplies` says which vendors are there; `applications` which of Okube's may be named.

    `sessions_every`: seconds between two readings for those who follow sessions. `small_counts`: withheld.py.
    """

    def __init__(
        self,
        supplies: Supplies,
        crosswalk: Crosswalk,
        cursors: Sequence[bytes],
        clock: Clock,
        counter: BespotSettings,
        okube: OkubeSettings,
        *,
        sessions_every: float = 60,
        small_counts: int = 0,
    ) -> None:
        signer, small = Cursors(cursors), SmallCounts(small_counts)
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
        lag = int(counter.publish_lag * SECOND)
        self.live = Live(
            lambda: MinuteTail(VisitSeries(), supplies, crosswalk, clock, rules, lag),
            lambda: MinuteTail(OccupancySeries(rules), supplies, crosswalk, clock, rules, lag),
            lambda: SessionTail(
                supplies,
                crosswalk,
                clock,
                every=int(sessions_every * SECOND),
                stale_after=counter.stale_after,
            ),
            clock,
        )
        self.counts = Counts(supplies, crosswalk, small)
        self.engagement = Engagement(supplies, small)
        self.lists = Lists(signer, clock)
        self.kpis = Kpis(supplies, small)
        self.applications = tuple(dict.fromkeys(name for name in (okube.application, *okube.applications) if name))
        self.writes = Writes(supplies, self.directory, self.applications)

    def learn(self, other: Catalog) -> None:
        """Goes by what another has met of the vendors, so as to ask what that one would."""
        self.sessions.learn(other.sessions)
        self.visits.learn(other.visits)
        self.occupancy.learn(other.occupancy)

    @property
    def known(self) -> tuple[Site, ...]:
        """The sites of the crosswalk."""
        return self.crosswalk.sites
