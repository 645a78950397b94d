"""The fields of Subscription. Each needs scope `read`, and sites the caller sees (rules.md 8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import strawberry

from gateway.access.scopes import Scope
from gateway.execution.streams import Event
from gateway.federation.cursor import Binding
from gateway.federation.feed import Feed, Position
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
AfterArgument = Annotated[
    str | None,
    strawberry.argument(
        description="`extensions.cursor` of the last event that was seen of the same sites: what became known since "
        "then is told first, up to six hours of it, and nothing twice. Left out: only what becomes known from now on."
    ),
]


@strawberry.type(description="What is new, as it becomes known.")
class Subscription:
    """Sources give bursts: lists of rows (execution/streams.py)."""

    @strawberry.subscription(
        description="Each new occupancy minute of these sites, as soon as the vendor publishes it; once more where the "
        "vendor corrects it."
    )
    async def occupancy(
        self, info: Info, sites: FollowedArgument, after: AfterArgument = None
    ) -> AsyncIterator[Occupancy]:
        return await _followed(info, info.context.catalog.live.occupancy, sites, after)

    @strawberry.subscription(
        description="Each new visit minute of these sites, as soon as the vendor publishes it; once more where the "
        "vendor corrects it."
    )
    async def visits(self, info: Info, sites: FollowedArgument, after: AfterArgument = None) -> AsyncIterator[Visit]:
        return await _followed(info, info.context.catalog.live.visits, sites, after)

    @strawberry.subscription(description="Sessions as they start and as they close.")
    async def sessions(
        self, info: Info, sites: FollowedArgument, after: AfterArgument = None
    ) -> AsyncIterator[Session]:
        return await _followed(info, info.context.catalog.live.sessions, sites, after)


async def _followed(info: Info, topic: Topic[Any], ids: list[strawberry.ID], after: str | None) -> AsyncIterator[Any]:
    info.context.require(Scope.READ)
    sites = await info.context.sites([site_key(text) for text in ids], ("sites",))
    binding = info.context.catalog.cursors.bind("follow", info.field_name, sorted(site.key for site in sites))
    if after is None:
        return _Events(topic.follow(sites), binding)
    told = msgspec.msgpack.decode(binding.decode(after, "after"), type=Position)
    return _Events(await topic.resume(sites, told), binding)


class _Events:
    """The bursts of a feed; each row with the cursor that comes back to it. Not a generator: closed, though unread."""

    def __init__(self, feed: Feed[Any], binding: Binding) -> None:
        self._feed = feed
        self._binding = binding

    def __aiter__(self) -> _Events:
        return self

    async def __anext__(self) -> list[object]:
        burst = await anext(self._feed)
        return [
            member if told is None else Event(member, {"cursor": self._binding.encode(msgspec.msgpack.encode(told))})
            for member, told in zip(burst.members, burst.told, strict=True)
        ]

    async def aclose(self) -> None:
        await self._feed.aclose()
