"""What is left of a vendor's allowance, and how a vendor is doing, as the graph tells it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gateway.domain.instant import Micros


class VendorState(StrEnum):
    """READY, DEGRADED (the last call failed), OPEN_CIRCUIT (not asked for a while), NOT_CONFIGURED."""

    READY = "READY"
    DEGRADED = "DEGRADED"
    OPEN_CIRCUIT = "OPEN_CIRCUIT"
    NOT_CONFIGURED = "NOT_CONFIGURED"


class QuotaState(msgspec.Struct, frozen=True):
    """`limit` calls in any `per_seconds`; `resets_at` is when the next slot frees, None while all are free."""

    name: str
    limit: int
    per_seconds: int
    remaining: int
    resets_at: Micros | None


class VendorHealth(msgspec.Struct, frozen=True):
    """What calls to one vendor have met since start. `clock_skew`: seconds its clock is ahead of ours."""

    state: VendorState
    quotas: tuple[QuotaState, ...] = ()
    last_success_at: Micros | None = None
    last_failure_at: Micros | None = None
    last_failure_code: str | None = None
    clock_skew: float | None = None
