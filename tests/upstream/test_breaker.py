"""The breaker opens late, lets exactly one call probe, and is never opened by a refusal."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.errors import Rejected, Throttled, Unavailable, UpstreamError
from gateway.domain.quota import VendorState
from gateway.upstream.breaker import BreakerRule
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer
from gateway.upstream.transport import Request
from tests.upstream.doubles import GET, ScriptedTransport, client_over, reply
from tests.upstream.virtual_time import VIRTUAL

pytestmark = pytest.mark.anyio

RULE = BreakerRule(failures=6, share=0.5, window=20, open_seconds=3)


@pytest.fixture(scope="module")
def anyio_backend() -> object:
    return VIRTUAL


async def fail(client: VendorClient, times: int) -> None:
    for _ in range(times):
        with pytest.raises(UpstreamError):
            await client.ask(GET)


async def test_it_opens_after_enough_failures_and_then_nothing_is_asked() -> None:
    wire = ScriptedTransport(reply(500))
    client = client_over(wire, breaker=RULE)
    await fail(client, 1)
    assert (await client.health()).state is VendorState.DEGRADED
    await fail(client, 1)
    assert (len(wire.sent), (await client.health()).state) == (6, VendorState.OPEN_CIRCUIT)
    with pytest.raises(Unavailable) as caught:
        await client.ask(GET)
    assert len(wire.sent) == 6
    assert caught.value.retryable
    assert 2.5 <= (caught.value.retry_after or 0) <= 3


async def test_one_failing_question_does_not_open_the_default_one() -> None:
    wire = ScriptedTransport(*[reply(500)] * 27, reply())
    client = client_over(wire)
    await fail(client, 9)
    await client.ask(GET)
    assert (await client.health()).state is VendorState.READY


async def test_only_one_of_many_callers_probes_and_its_success_lets_the_others_in() -> None:
    async def slowly(request: Request) -> Answer:
        await asyncio.sleep(1)
        return reply()

    wire = ScriptedTransport(*[reply(500)] * 6, slowly, reply())
    client = client_over(wire, breaker=RULE)
    await fail(client, 2)
    await asyncio.sleep(3)
    outcomes = await asyncio.gather(*(client.ask(GET) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 19
    assert len(wire.sent) == 7
    await client.ask(GET)
    assert (await client.health()).state is VendorState.READY


async def test_a_failed_probe_shuts_the_door_again() -> None:
    wire = ScriptedTransport(reply(500))
    client = client_over(wire, breaker=RULE)
    await fail(client, 2)
    await asyncio.sleep(3)
    await fail(client, 3)
    assert len(wire.sent) == 7


async def test_an_abandoned_probe_leaves_the_door_to_the_next_one() -> None:
    async def never(request: Request) -> Answer:
        await asyncio.sleep(3600)
        return reply()

    wire = ScriptedTransport(*[reply(500)] * 6, never, reply())
    client = client_over(wire, breaker=RULE)
    await fail(client, 2)
    await asyncio.sleep(3)
    probe = asyncio.create_task(client.ask(GET))
    await asyncio.sleep(1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    await client.ask(GET)
    assert len(wire.sent) == 8


async def test_refusals_never_open_it() -> None:
    wire = ScriptedTransport(reply(401))
    client = client_over(wire, breaker=RULE)
    for _ in range(30):
        with pytest.raises(Rejected):
            await client.ask(GET)
    assert len(wire.sent) == 30


async def test_failures_among_many_successes_and_old_failures_do_not_open_it() -> None:
    wire = ScriptedTransport(*[reply(), reply(), reply(501)] * 20, *[reply(501)] * 4, reply(501))
    client = client_over(wire, breaker=RULE)
    for _ in range(60):
        await asyncio.gather(client.ask(GET), return_exceptions=True)
    assert len(wire.sent) == 60
    await asyncio.sleep(21)
    await fail(client, 5)
    assert (await client.health()).state is VendorState.DEGRADED


async def test_a_storm_of_429_opens_it_and_stays_a_429_to_the_caller() -> None:
    wire = ScriptedTransport(reply(429))
    client = client_over(wire, breaker=RULE)
    for _ in range(3):
        with pytest.raises(Throttled):
            await client.ask(GET)
    assert len(wire.sent) == 6
