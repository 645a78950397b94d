"""Visits: people through the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from gateway.domain.footfall import Visit as DomainVisit
from gateway.execution.rows import Reads
from gateway.schema import connection
from gateway.schema.connection import PageInfo
from gateway.schema.coverage import Coverage
from gateway.schema.scalars import DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site

SiteField: TypeAlias = Annotated["Site", strawberry.lazy("gateway.schema.site")]


@strawberry.type(description="People through the door in one bucket of one site.")
class Visit:
    """Read from domain.footfall.Visit."""

    site: SiteField = strawberry.field(description="Whose door.")
    starts_at: DateTime = strawberry.field(description="Start of the bucket, UTC.")
    ends_at: DateTime = strawberry.field(
        description="End of the bucket, UTC; the bucket's own end even where the window cuts it."
    )
    entries: int = strawberry.field(description="People who came in.")
    exits: int = strawberry.field(description="People who went out.")
    net: int = strawberry.field(description="entries - exits, as the vendor counts it; may be negative.")
    final: bool = strawberry.field(description="False while the vendor may still add to this bucket.")

    is_type_of = Reads(DomainVisit)


@strawberry.type(description="Sums over the whole window, not the page.")
class VisitTotals:
    """Read from domain.footfall.VisitTotals."""

    entries: int = strawberry.field(description="People who came in.")
    exits: int = strawberry.field(description="People who went out.")
    net: int = strawberry.field(description="Sum of `net`, as the vendor counts it.")


@strawberry.type(description="A visit bucket and its cursor.")
class VisitEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Visit = strawberry.field(description="The bucket.")


@strawberry.type(description="Visit buckets, by start and site key.")
class VisitConnection:
    """Read from ConnectionSource."""

    edges: list[VisitEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Visit] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)
    totals: VisitTotals | None = strawberry.field(
        description="Over the whole window, not the page; reads the whole window when selected."
    )
