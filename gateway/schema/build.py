"""The schema, made once."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.schema.application import Application
from gateway.schema.campaign import Campaign
from gateway.schema.mutation import Mutation
from gateway.schema.point_of_interest import PointOfInterest
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from gateway.schema.session import AppSession, WifiSession
from gateway.schema.site import Site
from gateway.schema.study import Study
from gateway.schema.subscription import Subscription


def build() -> strawberry.Schema:
    """A schema without extensions: parsing, limits and masking are the edge's and the execution room's."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Site, AppSession, WifiSession, Application, Campaign, PointOfInterest, Study],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )


def printed() -> str:
    """The SDL, as committed in schema.graphql."""
    return build().as_str() + "\n"
