"""What can go wrong, grouped by who must act.

    GatewayError
    ├── InputError             BAD_USER_INPUT      the caller mends the query
    │   └── CursorError        BAD_CURSOR
    ├── AccessError                                the caller asks for a right
    │   ├── Unauthenticated    UNAUTHENTICATED
    │   └── Forbidden          FORBIDDEN
    ├── NotAdditive            NOT_ADDITIVE        nobody: the figure does not exist
    ├── NotConfigured          VENDOR_NOT_CONFIGURED  the operator configures the vendor
    ├── WriteOutcomeUnknown    WRITE_OUTCOME_UNKNOWN  the caller looks before writing again (rules.md 31)
    └── UpstreamError          + vendor, retryable, retry_after
        ├── Throttled          UPSTREAM_THROTTLED    wait
        ├── Unavailable        UPSTREAM_UNAVAILABLE  retried already; do without
        ├── TimedOut           UPSTREAM_TIMEOUT      retried already; do without
        ├── Rejected           UPSTREAM_REJECTED     operator: credentials, ids
        └── Malformed          UPSTREAM_MALFORMED    developer: the vendor drifted; `member` names where

Messages are for the caller: they never hold a value the caller sent, a credential, a URL with its query,
or a vendor's own prose (rules.md 43, quirk B24).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.vendor import VendorKey


class GatewayError(Exception):
    """Base of every error that may be told to a caller."""

    code = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(GatewayError):
    """The caller's argument is wrong. `argument` is the path into the field's arguments, such as ["sites", 2]."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, argument: Sequence[str | int] = ()) -> None:
        super().__init__(message)
        self.argument = tuple(argument)


class CursorError(InputError):
    """Not a cursor of this field with these filters and this window."""

    code = "BAD_CURSOR"


class AccessError(GatewayError):
    """The caller lacks a right."""


class Unauthenticated(AccessError):
    """No usable credential, and nothing is open to strangers."""

    code = "UNAUTHENTICATED"


class Forbidden(AccessError):
    """Known, but without the scope or the site."""

    code = "FORBIDDEN"


class VendorError(GatewayError):
    """An error that names a vendor. `retry_after` is in seconds."""

    retryable = False

    def __init__(self, vendor: VendorKey, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.vendor = vendor
        self.retry_after = retry_after


class NotAdditive(VendorError):
    """Distinct people of several codes cannot be added up (rules.md 20)."""

    code = "NOT_ADDITIVE"


class NotConfigured(VendorError):
    """No credentials for this vendor, and it is not simulated."""

    code = "VENDOR_NOT_CONFIGURED"


class WriteOutcomeUnknown(VendorError):
    """A write may or may not have reached the vendor. Never repeated by the gateway (rules.md 31)."""

    code = "WRITE_OUTCOME_UNKNOWN"


class UpstreamError(VendorError):
    """A vendor did not answer, or not with what it documents (rules.md 4)."""

    def __init__(
        self,
        vendor: VendorKey,
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        vendor_code: str | None = None,
        error_id: str | None = None,
    ) -> None:
        super().__init__(vendor, message, retry_after=retry_after)
        self.status = status
        self.vendor_code = vendor_code
        self.error_id = error_id


class Throttled(UpstreamError):
    """A 429, or no quota within the deadline."""

    code = "UPSTREAM_THROTTLED"
    retryable = True


class Unavailable(UpstreamError):
    """Connection refused, reset, 5xx, or an open breaker."""

    code = "UPSTREAM_UNAVAILABLE"
    retryable = True


class TimedOut(UpstreamError):
    """The vendor took longer than allowed, a dripping body included."""

    code = "UPSTREAM_TIMEOUT"
    retryable = True


class Rejected(UpstreamError):
    """401, 403, another refusal, or any redirect. `body` is the vendor's parsed answer, for user errors of writes."""

    code = "UPSTREAM_REJECTED"

    def __init__(self, vendor: VendorKey, message: str, *, body: object = None, **more: object) -> None:
        super().__init__(vendor, message, **more)  # type: ignore[arg-type]  # the keywords of UpstreamError
        self.body = body


class Malformed(UpstreamError):
    """Empty, truncated, not JSON, or of another shape than documented. `member` is where: `$.results[3].minute`."""

    code = "UPSTREAM_MALFORMED"

    def __init__(self, vendor: VendorKey, message: str, *, member: str | None = None, **more: object) -> None:
        super().__init__(vendor, message, **more)  # type: ignore[arg-type]
        self.member = member
