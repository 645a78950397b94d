"""Marks on upstream errors that the pipeline's own decisions need. Callers see the plain errors of the domain.

NeverSent                      the request certainly did not leave, so even a write may be asked again
├── Unreached  (Unavailable)   no connection was made: retried
├── CircuitOpen (Unavailable)  the breaker is open
├── OutOfQuota (Throttled)     the gateway's own allowance, or a breaker opened by 429s
└── OutOfTime  (TimedOut)      the operation's time was up before
Truncated      (Malformed)     the answer broke off
"""

from gateway.domain.errors import Malformed, Throttled, TimedOut, Unavailable, UpstreamError


class NeverSent(UpstreamError):
    """The request certainly did not reach the vendor."""


class Unreached(NeverSent, Unavailable):
    """No connection could be made."""


class CircuitOpen(NeverSent, Unavailable):
    """Too many calls failed lately; the vendor is left alone for a moment."""


class OutOfQuota(NeverSent, Throttled):
    """Asking now would break the vendor's limit, and waiting would take longer than there is time."""


class OutOfTime(NeverSent, TimedOut):
    """The operation's deadline passed before the request could be sent."""


class Truncated(Malformed):
    """The body ended before its announced end."""
