"""Studies: sites and points of interest looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway.domain.study import Study as DomainStudy
from gateway.domain.study import StudyQuery
from gateway.execution.rows import Reads
from gateway.schema import connection
from gateway.schema.answering import rooted
from gateway.schema.arguments import Days, Info, days_of, given, instant_of, members, zone_of
from gateway.schema.connection import PageInfo
from gateway.schema.coverage import Coverage
from gateway.schema.node import Node, encode
from gateway.schema.point_of_interest import PointOfInterest
from gateway.schema.references import points_of_interest_of, sites_of
from gateway.schema.scalars import Date, DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site


def _id(root: strawberry.Parent[DomainStudy]) -> strawberry.ID:
    return encode("Study", f"okube:{root.id}")


@rooted
async def _sites(
    root: strawberry.Parent[DomainStudy], info: Info
) -> list[Annotated[Site, strawberry.lazy("gateway.schema.site")]] | None:
    return await sites_of(info, root.sites)


@rooted
async def _points_of_interest(root: strawberry.Parent[DomainStudy], info: Info) -> list[PointOfInterest] | None:
    return await points_of_interest_of(info, root.application, root.points_of_interest)


@strawberry.type(description="A geo-marketing study: sites and points of interest looked at together (Okube).")
class Study(Node):
    """Read from domain.study.Study."""

    id: strawberry.ID = strawberry.field(
        resolver=_id, description="Global id, for `node`, updateStudy and the `study` arguments of geoMarketing."
    )
    application: strawberry.ID | None = strawberry.field(description="Okube's application it belongs to.")
    key: str = strawberry.field(description="Its key at Okube; can be edited there.")
    name: str | None = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="Free text.")
    tags: list[str] = strawberry.field(description="Okube's tags.")
    starts_on: Date | None = strawberry.field(description="First day; null where it is open-ended.")
    ends_on: Date | None = strawberry.field(description="Last day; null where it is open-ended.")
    sites: list[Annotated[Site, strawberry.lazy("gateway.schema.site")]] | None = strawberry.field(
        resolver=_sites,
        description="The sites looked at, as far as the caller may see them; null where Okube tells none.",
    )
    points_of_interest: list[PointOfInterest] | None = strawberry.field(
        resolver=_points_of_interest, description="The points of interest looked at; null where Okube tells none."
    )

    is_type_of = Reads(DomainStudy)


@strawberry.type(description="A study and its cursor.")
class StudyEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Study = strawberry.field(description="The study.")


@strawberry.type(description="Studies, as Okube lists them.")
class StudyConnection:
    """Read from ConnectionSource."""

    edges: list[StudyEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Study] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)


@strawberry.input(description="Which studies; members are joined by AND and answered by Okube.")
class StudyFilter:
    """Every documented filter of the list."""

    application: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Okube `_id` or key of the application; left out: the configured one."
    )
    keys: list[str] | None = strawberry.field(default=UNSET, description="Any of these keys.")
    search: str | None = strawberry.field(default=UNSET, description="Okube's search in name, key and tags.")
    sites: list[strawberry.ID] | None = strawberry.field(default=UNSET, description="Global ids of sites it looks at.")
    points_of_interest: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="Global ids of points of interest it looks at."
    )
    tags: list[str] | None = strawberry.field(default=UNSET, description="Any of these tags.")
    global_only: bool | None = strawberry.field(default=UNSET, description="Only studies that name no site.")
    days: Days | None = strawberry.field(default=UNSET, description="Studies that run on any of these days.")
    timezone: str | None = strawberry.field(
        default=UNSET, description="IANA zone in which `days` and the four instants are read; UTC where left out."
    )
    starts_before: DateTime | None = strawberry.field(default=UNSET, description="Studies that start before.")
    starts_after: DateTime | None = strawberry.field(default=UNSET, description="Studies that start after.")
    ends_before: DateTime | None = strawberry.field(default=UNSET, description="Studies that end before.")
    ends_after: DateTime | None = strawberry.field(default=UNSET, description="Studies that end after.")


def study_query(
    filter: StudyFilter | None, sites: tuple[str, ...] | None, points: tuple[str, ...] | None
) -> StudyQuery:
    """The filter in the domain's terms; `sites` and `points` are Okube's references. Raises InputError."""
    if filter is None:
        return StudyQuery()
    days = given(filter.days)
    return StudyQuery(
        keys=members(filter.keys, "keys"),
        search=given(filter.search),
        sites=sites,
        points_of_interest=points,
        tags=members(filter.tags, "tags"),
        global_only=given(filter.global_only),
        days=None if days is None else days_of(days),
        timezone=zone_of(filter.timezone),
        starts_before=instant_of(filter.starts_before),
        starts_after=instant_of(filter.starts_after),
        ends_before=instant_of(filter.ends_before),
        ends_after=instant_of(filter.ends_after),
    )
