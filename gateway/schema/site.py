"""Sites: one store, venue or online property, however many vendors know it under however many codes."""

from __future__ import annotations

import strawberry

from gateway.domain.place import SiteKind
from gateway.domain.site import Site as DomainSite
from gateway.execution.rows import JOINED, Reads
from gateway.schema import (
    connection,
    engagement_fields,
    footfall_fields,
    kpi_fields,
    list_fields,
    session_fields,
    site_facts,
)
from gateway.schema.campaign import CampaignConnection
from gateway.schema.connection import PageInfo
from gateway.schema.coordinates import Coordinates
from gateway.schema.coverage import Coverage
from gateway.schema.engagement import (
    EngagementSeries,
)
from gateway.schema.footfall import of_sites
from gateway.schema.kpi import (
    KpiSeries,
)
from gateway.schema.node import Node, encode
from gateway.schema.occupancy import OccupancyConnection
from gateway.schema.scalars import JSON, DateTime
from gateway.schema.session import SessionConnection
from gateway.schema.site_facts import SiteCode
from gateway.schema.visit import VisitConnection

Source = strawberry.Parent[DomainSite]


def _id(root: Source) -> strawberry.ID:
    return encode("Site", root.key)


@strawberry.type(
    description="A store, venue or online property: one thing, however many vendors know it under however many codes."
)
class Site(Node):
    """Read from domain.site.Site."""

    id: strawberry.ID = strawberry.field(
        resolver=_id, description="Global id; give it to `node` and to `sites` arguments."
    )
    key: str = strawberry.field(
        description="The gateway's own key from the crosswalk, stable; `okube:<id>` where only Okube knows the site."
    )
    name: str = strawberry.field(description="From the crosswalk, else the vendors; the key where nobody names it.")
    kind: SiteKind = strawberry.field(resolver=site_facts.kind, description="Physical or online, as Okube tells it.")
    application: strawberry.ID | None = strawberry.field(
        resolver=site_facts.application, description="Okube's application (client account) the site belongs to."
    )
    active: bool | None = strawberry.field(
        resolver=site_facts.active, description="Whether Okube counts the site in its analytics."
    )
    description: str | None = strawberry.field(resolver=site_facts.description, description="Free text, from Okube.")
    tags: list[str] = strawberry.field(
        resolver=site_facts.tags, description="Tags of the crosswalk and of Okube together."
    )
    timezone: str | None = strawberry.field(
        description="IANA name. Never guessed: null for a site that only Okube knows and whose zone it does not tell."
    )
    address: JSON | None = strawberry.field(
        resolver=site_facts.address, description="Postal address, as Okube keeps it."
    )
    coordinates: Coordinates | None = strawberry.field(
        resolver=site_facts.coordinates, description="Where it is, from Okube."
    )
    openings: JSON | None = strawberry.field(
        resolver=site_facts.openings, description="Opening hours, as Okube keeps them."
    )
    created_at: DateTime | None = strawberry.field(
        resolver=site_facts.created_at, description="When Okube first knew it."
    )
    updated_at: DateTime | None = strawberry.field(
        resolver=site_facts.updated_at, description="When Okube's record last changed."
    )
    codes: list[SiteCode] = strawberry.field(
        resolver=site_facts.codes,
        description="The codes under which vendors know this site; Okube's `_id` before its keys.",
    )
    sessions: SessionConnection | None = strawberry.field(
        resolver=session_fields.sessions_of_site,
        description="Stays of people here that started in the window, over every vendor.",
    )
    visits: VisitConnection | None = strawberry.field(
        resolver=footfall_fields.visits_of_site,
        description="People through the door.",
        metadata={JOINED: of_sites("visits", lambda catalog: catalog.visits)},
    )
    occupancy: OccupancyConnection | None = strawberry.field(
        resolver=footfall_fields.occupancy_of_site,
        description="People inside.",
        metadata={JOINED: of_sites("occupancy", lambda catalog: catalog.occupancy)},
    )
    session_count: int | None = strawberry.field(
        resolver=session_fields.session_count,
        description="App sessions the vendor counts in the window (Bespot); null where it does not cover the site.",
    )
    unique_user_count: int | None = strawberry.field(
        resolver=session_fields.unique_user_count,
        description="Distinct app users in the window by the vendor's own definition. Never add these over sites or "
        "windows; null for a site of several store codes.",
    )
    engagement: list[EngagementSeries] | None = strawberry.field(
        resolver=engagement_fields.engagement_of_site,
        description="How long people stay and whether they come back (Shopster).",
    )
    campaigns: CampaignConnection | None = strawberry.field(
        resolver=list_fields.campaigns_of_site, description="Campaigns that name this site (Okube)."
    )
    geo_marketing: list[KpiSeries] | None = strawberry.field(
        resolver=kpi_fields.geo_marketing_of_site,
        description="Okube's geo-marketing figures of this site, within one study.",
    )
    conversion: list[KpiSeries] | None = strawberry.field(
        resolver=kpi_fields.conversion_of_site,
        description="Okube's conversion figures of this site: what campaigns brought.",
    )
    presence: list[KpiSeries] | None = strawberry.field(
        resolver=kpi_fields.presence_of_site, description="Okube's presence figures of this site, from its sensors."
    )

    is_type_of = Reads(DomainSite)


@strawberry.type(description="A site and its cursor.")
class SiteEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Site = strawberry.field(description="The site.")


@strawberry.type(description="Sites: those of the crosswalk by key, then those that only Okube knows.")
class SiteConnection:
    """Read from ConnectionSource."""

    edges: list[SiteEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Site] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)
