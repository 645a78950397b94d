"""Redis Cluster and TLS for real: what holds over one store in the clear holds over three nodes, and behind TLS."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from gateway.cache.budget import SharedBudget
from gateway.cache.store import Store, StoreAway
from gateway.domain.instant import DAY
from gateway.domain.window import Window
from gateway.upstream.quota import Exhausted
from tests.cache import test_replicas
from tests.cache.cluster import ValkeyCluster
from tests.cache.doubles import HandClock
from tests.cache.test_quota import LIMIT, Vendor, quotas
from tests.cache.test_replicas import WEEK, footfall, world
from tests.cache.tls import Authority, Terminator
from tests.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

Proof = Callable[[Any], Awaitable[None]]

OVER_ANY_STORE: list[Proof] = [
    test_replicas.test_fifty_identical_cold_reads_over_three_replicas_make_the_calls_of_one,
    test_replicas.test_what_does_not_fit_the_budget_is_shared_for_a_moment_too,
    test_replicas.test_replicas_share_a_failure_for_a_moment,
    test_replicas.test_a_replica_finds_what_another_read_and_no_other_credential_does,
    test_replicas.test_a_write_through_one_replica_is_seen_through_the_other_at_once,
    test_replicas.test_purging_by_code_and_day_reaches_the_other_replica_within_a_second,
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    made = ValkeyCluster(tmp_path_factory.mktemp("cluster"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def cluster(running: ValkeyCluster) -> ValkeyCluster:
    for node in running.nodes:
        node.client.flushall()
    return running


@pytest.mark.parametrize("proof", OVER_ANY_STORE, ids=lambda proof: proof.__name__.removeprefix("test_"))
async def test_a_cluster_does_what_one_store_does(cluster: ValkeyCluster, proof: Proof) -> None:
    await proof(cluster)


async def test_keys_lie_on_every_node_and_are_read_listed_and_dropped_together(cluster: ValkeyCluster) -> None:
    store = Store(cluster.url, patience=2.0)
    keys = [f"gw:m:v:{number}" for number in range(60)]
    for key in keys:
        await store.set(key, key.encode(), 60)
    assert all(node.client.dbsize() for node in cluster.nodes)
    assert await store.get_many([*keys, "gw:none"]) == [*(key.encode() for key in keys), None]
    assert sorted(await store.keys("gw:m:*")) == sorted(keys)
    await store.delete(keys[:30])
    assert sorted(await store.keys("gw:m:*")) == sorted(keys[30:])
    await store.close()


async def test_quotas_and_budgets_are_counted_over_a_cluster_as_one(cluster: ValkeyCluster) -> None:
    made, vendor = [Store(cluster.url, cluster.patience) for _ in range(2)], Vendor()
    one, two = quotas(made)
    budgets = [SharedBudget(store, 2) for store in made]
    times = await asyncio.gather(*(vendor.call((one, two)[n % 2]) for n in range(45)))
    assert None not in times
    assert vendor.most <= LIMIT
    spent = [await budgets[n % 2].spend("caller", 5) for n in range(7)]
    assert [each.allowed for each in spent] == [True] * 5 + [False] * 2
    two.push("sessions", 1.0)
    await asyncio.sleep(0.2)
    with pytest.raises(Exhausted):
        await one.take("sessions", 0.0)
    for store in made:
        await store.close()


# redis-py leaves open what was cut off in the middle of a connect, and nodes whose exchange failed
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_cluster_killed_and_frozen_under_load_fails_no_answer_and_makes_none_wrong(tmp_path: Path) -> None:
    own = ValkeyCluster(tmp_path)
    own.start()
    try:
        proof: Any = test_replicas.test_a_store_that_is_killed_hangs_and_comes_back_fails_no_answer_and_makes_none_wrong
        await proof(own)
    finally:
        own.kill()
        gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_with_one_node_gone_what_it_held_is_asked_again_and_nothing_fails(tmp_path: Path) -> None:
    own, clock = ValkeyCluster(tmp_path), HandClock()
    own.start()
    inner, store = world(clock), Store(own.url)
    try:
        await footfall(inner, clock, store).visits(Window(0, DAY), None, None)
        own.nodes[1].kill()
        for day in range(1, 20):
            found = await asyncio.wait_for(
                footfall(inner, clock, store).visits(Window(day * DAY, (day + 1) * DAY), None, None), 5
            )
            assert found.total == 288 * 2
    finally:
        await store.close()
        own.kill()
        gc.collect()


# TLS -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secured(valkey: Valkey, tmp_path: Path) -> Iterator[tuple[Terminator, Authority]]:
    authority = Authority(tmp_path / "tls")
    terminator = Terminator(authority)
    terminator.start(valkey.port)
    yield terminator, authority
    terminator.stop()


async def test_a_store_behind_tls_is_used_where_its_authority_is_trusted(
    secured: tuple[Terminator, Authority], valkey: Valkey
) -> None:
    terminator, authority = secured
    store = Store(f"rediss://127.0.0.1:{terminator.port}/0?ssl_ca_certs={authority.file}", patience=2.0)
    await store.set("key", b"value", 60)
    assert await store.get("key") == b"value"
    assert Redis(port=valkey.port).get("key") == b"value"
    assert await store.lock("lock", "t", 5)
    await store.release("lock", "t")
    assert terminator.taken > 0
    await store.close()


async def test_a_store_nobody_vouches_for_or_of_another_name_is_never_spoken_to(
    secured: tuple[Terminator, Authority], valkey: Valkey, tmp_path: Path
) -> None:
    terminator, authority = secured
    other = Authority(tmp_path / "other")
    for url in (
        f"rediss://127.0.0.1:{terminator.port}/0",
        f"rediss://127.0.0.1:{terminator.port}/0?ssl_ca_certs={other.file}",
        f"rediss://localhost:{terminator.port}/0?ssl_ca_certs={authority.file}",
        f"rediss://127.0.0.1:{valkey.port}/0?ssl_ca_certs={authority.file}",
    ):
        store = Store(url, patience=2.0)
        with pytest.raises(StoreAway):
            await store.set("key", b"value", 60)
        await store.close()
    assert Redis(port=valkey.port).dbsize() == 0


async def test_replicas_share_a_cluster_behind_tls(tmp_path: Path) -> None:
    own = ValkeyCluster(tmp_path / "nodes", Authority(tmp_path / "tls"))
    own.start()
    clock = HandClock()
    inner = world(clock)
    made = [Store(own.url, patience=3.0) for _ in range(2)]
    try:
        for store in made:
            assert (await footfall(inner, clock, store).visits(WEEK, "A", None)).total == 7 * 288
        assert inner.calls == 1
        assert sum(int(node.client.dbsize()) for node in own.nodes) > 0
    finally:
        for store in made:
            await store.close()
        own.kill()
