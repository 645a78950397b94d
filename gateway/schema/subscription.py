"""The fields of Subscription. Each needs scope `read`, and sites the caller sees (rules.md 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import strawberry

from gateway.access.scopes import Scope
from gateway.federation.live import Topic
from gateway.schema.arguments import Info
from gateway.schema.node import site_key
from gateway.schema.occupancy import Occupancy
from gateway.schema.session import Session
from gateway.schema.visit import Visit

FollowedArgument = Annotated[
    list[strawberry.ID],
    strawberry.argument(
        description="Global ids of the sites to follow, at most 1,000. An id that does not exist or is not the "
        "caller's is BAD_USER_INPUT."
    ),
]


@strawberry.type(description="What is new, as it becomes known.")
class Subscription:
    """Sources give bursts: lists of rows (execution/streams.py)."""

    @strawberry.subscription(
        description="Each new occupancy minute of these sites, as soon as the vendor publishes it; once more where the "
        "vendor corrects it."
    )
    async def occupancy(self, info: Info, sites: FollowedArgument) -> AsyncIterator[Occupancy]:
        return await _followed(info, info.context.catalog.live.occupancy, sites)

    @strawberry.subscription(
        description="Each new visit minute of these sites, as soon as the vendor publishes it; once more where the "
        "vendor corrects it."
    )
    async def visits(self, info: Info, sites: FollowedArgument) -> AsyncIterator[Visit]:
        return await _followed(info, info.context.catalog.live.visits, sites)

    @strawberry.subscription(description="Sessions as they start and as they close.")
    async def sessions(self, info: Info, sites: FollowedArgument) -> AsyncIterator[Session]:
        return await _followed(info, info.context.catalog.live.sessions, sites)


async def _followed(info: Info, topic: Topic[Any], sites: list[strawberry.ID]) -> AsyncIterator[Any]:
    info.context.require(Scope.READ)
    return topic.follow(await info.context.sites([site_key(text) for text in sites], ("sites",)))
