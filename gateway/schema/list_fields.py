"""The fields of Okube's lists."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from gateway.domain.site import Site as DomainSite
from gateway.schema import lists
from gateway.schema.answering import rooted
from gateway.schema.application import ApplicationConnection
from gateway.schema.arguments import (
    After,
    Before,
    First,
    Info,
    Last,
    given,
    list_page,
)
from gateway.schema.campaign import CampaignConnection
from gateway.schema.lists import (
    CampaignFilterArgument,
    PointOfInterestFilterArgument,
    StudyFilterArgument,
    campaigns_of,
)
from gateway.schema.point_of_interest import PointOfInterestConnection
from gateway.schema.study import StudyConnection

Source = strawberry.Parent[DomainSite]


@rooted
async def applications(
    info: Info, first: First = UNSET, after: After = UNSET, last: Last = UNSET, before: Before = UNSET
) -> ApplicationConnection | None:
    return await lists.applications(info, list_page(info, first, after, last, before))


@rooted
async def campaigns(
    info: Info,
    filter: CampaignFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> CampaignConnection | None:
    return await lists.campaigns(info, given(filter), list_page(info, first, after, last, before))


@rooted
async def points_of_interest(
    info: Info,
    filter: PointOfInterestFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> PointOfInterestConnection | None:
    return await lists.points_of_interest(info, given(filter), list_page(info, first, after, last, before))


@rooted
async def studies(
    info: Info,
    filter: StudyFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> StudyConnection | None:
    return await lists.studies(info, given(filter), list_page(info, first, after, last, before))


@rooted
async def campaigns_of_site(
    root: Source,
    info: Info,
    filter: CampaignFilterArgument = UNSET,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
) -> CampaignConnection | None:
    return await campaigns_of(info, given(filter), list_page(info, first, after, last, before), root)
