"""What one vendor contributed to an answer: data, no data, failed, not configured and not covered stay distinct."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gateway.domain.errors import Malformed, NotConfigured, UpstreamError, VendorError
from gateway.domain.instant import Micros
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey


class CoverageState(StrEnum):
    """How much of what was asked of a vendor is in the answer."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    NOT_COVERED = "NOT_COVERED"


class Coverage(msgspec.Struct, frozen=True):
    """One line of coverage. `sites` None: every site asked. `error` is what made it FAILED or PARTIAL."""

    vendor: VendorKey
    state: CoverageState
    as_of: Micros | None = None
    stale: bool = False
    sites: tuple[Site, ...] | None = None
    error: VendorError | None = None

    @property
    def code(self) -> str | None:
        return self.error.code if self.error else None

    @property
    def vendor_code(self) -> str | None:
        return self.error.vendor_code if isinstance(self.error, UpstreamError) else None

    @property
    def retry_after(self) -> float | None:
        return self.error.retry_after if self.error else None


def complete(vendor: VendorKey, as_of: Micros | None, sites: tuple[Site, ...] | None = None) -> Coverage:
    """The vendor answered for all that was asked of it."""
    return Coverage(vendor, CoverageState.COMPLETE, as_of, sites=sites)


def failed(error: VendorError, sites: tuple[Site, ...] | None = None, *, partly: bool = False) -> Coverage:
    """The vendor did not answer (or `partly`). A vendor that is not configured is NOT_COVERED, with its code."""
    if isinstance(error, NotConfigured):
        state = CoverageState.NOT_COVERED
    else:
        state = CoverageState.PARTIAL if partly else CoverageState.FAILED
    return Coverage(error.vendor, state, sites=sites, error=error)


def not_covered(vendor: VendorKey, sites: tuple[Site, ...] | None = None) -> Coverage:
    """The crosswalk gives these sites no code of this vendor (rules.md 3)."""
    return Coverage(vendor, CoverageState.NOT_COVERED, sites=sites)


def moving(vendor: VendorKey) -> UpstreamError:
    """The vendor's rows kept moving under its page numbers: some may be missing (quirk B18)."""
    return Malformed(vendor, "The vendor's count kept changing while its pages were read.")
