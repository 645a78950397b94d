"""Engagement: how long people stay and whether they come back, as Shopster groups it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from gateway.domain.engagement import (
    Audience,
    ComebackWindow,
    DwellThreshold,
    EngagementInterval,
    EngagementTerms,
)
from gateway.domain.site import Site as DomainSite
from gateway.domain.window import Days as DomainDays
from gateway.federation.engagement import Engaged, of_audiences
from gateway.schema.arguments import Info, given, members
from gateway.schema.enums import described
from gateway.schema.scalars import DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site

described(
    Audience,
    "Which devices are counted. Audiences overlap: never derive one from the others.",
    {
        "ALL": "Every device the sensors saw.",
        "PASSER": "Devices that passed by.",
        "VISITOR": "Devices that came in.",
        "BOUNCED": "Visitors who stayed less than the bounce threshold.",
        "HALF_ENGAGED": "Visitors who stayed longer than the bounce and less than the engagement threshold.",
        "ENGAGED": "Visitors who stayed longer than the engagement threshold.",
        "EMPLOYEE": "Devices taken to be staff.",
    },
)
described(
    EngagementInterval,
    "Bucket of a series.",
    {
        "HOURLY": "Hours of the site's wall clock.",
        "DAILY": "Civil days.",
        "WEEKLY": "Weeks from Monday, clipped by the days asked.",
        "MONTHLY": "Civil months, clipped by the days asked.",
        "WEEKDAY": "Monday to Friday folded together, as the vendor does it.",
        "WEEKEND": "Saturday and Sunday folded together, as the vendor does it.",
    },
)
described(
    ComebackWindow,
    "Within which a device seen again counts as returning.",
    {
        "TWO_WEEKS": "2 weeks.",
        "ONE_MONTH": "1 month.",
        "TWO_MONTHS": "2 months.",
        "THREE_MONTHS": "3 months.",
        "SIX_MONTHS": "6 months.",
        "ONE_YEAR": "1 year.",
        "TEN_YEARS": "10 years.",
    },
)
described(
    DwellThreshold,
    "Length of a stay that parts one audience from another.",
    {
        "TWO_MINUTES": "2 minutes.",
        "FIVE_MINUTES": "5 minutes.",
        "TEN_MINUTES": "10 minutes.",
        "FIFTEEN_MINUTES": "15 minutes.",
        "TWENTY_MINUTES": "20 minutes.",
        "THIRTY_MINUTES": "30 minutes.",
        "FORTY_FIVE_MINUTES": "45 minutes.",
    },
)


@strawberry.type(description="One bucket of a series.")
class EngagementPoint:
    """Read from domain.engagement.EngagementPoint."""

    starts_at: DateTime = strawberry.field(description="Start of the bucket, UTC.")
    session_count: int = strawberry.field(description="Stays counted in the bucket.")
    unique_devices: int = strawberry.field(description="Distinct MAC addresses. Not additive.")
    returning_devices: int = strawberry.field(
        description="Distinct MAC addresses seen more than once within the comeback window."
    )
    average_session_seconds: int | None = strawberry.field(
        description="Mean length of a stay; the vendor reports whole minutes, seconds here."
    )
    gross_shopping_time: float | None = strawberry.field(
        description="Summed session time as the vendor sends it (it calls it Gross Shopping Hours; its own samples do "
        "not add up to hours). Null for HOURLY, WEEKDAY and WEEKEND, where it defines none."
    )


@strawberry.type(description="One audience of one site over time. Audiences overlap: never derive one from the others.")
class EngagementSeries:
    """Read from domain.engagement.EngagementSeries."""

    site: Annotated[Site, strawberry.lazy("gateway.schema.site")] = strawberry.field(description="Where.")
    object: str = strawberry.field(description="The vendor's object this series belongs to: a mall, a floor or a zone.")
    audience: Audience = strawberry.field(description="Who is counted.")
    interval: EngagementInterval = strawberry.field(description="Bucket asked.")
    comeback: ComebackWindow = strawberry.field(description="Comeback window asked.")
    bounce_threshold: DwellThreshold = strawberry.field(description="Bounce threshold asked.")
    engagement_threshold: DwellThreshold = strawberry.field(description="Engagement threshold asked.")
    points: list[EngagementPoint] = strawberry.field(description="Buckets, oldest first; no data is no bucket.")


IntervalArgument = Annotated[EngagementInterval, strawberry.argument(description="Bucket of the series.")]
ComebackArgument = Annotated[
    ComebackWindow, strawberry.argument(description="Within which a device seen again counts as returning.")
]
BounceArgument = Annotated[DwellThreshold, strawberry.argument(description="Shorter stays are BOUNCED.")]
EngagedArgument = Annotated[
    DwellThreshold,
    strawberry.argument(description="Longer stays are ENGAGED; not shorter than the bounce threshold."),
]
AudiencesArgument = Annotated[
    list[Audience] | None, strawberry.argument(description="Which audiences; left out: all the vendor has.")
]
Terms: TypeAlias = EngagementTerms


async def series(
    info: Info, sites: tuple[DomainSite, ...], days: DomainDays, terms: EngagementTerms, audiences: Any
) -> Any:
    """The series of several sites; None where the vendor covers none of them (rules.md 3)."""
    found = await info.context.catalog.engagement.of_sites(sites, days, terms)
    info.context.note(found.failures.values(), info._raw_info)  # noqa: SLF001
    if not found.by_key:
        return None
    wanted = members(given(audiences), "audiences")
    return [one for each in found.by_key.values() for one in of_audiences(each, wanted)]


async def series_of(info: Info, site: DomainSite, days: DomainDays, terms: EngagementTerms, audiences: Any) -> Any:
    """The series of one site, asked together with those of the other sites of the same list."""

    async def load_all(sites: list[DomainSite]) -> dict[DomainSite, Engaged]:
        return dict.fromkeys(sites, await info.context.catalog.engagement.of_sites(sites, days, terms))

    found = await info.context.batch(("engagement", days, terms), load_all).load(site)
    if site.key not in found.by_key:
        return None
    broken = found.failures.get(site.key)
    if broken is not None:
        info.context.note([broken], info._raw_info)  # noqa: SLF001
        if not found.by_key[site.key]:
            raise broken
    return of_audiences(found.by_key[site.key], members(given(audiences), "audiences"))
