"""One client per vendor credential: every question outward goes through the same stages, in the order listed here.

Nothing here knows a vendor's words. What a stage does stands in the stage's own file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.domain.clock import Clock
from gateway.domain.errors import VendorError
from gateway.domain.quota import QuotaState, VendorHealth
from gateway.domain.vendor import VendorKey
from gateway.telemetry import Telemetry
from gateway.upstream.auth import Credential, Sign
from gateway.upstream.breaker import Breaker, BreakerRule
from gateway.upstream.calls import Observe, Observer, unobserved
from gateway.upstream.classify import Classify, Explain
from gateway.upstream.deadline import Deadline
from gateway.upstream.exchange import Answer, Ask, OpenAnswer
from gateway.upstream.health import Pulse
from gateway.upstream.quota import Allowance, Quota
from gateway.upstream.retry import Retry
from gateway.upstream.send import Send
from gateway.upstream.stage import Call, join
from gateway.upstream.told import Told
from gateway.upstream.transport import Transport


class VendorClient:
    """Asks one vendor. Safe for any number of concurrent callers of one event loop."""

    def __init__(
        self,
        vendor: VendorKey,
        *,
        base_url: str,
        credential: Credential,
        transport: Transport,
        clock: Clock,
        timeout: float,
        max_connections: int,
        max_response_bytes: int,
        quota: Quota,
        explain: Explain | None = None,
        observer: Observer = unobserved,
        telemetry: Telemetry | None = None,
        breaker: BreakerRule = BreakerRule(),  # noqa: B008  # frozen
    ) -> None:
        self.vendor = vendor
        self._credential = credential
        self._transport = transport
        self._quota = quota
        self._breaker = Breaker(vendor, breaker)
        self._pulse = Pulse(clock)
        send = Send(
            vendor,
            transport,
            base_url=base_url,
            timeout=timeout,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
        )
        told = () if telemetry is None else (Told(vendor, telemetry),)
        stages = (
            *told,
            Deadline(vendor),
            Retry(),
            Sign(credential),
            self._breaker,
            Allowance(vendor, quota),
            Observe(vendor, observer),
            Classify(vendor, explain, clock, self._pulse.hear),
        )
        self._whole = join(stages, send.whole)
        self._opened = join(stages, send.opened)

    async def ask(self, ask: Ask) -> Answer:
        """A 2xx answer of the type asked for. Raises UpstreamError, and WriteOutcomeUnknown for a write."""
        try:
            answer = await self._whole(Call(ask))
        except VendorError as error:
            self._pulse.failed(error)
            raise
        self._pulse.succeeded()
        return answer

    @asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[AsyncIterator[bytes]]:
        """A long 2xx body piece by piece, decompressed, of any length. The vendor's timeout bounds each silence."""
        try:
            answer = await self._opened(Call(ask))
        except VendorError as error:
            self._pulse.failed(error)
            raise
        assert isinstance(answer, OpenAnswer)
        try:
            yield answer.chunks
            self._pulse.succeeded()
        except VendorError as error:
            self._pulse.failed(error)
            raise
        finally:
            await answer.close()

    async def health(self) -> VendorHealth:
        """State by the calls so far, and what is left of the quotas."""
        return self._pulse.health(await self._quota.states(), circuit_open=self._breaker.open)

    async def quota(self, endpoint: str) -> QuotaState | None:
        """What is left of one endpoint's allowance; None where nothing bounds it."""
        return await self._quota.state(endpoint)

    async def close(self) -> None:
        """Ends a login in the background and closes the connections."""
        await self._credential.close()
        await self._transport.close()
