"""What is tried again and how long is waited, on a clock of its own."""

from __future__ import annotations

import asyncio
from email.utils import format_datetime

import pytest

from gateway.domain import instant
from gateway.domain.errors import Throttled, TimedOut, Unavailable
from gateway.domain.instant import SECOND
from gateway.upstream import deadline
from gateway.upstream.transport import Dropped, NotConnected
from tests.upstream.doubles import GET, NOW, WRITE, ScriptedTransport, client_over, reply
from tests.upstream.virtual_time import VIRTUAL, now

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> object:
    return VIRTUAL


async def test_waits_grow_and_are_jittered() -> None:
    gaps = []
    for _ in range(20):
        wire = ScriptedTransport(reply(503))
        with pytest.raises(Unavailable):
            await client_over(wire).ask(GET)
        first, second, third = wire.at
        gaps.append((second - first, third - second))
    assert all(0.05 <= one <= 0.1 and 0.1 <= two <= 0.2 for one, two in gaps)
    assert len({one for one, _ in gaps}) > 10


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("2", 2.0),
        (" 3 ", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (format_datetime(instant.to_datetime(NOW + 4 * SECOND), usegmt=True), 4.0),
        (format_datetime(instant.to_datetime(NOW - 4 * SECOND), usegmt=True), 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_the_vendors_own_wait_is_kept_and_never_undercut(text: str, wait: float, status: int) -> None:
    wire = ScriptedTransport(reply(status, headers={"retry-after": text}), reply())
    with deadline.within(10):
        await client_over(wire).ask(GET)
    assert 0 <= wire.at[1] - wire.at[0] - wait <= 0.1


async def test_a_date_is_measured_by_the_vendors_own_clock() -> None:
    late = NOW + 3600 * SECOND
    headers = {
        "date": format_datetime(instant.to_datetime(late), usegmt=True),
        "retry-after": format_datetime(instant.to_datetime(late + 2 * SECOND), usegmt=True),
    }
    wire = ScriptedTransport(reply(429, headers=headers), reply())
    with deadline.within(10):
        await client_over(wire).ask(GET)
    assert 2 <= wire.at[1] - wire.at[0] <= 2.1


@pytest.mark.parametrize("text", ["soon", "", "-5", "1e3", "9" * 400, "٣", "Wed, 99 Foo 2026", "nan"])
async def test_a_wait_nobody_understands_is_no_wait(text: str) -> None:
    wire = ScriptedTransport(reply(429, headers={"retry-after": text}))
    with deadline.within(10), pytest.raises(Throttled) as caught:
        await client_over(wire).ask(GET)
    assert len(wire.sent) == 3
    assert caught.value.retry_after is None
    assert wire.at[2] - wire.at[0] <= 1.5


async def test_a_wait_beyond_the_deadline_is_given_up_at_once() -> None:
    wire = ScriptedTransport(reply(429, headers={"retry-after": "7200"}))
    began = now()
    with deadline.within(10), pytest.raises(Throttled) as caught:
        await client_over(wire).ask(GET)
    assert (len(wire.sent), now() - began) == (1, 0)
    assert (caught.value.retry_after, caught.value.status, caught.value.retryable) == (7200, 429, True)


async def test_without_a_deadline_a_long_wait_is_not_worth_it_either() -> None:
    wire = ScriptedTransport(reply(503, headers={"retry-after": "61"}))
    with pytest.raises(Unavailable):
        await client_over(wire).ask(GET)
    assert len(wire.sent) == 1


async def test_a_timeout_is_not_retried() -> None:
    wire = ScriptedTransport(TimeoutError())
    with pytest.raises(TimedOut):
        await client_over(wire).ask(GET)
    assert len(wire.sent) == 1


async def test_a_write_is_tried_again_only_where_it_never_left() -> None:
    wire = ScriptedTransport(NotConnected(), reply())
    await client_over(wire).ask(WRITE)
    assert [request.fresh for request in wire.sent] == [True, True]
    wire = ScriptedTransport(Dropped())
    with pytest.raises(Exception, match="may have carried out"):
        await client_over(wire).ask(WRITE)
    assert len(wire.sent) == 1


async def test_each_call_gets_the_vendors_time_or_what_is_left_of_the_operations() -> None:
    async def slow(request: object) -> object:
        await asyncio.sleep(6)
        raise Dropped

    wire = ScriptedTransport(slow)  # type: ignore[arg-type]  # only ever raises
    with deadline.within(10), pytest.raises(Unavailable):
        await client_over(wire, timeout=8).ask(GET)
    assert wire.sent[0].timeout == 8
    assert 3.9 <= wire.sent[1].timeout <= 3.95


async def test_a_deadline_is_only_ever_shortened() -> None:
    assert deadline.remaining() is None
    with deadline.within(5):
        with deadline.within(60):
            assert deadline.remaining() == 5
        with deadline.within(1):
            assert (deadline.remaining(), deadline.capped(8), deadline.capped(0.5)) == (1, 1, 0.5)
            await asyncio.sleep(2)
            assert deadline.remaining() == 0
        assert deadline.remaining() == 3
        with deadline.lifted():
            assert deadline.remaining() is None
    assert deadline.remaining() is None


async def test_nothing_is_asked_when_the_time_is_up() -> None:
    wire = ScriptedTransport(reply())
    with deadline.within(1):
        await asyncio.sleep(1)
        with pytest.raises(TimedOut):
            await client_over(wire).ask(GET)
    assert wire.sent == []
