"""How long people stay and whether they come back, per counted object, as a vendor groups it.

Audiences overlap and devices are counted distinctly: nothing here may be added up, subtracted or derived from another
figure (quirks S1, S4, S17).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gateway.domain.errors import InputError
from gateway.domain.site import Site


class Audience(StrEnum):
    """Which devices are counted. BOUNCED, HALF_ENGAGED and ENGAGED depend on the thresholds asked."""

    ALL = "ALL"
    PASSER = "PASSER"
    VISITOR = "VISITOR"
    BOUNCED = "BOUNCED"
    HALF_ENGAGED = "HALF_ENGAGED"
    ENGAGED = "ENGAGED"
    EMPLOYEE = "EMPLOYEE"


class EngagementInterval(StrEnum):
    """Bucket size. What WEEKDAY and WEEKEND fold together is the vendor's to say (quirk S10)."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    WEEKDAY = "WEEKDAY"
    WEEKEND = "WEEKEND"


class ComebackWindow(StrEnum):
    """Within which a device seen again counts as returning."""

    TWO_WEEKS = "TWO_WEEKS"
    ONE_MONTH = "ONE_MONTH"
    TWO_MONTHS = "TWO_MONTHS"
    THREE_MONTHS = "THREE_MONTHS"
    SIX_MONTHS = "SIX_MONTHS"
    ONE_YEAR = "ONE_YEAR"
    TEN_YEARS = "TEN_YEARS"


class DwellThreshold(StrEnum):
    """Length of a stay. The members stand in ascending order."""

    TWO_MINUTES = "TWO_MINUTES"
    FIVE_MINUTES = "FIVE_MINUTES"
    TEN_MINUTES = "TEN_MINUTES"
    FIFTEEN_MINUTES = "FIFTEEN_MINUTES"
    TWENTY_MINUTES = "TWENTY_MINUTES"
    THIRTY_MINUTES = "THIRTY_MINUTES"
    FORTY_FIVE_MINUTES = "FORTY_FIVE_MINUTES"


_ASCENDING = tuple(DwellThreshold)


class EngagementTerms(msgspec.Struct, frozen=True):
    """What the figures depend on besides object and days: part of every cache key and of every answer (quirk S17)."""

    interval: EngagementInterval = EngagementInterval.DAILY
    comeback: ComebackWindow = ComebackWindow.TWO_WEEKS
    bounce_threshold: DwellThreshold = DwellThreshold.FIVE_MINUTES
    engagement_threshold: DwellThreshold = DwellThreshold.TWENTY_MINUTES


class EngagementPoint(msgspec.Struct, gc=False):
    """One bucket. `start` is UTC; `gross_shopping_time` has no known unit (quirk S6), None where there is none."""

    start: int
    starts_at: str
    session_count: int
    unique_devices: int
    returning_devices: int
    average_session_seconds: int | None
    gross_shopping_time: float | None


class EngagementRecord(msgspec.Struct):
    """One audience of one object of the vendor over time, buckets ascending."""

    object: int
    audience: Audience
    points: list[EngagementPoint]


class EngagementSeries(msgspec.Struct):
    """A record with the site it belongs to and the terms it was asked under. `object` is the vendor's id as text."""

    site: Site
    object: str
    audience: Audience
    terms: EngagementTerms
    points: list[EngagementPoint]

    @property
    def interval(self) -> EngagementInterval:
        return self.terms.interval

    @property
    def comeback(self) -> ComebackWindow:
        return self.terms.comeback

    @property
    def bounce_threshold(self) -> DwellThreshold:
        return self.terms.bounce_threshold

    @property
    def engagement_threshold(self) -> DwellThreshold:
        return self.terms.engagement_threshold


def require_ordered_thresholds(bounce: DwellThreshold, engagement: DwellThreshold) -> None:
    """Raise InputError where a stay would be engaged before it stops being bounced. Equal is allowed (quirk S12)."""
    if _ASCENDING.index(engagement) < _ASCENDING.index(bounce):
        raise InputError("engagementThreshold must not be shorter than bounceThreshold.", ("engagementThreshold",))
