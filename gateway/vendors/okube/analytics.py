"""Asks Okube's three analytics modules: the question is built in `questions`, the answer read in `answers`."""

from __future__ import annotations

from gateway.domain.kpi import KpiAsk, KpiSeriesRecord
from gateway.domain.vendor import VendorKey
from gateway.upstream.decode import decode
from gateway.vendors.okube import answers, forms, questions, wire
from gateway.vendors.okube.caller import Caller


class Analytics:
    """Port KpiAnalytics."""

    vendor = VendorKey.OKUBE

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def kpis(self, ask: KpiAsk) -> list[KpiSeriesRecord]:
        """See the port. The body of one question is always the same bytes, so that equal questions are equal calls."""
        if not ask.kpis or not ask.scopes:
            return []
        places = questions.places(ask, await self._caller.application(ask.application))
        body = forms.json(questions.body(ask))
        answer = await self._caller.question(questions.route(ask), places, questions.query(ask), body)
        return answers.series(ask, decode(self.vendor, answer, list[wire.KpiElement]))
