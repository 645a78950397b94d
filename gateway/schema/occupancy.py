"""Occupancy: people inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from gateway.domain.footfall import Occupancy as DomainOccupancy
from gateway.execution.rows import Reads
from gateway.schema import connection
from gateway.schema.connection import PageInfo
from gateway.schema.coverage import Coverage
from gateway.schema.scalars import DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site

SiteField: TypeAlias = Annotated["Site", strawberry.lazy("gateway.schema.site")]


@strawberry.type(
    description="People inside during one bucket. Never the running sum of Visit.net: it is measured on its own."
)
class Occupancy:
    """Read from domain.footfall.Occupancy."""

    site: SiteField = strawberry.field(description="Where.")
    starts_at: DateTime = strawberry.field(description="Start of the bucket, UTC.")
    ends_at: DateTime = strawberry.field(
        description="End of the bucket, UTC; the bucket's own end even where the window cuts it."
    )
    count: int = strawberry.field(description="Last measured value of the bucket.")
    peak: int = strawberry.field(description="Highest measured value of the bucket.")
    average: float = strawberry.field(
        description="Time-weighted over the measured part of the bucket: a value holds until the next one, at most 15 "
        "minutes."
    )
    final: bool = strawberry.field(description="False while the vendor may still add to this bucket.")

    is_type_of = Reads(DomainOccupancy)


@strawberry.type(description="An occupancy bucket and its cursor.")
class OccupancyEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Occupancy = strawberry.field(description="The bucket.")


@strawberry.type(description="Occupancy buckets that hold a measurement, by start and site key.")
class OccupancyConnection:
    """Read from ConnectionSource."""

    edges: list[OccupancyEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Occupancy] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)
