"""What mutations answer: the record as it is now, or what the caller must mend (rules.md 30).

Types only: their members hold the domain's own values.
"""

from __future__ import annotations

import strawberry

from gateway.schema.campaign import Campaign
from gateway.schema.point_of_interest import PointOfInterest
from gateway.schema.scalars import JSON
from gateway.schema.site import Site
from gateway.schema.study import Study

ERRORS = "What to mend; empty where all went well."
EACH = " in the order of the input; null in the place of one that was refused."


@strawberry.type(
    description="What the caller must mend. Refusals of the vendor (400, 422) and checks of the gateway alike; "
    "anything else is an error."
)
class UserError:
    """Read from domain.writing.UserError."""

    code: str = strawberry.field(
        description="REQUIRED, INVALID, OUT_OF_RANGE, TOO_MANY, CONFLICT, NOT_FOUND, or REFUSED: by the vendor, in its "
        "own words."
    )
    message: str = strawberry.field(description="What is wrong, for people.")
    path: list[str] = strawberry.field(
        description='Path into the input, such as ["campaigns", "0", "key"]; empty where the vendor does not say.'
    )


@strawberry.type(description="What came of writing a site.")
class SitePayload:
    """One site."""

    site: Site | None = strawberry.field(description="The site as it is now; null where the write was refused.")
    user_errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What came of writing a point of interest.")
class PointOfInterestPayload:
    """One point of interest."""

    point_of_interest: PointOfInterest | None = strawberry.field(
        description="The point of interest as it is now; null where the write was refused."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What came of changing a campaign.")
class CampaignPayload:
    """One campaign."""

    campaign: Campaign | None = strawberry.field(
        description="The campaign as it is now; null where the write was refused."
    )
    user_errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What came of creating campaigns.")
class CampaignsPayload:
    """Several campaigns."""

    campaigns: list[Campaign | None] = strawberry.field(description="The campaigns," + EACH)
    user_errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What came of changing a study.")
class StudyPayload:
    """One study."""

    study: Study | None = strawberry.field(description="The study as it is now; null where the write was refused.")
    user_errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What came of creating studies.")
class StudiesPayload:
    """Several studies."""

    studies: list[Study | None] = strawberry.field(description="The studies," + EACH)
    user_errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What came of an import.")
class ImportPayload:
    """A whole file."""

    accepted: bool = strawberry.field(
        description="Whether the vendor took the file; what it says of single rows stands in `result`."
    )
    result: JSON | None = strawberry.field(description="The vendor's answer, as sent.")
    user_errors: list[UserError] = strawberry.field(description=ERRORS)
