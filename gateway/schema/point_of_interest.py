"""Points of interest: places that matter to geo-marketing."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from gateway.domain.point_of_interest import PointOfInterest as DomainPointOfInterest
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.execution.rows import Reads
from gateway.schema import connection
from gateway.schema.arguments import given, members
from gateway.schema.connection import PageInfo
from gateway.schema.coordinates import Coordinates
from gateway.schema.coverage import Coverage
from gateway.schema.node import Node, encode
from gateway.schema.scalars import JSON, DateTime


def _id(root: strawberry.Parent[DomainPointOfInterest]) -> strawberry.ID:
    return encode("PointOfInterest", f"okube:{root.id}")


@strawberry.type(description="A place that matters to geo-marketing: a competitor, a station, a landmark (Okube).")
class PointOfInterest(Node):
    """Read from domain.point_of_interest.PointOfInterest."""

    id: strawberry.ID = strawberry.field(resolver=_id, description="Global id, for `node` and for inputs.")
    application: strawberry.ID | None = strawberry.field(description="Okube's application it belongs to.")
    key: str | None = strawberry.field(description="Its key at Okube; can be edited there.")
    name: str | None = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="Free text.")
    active: bool | None = strawberry.field(description="Whether Okube counts it in its analytics.")
    tags: list[str] = strawberry.field(description="Okube's tags.")
    timezone: str | None = strawberry.field(description="IANA name, where Okube tells it.")
    coordinates: Coordinates | None = strawberry.field(description="Where it is.")
    address: JSON | None = strawberry.field(description="Postal address, as Okube keeps it.")
    radius_meters: float | None = strawberry.field(
        description="How far around it devices are counted; the unit is presumed to be metres."
    )
    indoor_indexes: JSON | None = strawberry.field(description="H3 cells inside, as Okube keeps them.")
    outdoor_indexes: JSON | None = strawberry.field(description="H3 cells around, as Okube keeps them.")
    created_at: DateTime | None = strawberry.field(description="When Okube first knew it.")
    updated_at: DateTime | None = strawberry.field(description="When Okube's record last changed.")

    is_type_of = Reads(DomainPointOfInterest)


@strawberry.type(description="A point of interest and its cursor.")
class PointOfInterestEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: PointOfInterest = strawberry.field(description="The point of interest.")


@strawberry.type(description="Points of interest, as Okube lists them.")
class PointOfInterestConnection:
    """Read from ConnectionSource."""

    edges: list[PointOfInterestEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[PointOfInterest] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)


@strawberry.input(description="Which points of interest; members are joined by AND.")
class PointOfInterestFilter:
    """Answered by Okube."""

    application: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Okube `_id` or key of the application; left out: the configured one."
    )
    search: str | None = strawberry.field(default=UNSET, description="Okube's search in name, key and address.")
    keys: list[str] | None = strawberry.field(default=UNSET, description="Any of these keys.")
    tags: list[str] | None = strawberry.field(default=UNSET, description="These tags, as Okube joins them.")
    active: bool | None = strawberry.field(default=UNSET, description="Whether Okube counts it.")
    named: bool | None = strawberry.field(default=UNSET, description="Whether it has a name.")


def point_of_interest_query(filter: PointOfInterestFilter | None) -> PointOfInterestQuery:
    """The filter in the domain's terms. Raises InputError."""
    if filter is None:
        return PointOfInterestQuery()
    return PointOfInterestQuery(
        given(filter.search),
        given(filter.named),
        given(filter.active),
        members(filter.keys, "keys"),
        members(filter.tags, "tags"),
    )
