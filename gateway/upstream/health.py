"""How a vendor is doing, as its finished calls show it. Remembers when and which code, never what was asked."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from gateway.domain.clock import Clock
from gateway.domain.errors import Rejected, VendorError
from gateway.domain.instant import SECOND, Micros, from_datetime
from gateway.domain.quota import QuotaState, VendorHealth, VendorState
from gateway.upstream.exchange import Answer
from gateway.upstream.refusals import OutOfQuota, OutOfTime

_NOT_THE_ARGUMENTS_FAULT = frozenset({401, 402, 403, 407})


class Pulse:
    """Outcome of the last finished call, retries included."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failing = False
        self._last_success_at: Micros | None = None
        self._last_failure_at: Micros | None = None
        self._last_failure_code: str | None = None
        self._date: tuple[str, Micros] | None = None

    def succeeded(self) -> None:
        self._failing = False
        self._last_success_at = self._clock()

    def failed(self, error: VendorError) -> None:
        """A refused argument, and want of our own time or quota, say nothing about the vendor."""
        if _about_the_ask(error) or isinstance(error, OutOfQuota | OutOfTime):
            return
        self._failing = True
        self._last_failure_at = self._clock()
        self._last_failure_code = error.code

    def health(self, quotas: tuple[QuotaState, ...], *, circuit_open: bool) -> VendorHealth:
        state = VendorState.DEGRADED if self._failing else VendorState.READY
        return VendorHealth(
            VendorState.OPEN_CIRCUIT if circuit_open else state,
            quotas,
            self._last_success_at,
            self._last_failure_at,
            self._last_failure_code,
            self._skew(),
        )

    def hear(self, answer: Answer) -> None:
        """What the vendor's clock shows just now, as its answer's Date says."""
        date = answer.headers.get("date")
        if date is not None:
            self._date = (date, self._clock())

    def _skew(self) -> float | None:
        if self._date is None:
            return None
        text, at = self._date
        try:
            told = parsedate_to_datetime(text)
        except ValueError:
            return None
        return (from_datetime(told if told.tzinfo else told.replace(tzinfo=UTC)) - at) / SECOND


def _about_the_ask(error: VendorError) -> bool:
    return (
        isinstance(error, Rejected)
        and (error.status is None or 400 <= error.status < 500)
        and error.status not in _NOT_THE_ARGUMENTS_FAULT
    )
