"""The schema, made once."""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.schema.application import Application
from gateway.schema.campaign import Campaign
from gateway.schema.entities import SCALAR, subgraph_query
from gateway.schema.mutation import Mutation
from gateway.schema.point_of_interest import PointOfInterest
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from gateway.schema.session import AppSession, WifiSession
from gateway.schema.site import Site
from gateway.schema.study import Study
from gateway.schema.subgraph import marked
from gateway.schema.subscription import Subscription


def build(*, subgraph: bool = False) -> strawberry.Schema:
    """A schema without extensions: parsing, limits and masking are the edge's and the execution room's.

    `subgraph`: with the root fields a router asks.
    """
    return strawberry.Schema(
        query=subgraph_query(printed_subgraph) if subgraph else Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Site, AppSession, WifiSession, Application, Campaign, PointOfInterest, Study],
        config=StrawberryConfig(
            scalar_map={**SCALARS, **SCALAR} if subgraph else SCALARS, disable_field_suggestions=True
        ),
    )


def printed() -> str:
    """The SDL, as committed in schema.graphql."""
    return build().as_str() + "\n"


@cache
def printed_subgraph() -> str:
    """The SDL as a router composes it: without the root fields that are there for routers alone."""
    return marked(printed())
