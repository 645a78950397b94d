"""`gateway doctor`: one cheap question to every endpoint the gateway reads, and what the answers say of the vendor.

For the operator alone. Which credentials are set is told, never what they are; where a vendor's shape has drifted the
member is named.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from time import perf_counter
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.campaign import CampaignQuery
from gateway.domain.engagement import ComebackWindow, DwellThreshold, EngagementInterval, EngagementTerms
from gateway.domain.errors import GatewayError, Malformed, NotConfigured, Rejected, UpstreamError, VendorError
from gateway.domain.instant import DAY, HOUR, MINUTE, day_of
from gateway.domain.okube_site import SiteQuery
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.quota import VendorHealth
from gateway.domain.session import SessionQuery
from gateway.domain.study import StudyQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.federation.catalog import Catalog
from gateway.upstream import deadline

Question: TypeAlias = Callable[[], Awaitable[object]]

PATIENCE = 10.0
"""Seconds one question may take, the wait for a quota included."""
SKEWED = 30.0
"""Seconds by which a vendor's clock may differ before it is worth a word."""
_TERMS = EngagementTerms(
    EngagementInterval.DAILY, ComebackWindow.TWO_WEEKS, DwellThreshold.FIVE_MINUTES, DwellThreshold.TWENTY_MINUTES
)


class Finding(msgspec.Struct, frozen=True):
    """What one endpoint answered."""

    endpoint: str
    seconds: float
    error: VendorError | None = None


class Checked(msgspec.Struct, frozen=True):
    """One vendor, examined."""

    vendor: VendorKey
    title: str
    simulated: bool
    findings: tuple[Finding, ...]
    health: VendorHealth

    @property
    def sound(self) -> bool:
        return all(finding.error is None for finding in self.findings)


async def examined(catalog: Catalog) -> list[Checked]:
    """Every configured vendor, one question after the other. The rest is not asked where credentials are refused."""
    found = []
    for vendor, questions in _questions(catalog).items():
        supply = catalog.supplies.get(vendor)
        if supply is None:
            continue
        findings: list[Finding] = []
        for endpoint, ask in questions.items():
            findings.append(await _asked(endpoint, ask))
            if _hopeless(findings[-1].error):
                break
        found.append(Checked(vendor, supply.title, supply.simulated, tuple(findings), await supply.health.health()))
    return found


def told(found: Sequence[Checked]) -> list[str]:
    """Lines for a person."""
    lines = []
    for vendor in found:
        state = "sound" if vendor.sound else "NOT sound"
        asked = len(vendor.findings)
        lines.append(f"{vendor.vendor.folder}: {state}, {asked} questions{', simulated' if vendor.simulated else ''}")
        lines += [f"  {finding.endpoint:<20} {_verdict(finding)}" for finding in vendor.findings]
        lines.append(f"  {'clock':<20} {_clock(vendor.health.clock_skew)}")
        lines += [
            f"  {'quota ' + quota.name:<20} {quota.remaining} of {quota.limit} left, per {quota.per_seconds} s"
            for quota in vendor.health.quotas
        ]
    return lines


def _questions(catalog: Catalog) -> dict[VendorKey, dict[str, Question]]:
    return {
        VendorKey.BESPOT: _bespot(catalog),
        VendorKey.SHOPSTER: _shopster(catalog),
        VendorKey.OKUBE: _okube(catalog),
        VendorKey.GUEST_WIFI: _guest_wifi(catalog),
    }


def _bespot(catalog: Catalog) -> dict[str, Question]:
    now, supplies = catalog.clock(), catalog.supplies
    hour, ago = Window(now - 2 * HOUR, now - HOUR), Window(now - DAY, now - DAY + 30 * MINUTE)
    return {
        "session counts": lambda: supplies.counts().session_counts(hour, None),
        "user counts": lambda: supplies.counts().user_counts(hour, None),
        "sessions": lambda: supplies.sessions(VendorKey.BESPOT).sessions(hour, None, SessionQuery(), 1),
        "visits": lambda: supplies.footfall().visits(ago, None, 1),
        "occupancy": lambda: supplies.footfall().occupancy(ago, None, 1),
    }


def _guest_wifi(catalog: Catalog) -> dict[str, Question]:
    now, supplies = catalog.clock(), catalog.supplies
    yesterday = _yesterday(catalog)
    place = next(iter(catalog.crosswalk.claimed(VendorKey.GUEST_WIFI)), None)
    window = Window(now - now % DAY - DAY, now - now % DAY)
    return {
        "locations": lambda: supplies.guests().locations(),
        "sessions": lambda: supplies.sessions(VendorKey.GUEST_WIFI).sessions(window, place, SessionQuery(), 1),
        **({"login count": lambda: supplies.guests().login_count(yesterday, place, None)} if place else {}),
    }


def _okube(catalog: Catalog) -> dict[str, Question]:
    supplies = catalog.supplies
    return {
        "applications": lambda: supplies.records().applications(0, 1),
        "sites": lambda: supplies.records().sites(None, SiteQuery(), 0, 1),
        "campaigns": lambda: supplies.records().campaigns(None, CampaignQuery(), 0, 1),
        "points of interest": lambda: supplies.records().points_of_interest(None, PointOfInterestQuery(), 0, 1),
        "studies": lambda: supplies.records().studies(None, StudyQuery(), 0, 1),
    }


def _shopster(catalog: Catalog) -> dict[str, Question]:
    """It only answers for objects it has: one that the crosswalk names."""
    sites = [site for site in catalog.known if site.shopster]
    if not sites:
        return {}
    thing, zone = sites[0].shopster[0], sites[0].zone or ZoneInfo("UTC")
    days = _yesterday(catalog)
    return {"engagement": lambda: catalog.supplies.engagement().engagement([thing], days, _TERMS, {thing.id: zone})}


def _yesterday(catalog: Catalog) -> Days:
    yesterday: date = day_of(catalog.clock()) - timedelta(days=1)
    return Days(yesterday, yesterday)


async def _asked(endpoint: str, ask: Question) -> Finding:
    began = perf_counter()
    try:
        with deadline.within(PATIENCE):
            await ask()
    except VendorError as error:
        return Finding(endpoint, perf_counter() - began, error)
    except GatewayError as error:  # what the vendor answered makes no sense to us
        return Finding(endpoint, perf_counter() - began, Malformed(VendorKey.BESPOT, error.message))
    return Finding(endpoint, perf_counter() - began)


def _hopeless(error: VendorError | None) -> bool:
    """The next question would meet the same."""
    if error is None or isinstance(error, Malformed):
        return False
    return isinstance(error, NotConfigured) or not isinstance(error, Rejected) or error.status in (401, 403)


def _verdict(finding: Finding) -> str:
    error = finding.error
    if error is None:
        return f"answered in {finding.seconds * 1000:.0f} ms"
    words = f"{error.code}: {error.message}"
    if isinstance(error, Malformed):
        return f"DRIFTED {words}" + (f" at {error.member}" if error.member and error.member not in words else "")
    if isinstance(error, Rejected) and error.status in (401, 403):
        return f"REFUSED the credentials ({error.status}): {words}"
    status = f" (status {error.status})" if isinstance(error, UpstreamError) and error.status else ""
    return f"FAILED {words}{status}"


def _clock(skew: float | None) -> str:
    if skew is None:
        return "not told"
    if abs(skew) <= SKEWED:
        return f"within {max(1, round(abs(skew)))} s of ours"
    return f"SKEWED: {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
