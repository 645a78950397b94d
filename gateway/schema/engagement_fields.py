"""The engagement fields, of several sites and of one."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import UNSET

from gateway.domain.engagement import ComebackWindow, DwellThreshold, EngagementInterval, EngagementTerms
from gateway.domain.site import Site as DomainSite
from gateway.schema.answering import rooted
from gateway.schema.arguments import (
    DaysArgument,
    Info,
    days_of,
)
from gateway.schema.engagement import (
    AudiencesArgument,
    BounceArgument,
    ComebackArgument,
    EngagedArgument,
    EngagementSeries,
    IntervalArgument,
    series,
    series_of,
)
from gateway.schema.references import asked_sites

Source = strawberry.Parent[DomainSite]

EngagementSitesArgument = Annotated[
    list[strawberry.ID], strawberry.argument(description="Global ids of the sites asked, at most 1,000.")
]


@rooted
async def engagement(
    info: Info,
    sites: EngagementSitesArgument,
    days: DaysArgument,
    interval: IntervalArgument = EngagementInterval.DAILY,
    comeback: ComebackArgument = ComebackWindow.TWO_WEEKS,
    bounce_threshold: BounceArgument = DwellThreshold.FIVE_MINUTES,
    engagement_threshold: EngagedArgument = DwellThreshold.TWENTY_MINUTES,
    audiences: AudiencesArgument = UNSET,
) -> list[EngagementSeries] | None:
    terms = EngagementTerms(interval, comeback, bounce_threshold, engagement_threshold)
    return await series(info, await asked_sites(info, sites), days_of(days), terms, audiences)


@rooted
async def engagement_of_site(
    root: Source,
    info: Info,
    days: DaysArgument,
    interval: IntervalArgument = EngagementInterval.DAILY,
    comeback: ComebackArgument = ComebackWindow.TWO_WEEKS,
    bounce_threshold: BounceArgument = DwellThreshold.FIVE_MINUTES,
    engagement_threshold: EngagedArgument = DwellThreshold.TWENTY_MINUTES,
    audiences: AudiencesArgument = UNSET,
) -> list[EngagementSeries] | None:
    terms = EngagementTerms(interval, comeback, bounce_threshold, engagement_threshold)
    return await series_of(info, root, days_of(days), terms, audiences)
