"""`/metrics`: what is counted, as Prometheus reads it, for insiders only (rules.md 35)."""

from __future__ import annotations

from gateway.http.callers import CHALLENGE
from gateway.http.insiders import Insiders
from gateway.http.reply import NO_STORE, Refusal, Reply, Scope
from gateway.telemetry import Telemetry
from gateway.telemetry.metrics import CONTENT_TYPE

PATH = "/metrics"


class Figures:
    """The page of one process, which speaks for all processes of its gateway."""

    def __init__(self, telemetry: Telemetry, insiders: Insiders) -> None:
        self._telemetry = telemetry
        self._insiders = insiders

    async def reply(self, scope: Scope) -> Reply:
        """The text, or why not."""
        try:
            await self._insiders.admit(scope)
        except Refusal as refusal:
            if refusal.status == 401 and not refusal.headers:
                refusal.headers = CHALLENGE
            return refusal.reply()
        await self._telemetry.probed()
        return Reply(200, self._telemetry.metrics.text(), CONTENT_TYPE, NO_STORE)
