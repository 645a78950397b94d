"""Two replicas, one Wi-Fi vendor that meters 60 calls a minute (of two seconds), 200 questions at once (issue 4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta

import pytest

from gateway.cache.quota import SharedQuota
from gateway.cache.store import Store
from gateway.domain import clock, instant
from gateway.domain.errors import Throttled
from gateway.domain.window import Days
from gateway.sandbox import host
from gateway.sandbox.world import World
from gateway.settings import GuestWifiSettings
from gateway.upstream import deadline
from gateway.upstream.calls import Attempt
from gateway.upstream.quota import QuotaRule
from gateway.upstream.vendor import build_client
from gateway.vendors.guest_wifi import VENDOR
from gateway.vendors.guest_wifi.adapter import GuestWifiAdapter
from tests.cache.scaled_wifi import MINUTE
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

QUESTIONS, PATIENCE = 200, 2.5 * MINUTE
NOON = instant.parse("2026-11-20T12:00:00Z")


async def test_the_vendor_never_refuses_and_every_question_is_answered_or_truthfully_refused(valkey: Valkey) -> None:
    hosted = host.start(World(days=8, clock=lambda: NOON), ["tests.cache.scaled_wifi"])
    (played,) = hosted.vendors.values()
    settings = GuestWifiSettings.model_validate(dict(played.settings))
    stores = [Store(valkey.url), Store(valkey.url)]
    outcomes: Counter[str] = Counter()

    def seen(attempt: Attempt) -> None:
        outcomes[attempt.outcome] += 1

    quotas = [SharedQuota(QuotaRule(60, MINUTE), clock.system, store, "wifi", replicas=2) for store in stores]
    clients = [build_client(VENDOR, settings, clock.system, quota=quota, observer=seen) for quota in quotas]
    replicas = [GuestWifiAdapter(client, settings, lambda: NOON) for client in clients]

    async def one(number: int) -> int | Throttled:
        day = date(2026, 11, 13) + timedelta(days=number % 7)
        try:
            with deadline.within(PATIENCE):
                return await replicas[number % 2].login_count(Days(day, day), None, None)
        except Throttled as refused:
            return refused

    try:
        told = await asyncio.gather(*(one(number) for number in range(QUESTIONS)))
    finally:
        for client in clients:
            await client.close()
        for store in stores:
            await store.close()
        hosted.stop()
    answered = [count for count in told if isinstance(count, int)]
    refused = [error for error in told if isinstance(error, Throttled)]
    assert len(answered) + len(refused) == QUESTIONS
    assert set(outcomes) == {"ok"}  # not one 429
    assert played.faults.calls["/sessions/count"] == len(answered)
    assert len(answered) >= 2 * 60  # the bursts of two minutes at the least fit the patience
    assert refused
    assert all(error.retry_after and error.retry_after > 0 for error in refused)
