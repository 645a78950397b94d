"""Callers' budgets over replicas: one count, the store's clock, and a share each while the store is away."""

from __future__ import annotations

import pytest

from gateway.cache.budget import SharedBudget
from gateway.cache.store import Store
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio


async def test_two_replicas_count_one_budget(valkey: Valkey) -> None:
    stores = [Store(valkey.url), Store(valkey.url)]
    replicas = [SharedBudget(store, 2) for store in stores]
    spent = [await replicas[turn % 2].spend("key:ada", 5) for turn in range(7)]
    assert [allowance.allowed for allowance in spent] == [True] * 5 + [False] * 2
    assert [allowance.remaining for allowance in spent] == [4, 3, 2, 1, 0, 0, 0]
    assert all(1 <= refused.retry_after <= 60 for refused in spent[5:])
    other = await replicas[0].spend("key:grace", 5)
    assert other.allowed
    assert other.remaining == 4
    keys = await stores[0].keys("*")
    assert len(keys) == 2
    assert not any("ada" in key or "grace" in key for key in keys)
    for store in stores:
        await store.close()


async def test_without_the_store_each_process_has_its_share() -> None:
    store = Store("redis://127.0.0.1:1/0")
    budget = SharedBudget(store, 2)
    spent = [(await budget.spend("key:ada", 5)).allowed for _ in range(3)]
    assert spent == [True, True, False]
    await store.close()
