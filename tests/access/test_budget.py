"""A caller's budget: exact over any minute, with waits that are true."""

from __future__ import annotations

import pytest

from gateway.access.budget import LocalBudget

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000


class Hand:
    def __init__(self) -> None:
        self.now = 5

    def __call__(self) -> int:
        return self.now


async def test_the_limit_holds_over_any_sixty_seconds() -> None:
    hand = Hand()
    budget = LocalBudget(monotonic=hand)
    for second in (0, 30, 59):
        hand.now = 5 + second * SECOND
        assert (await budget.spend("key:ada", 3)).allowed
    refused = await budget.spend("key:ada", 3)
    assert (refused.allowed, refused.remaining, refused.retry_after, refused.resets_in) == (False, 0, 1, 60)
    hand.now = 5 + 60 * SECOND - 1
    assert (await budget.spend("key:ada", 3)).retry_after == 1
    hand.now += 1
    allowed = await budget.spend("key:ada", 3)
    assert (allowed.allowed, allowed.remaining, allowed.retry_after) == (True, 0, 0)
    assert (await budget.spend("key:ada", 3)).retry_after == 30


async def test_the_wait_is_whole_seconds_rounded_up_and_true() -> None:
    hand = Hand()
    budget = LocalBudget(monotonic=hand)
    await budget.spend("key:ada", 1)
    hand.now += SECOND // 2
    refused = await budget.spend("key:ada", 1)
    assert refused.retry_after == 60
    hand.now += refused.retry_after * SECOND
    assert (await budget.spend("key:ada", 1)).allowed


async def test_refused_requests_cost_nothing() -> None:
    hand = Hand()
    budget = LocalBudget(monotonic=hand)
    await budget.spend("key:ada", 1)
    for _ in range(59):
        hand.now += SECOND
        assert not (await budget.spend("key:ada", 1)).allowed
    hand.now += SECOND
    assert (await budget.spend("key:ada", 1)).allowed


async def test_one_caller_does_not_spend_anothers_budget() -> None:
    budget = LocalBudget(monotonic=Hand())
    await budget.spend("key:ada", 1)
    assert not (await budget.spend("key:ada", 1)).allowed
    assert (await budget.spend("key:bob", 1)).allowed


async def test_a_lowered_limit_tells_the_wait_until_enough_have_gone() -> None:
    hand = Hand()
    budget = LocalBudget(monotonic=hand)
    for _ in range(10):
        await budget.spend("key:ada", 10)
        hand.now += SECOND
    refused = await budget.spend("key:ada", 3)
    assert refused.retry_after == 57
    hand.now += 57 * SECOND - 1
    assert not (await budget.spend("key:ada", 3)).allowed
    hand.now += 1
    assert (await budget.spend("key:ada", 3)).allowed


async def test_the_headers_say_what_is_left_and_when_to_return() -> None:
    budget = LocalBudget(monotonic=Hand())
    assert (await budget.spend("key:ada", 2)).headers == {
        "RateLimit-Policy": '"caller";q=2;w=60',
        "RateLimit": '"caller";r=1;t=60',
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "1",
        "RateLimit-Reset": "60",
    }
    await budget.spend("key:ada", 2)
    assert (await budget.spend("key:ada", 2)).headers["Retry-After"] == "60"


async def test_callers_who_left_cost_no_memory() -> None:
    hand = Hand()
    budget = LocalBudget(monotonic=hand)
    for number in range(100):
        await budget.spend(f"token:{number}", 5)
    hand.now += 61 * SECOND
    await budget.spend("key:ada", 5)
    assert list(budget._logs) == ["key:ada"]
