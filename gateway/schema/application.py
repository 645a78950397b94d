"""Applications: client accounts at Okube."""

from __future__ import annotations

import strawberry

from gateway.domain.application import Application as DomainApplication
from gateway.execution.rows import Reads
from gateway.schema import connection
from gateway.schema.connection import PageInfo
from gateway.schema.coverage import Coverage
from gateway.schema.node import Node, encode


def _id(root: strawberry.Parent[DomainApplication]) -> strawberry.ID:
    return encode("Application", f"okube:{root.id}")


@strawberry.type(
    description="A client account at Okube: what sites, campaigns, studies and points of interest belong to."
)
class Application(Node):
    """Read from domain.application.Application."""

    id: strawberry.ID = strawberry.field(resolver=_id, description="Global id, for `node`.")
    key: str | None = strawberry.field(description="Okube's own key; `application` arguments take it.")
    name: str | None = strawberry.field(description="What it is called.")

    is_type_of = Reads(DomainApplication)


@strawberry.type(description="An application and its cursor.")
class ApplicationEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Application = strawberry.field(description="The application.")


@strawberry.type(description="Applications the gateway is configured for, as Okube lists them.")
class ApplicationConnection:
    """Read from ConnectionSource."""

    edges: list[ApplicationEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Application] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)
