"""Shopster's words: the shape of its answer and the texts of its arguments. They must never leave this folder."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from gateway.domain.engagement import Audience, ComebackWindow, DwellThreshold, EngagementInterval

PATH = "/reports/group_datetime"

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
ObjectId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$")]


class Row(msgspec.Struct, gc=False):
    """One bucket. `avg_session_duration` is in minutes (quirk S7); the unit of the sum is unknown (quirk S6)."""

    datetime: str
    count_session: Count
    count_client: Count
    count_comeback_client: Count
    avg_session_duration: Amount | None
    sum_session_duration: Amount | None


# Object id, then category, then rows. Keys that are not ids are an error body in disguise, so they fail.
Report: TypeAlias = dict[ObjectId, dict[str, list[Row]]]

INTERVALS: dict[EngagementInterval, str] = {
    EngagementInterval.HOURLY: "hourly",
    EngagementInterval.DAILY: "daily",
    EngagementInterval.WEEKLY: "weekly",
    EngagementInterval.MONTHLY: "monthly",
    EngagementInterval.WEEKDAY: "weekday",
    EngagementInterval.WEEKEND: "weekend",
}

COMEBACKS: dict[ComebackWindow, str] = {
    ComebackWindow.TWO_WEEKS: "2 week",
    ComebackWindow.ONE_MONTH: "1 month",
    ComebackWindow.TWO_MONTHS: "2 month",
    ComebackWindow.THREE_MONTHS: "3 month",
    ComebackWindow.SIX_MONTHS: "6 month",
    ComebackWindow.ONE_YEAR: "1 year",
    ComebackWindow.TEN_YEARS: "10 year",
}

THRESHOLDS: dict[DwellThreshold, str] = {
    DwellThreshold.TWO_MINUTES: "2 minute",
    DwellThreshold.FIVE_MINUTES: "5 minute",
    DwellThreshold.TEN_MINUTES: "10 minute",
    DwellThreshold.FIFTEEN_MINUTES: "15 minute",
    DwellThreshold.TWENTY_MINUTES: "20 minute",
    DwellThreshold.THIRTY_MINUTES: "30 minute",
    DwellThreshold.FORTY_FIVE_MINUTES: "45 minute",
}

# The one with a space is why no name is derived (quirk S3).
AUDIENCES: dict[str, Audience] = {
    "all": Audience.ALL,
    "passer": Audience.PASSER,
    "visitor": Audience.VISITOR,
    "bounced": Audience.BOUNCED,
    "half engaged": Audience.HALF_ENGAGED,
    "engaged": Audience.ENGAGED,
    "employee": Audience.EMPLOYEE,
}
