"""Tells telemetry and the tally how each question to a vendor went, from the first try to the last. Decides nothing."""

from __future__ import annotations

from gateway.domain.errors import UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.telemetry import Telemetry
from gateway.upstream.calls import met
from gateway.upstream.exchange import Answer
from gateway.upstream.refusals import CircuitOpen, OutOfQuota, OutOfTime
from gateway.upstream.stage import Call, Onward

OURS: tuple[tuple[type[UpstreamError], str], ...] = (
    (CircuitOpen, "CIRCUIT_OPEN"),
    (OutOfQuota, "OUT_OF_QUOTA"),
    (OutOfTime, "OUT_OF_TIME"),
)
"""What was refused here, before the vendor could: told apart from what the vendor did."""


class Told:
    """Stage around all others."""

    def __init__(self, vendor: VendorKey, telemetry: Telemetry) -> None:
        self._vendor = vendor.value
        self._telemetry = telemetry

    async def __call__(self, call: Call, onward: Onward) -> Answer:
        with self._telemetry.call(self._vendor, call.ask.endpoint) as course:
            try:
                answer = await onward(call)
                course.status, course.outcome = answer.status, "ok"
            except UpstreamError as error:
                course.status = error.status
                course.outcome = next((word for kind, word in OURS if isinstance(error, kind)), error.code)
                raise
            finally:
                met(course)
            return answer
