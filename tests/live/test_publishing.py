"""From the vendor's publication to the subscriber's screen, over the sandbox and real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import pytest

from gateway.domain import instant
from gateway.domain.instant import MINUTE, SECOND
from gateway.federation.live import RETRY
from gateway.sandbox.faults import Fault
from tests.cache.valkey import Valkey
from tests.live.replicas import ATHENS, BUSY, OCCUPANCY, VISITS, Replicas, id_of, replicas
from tests.live.served import Spoken

pytestmark = pytest.mark.anyio

OCCUPIED = "subscription($sites: [ID!]!) { occupancy(sites: $sites) { site { key } startsAt count final } }"
VISITED = "subscription($sites: [ID!]!) { visits(sites: $sites) { site { key } startsAt entries exits net final } }"
STAYED = "subscription($sites: [ID!]!) { sessions(sites: $sites) { id vendor status startedAt endedAt } }"
PUBLISHED = instant.parse("2026-11-02T12:16:00Z")
"""When the sandbox publishes the quarter hour that ends at 12:15; the clock stands at 12:07:30."""


async def burst(socket: Spoken, patience: float = 1.0) -> list[dict[str, Any]]:
    """Everything that comes, until nothing has come for a while. The first within `patience` seconds."""
    rows = [await socket.next(patience)]
    while True:
        try:
            rows.append(await socket.next(0.3))
        except TimeoutError:
            return rows


async def asked(running: Replicas, query: str) -> Any:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.first.port}") as client:
        response = await client.post("/graphql", json={"query": query, "variables": {"sites": [id_of(ATHENS)]}})
    return response.json()["data"]


async def subscribed(socket: Spoken, query: str, *keys: str) -> None:
    await socket.subscribe("live", query, sites=[id_of(key) for key in keys])
    await asyncio.sleep(0.1)


async def test_a_new_minute_is_seen_within_a_second_of_its_publication(tmp_path: Path) -> None:
    async with replicas(tmp_path) as running, running.first.socket() as socket:
        await subscribed(socket, OCCUPIED, ATHENS)
        running.hands.now = PUBLISHED - SECOND
        with pytest.raises(TimeoutError):
            await socket.next(0.4)
        assert running.calls() == {}
        running.hands.now = PUBLISHED
        began = perf_counter()
        first = await socket.next()
        assert perf_counter() - began < 1
        rows = [first["data"]["occupancy"], *(each["data"]["occupancy"] for each in await burst(socket))]
        assert running.calls() == {OCCUPANCY: 1}
        window = '{from: "2026-11-02T12:00:00Z", to: "2026-11-02T12:15:00Z"}'
        nodes = f"occupancy(window: {window}, sites: $sites) {{ nodes {{ site {{ key }} startsAt count final }} }}"
        assert rows == (await asked(running, f"query($sites: [ID!]!) {{ {nodes} }}"))["occupancy"]["nodes"]
        assert len(rows) >= 2


async def test_two_replicas_see_it_for_one_upstream_call(tmp_path: Path, valkey: Valkey) -> None:
    async with (
        replicas(tmp_path, 2, cache_url=valkey.url) as running,
        running.running[0].socket() as here,
        running.running[1].socket() as there,
    ):
        for socket in (here, there):
            await subscribed(socket, VISITED, ATHENS)
        running.hands.now = PUBLISHED
        one, two = await asyncio.gather(burst(here), burst(there))
        assert one == two
        assert running.calls() == {VISITS: 1}


async def test_many_subscribers_to_many_sites_cost_one_call_a_quarter_hour(tmp_path: Path) -> None:
    async with replicas(tmp_path) as running, running.first.socket() as one, running.first.socket() as two:
        await subscribed(one, VISITED, ATHENS, "par-200110")
        await subscribed(two, VISITED, ATHENS)
        running.hands.now = PUBLISHED
        both, alone = await asyncio.gather(burst(one), burst(two))
        assert {each["data"]["visits"]["site"]["key"] for each in both} == {ATHENS, "par-200110"}
        athens = [each["data"] for each in both if each["data"]["visits"]["site"]["key"] == ATHENS]
        assert athens == [each["data"] for each in alone]
        assert running.calls() == {VISITS: 1}
        running.hands.now = PUBLISHED + 15 * MINUTE
        later = await burst(two)
        assert min(each["data"]["visits"]["startsAt"] for each in later) >= "2026-11-02T12:15:00Z"
        assert running.calls() == {VISITS: 2}


async def test_replicas_whose_followers_differ_share_the_call_too(tmp_path: Path, valkey: Valkey) -> None:
    async with (
        replicas(tmp_path, 2, cache_url=valkey.url) as running,
        running.running[0].socket() as here,
        running.running[1].socket() as there,
    ):
        await subscribed(here, VISITED, ATHENS)
        await subscribed(there, VISITED, ATHENS, "par-200110")
        running.hands.now = PUBLISHED
        one, two = await asyncio.gather(burst(here), burst(there))
        assert len(two) > len(one)
        assert running.calls() == {VISITS: 1}


async def test_pollers_of_two_replicas_that_tick_apart_share_their_reads(tmp_path: Path, valkey: Valkey) -> None:
    async with (
        replicas(tmp_path, 2, ("bespot", "guest_wifi"), cache_url=valkey.url) as running,
        running.running[0].socket() as here,
        running.running[1].socket() as there,
    ):
        await subscribed(here, STAYED, *BUSY)
        await asyncio.sleep(0.3)
        running.hands.now += 20 * SECOND
        await subscribed(there, STAYED, *BUSY)
        await asyncio.sleep(0.3)
        for _ in range(12):
            running.hands.now += 10 * SECOND
            await asyncio.sleep(0.3)
        for vendor, seconds in (("bespot", 120), ("guest_wifi", 120)):
            assert sum(running.calls(vendor).values()) <= 1 + seconds // 60, "as one poller's"


async def test_who_comes_back_to_another_replica_gets_what_was_missed_once(tmp_path: Path, valkey: Valkey) -> None:
    resumed = "subscription($sites: [ID!]!, $after: String) { visits(sites: $sites, after: $after) { startsAt } }"
    async with replicas(tmp_path, 2, cache_url=valkey.url) as running:
        async with running.running[0].socket() as here:
            await subscribed(here, resumed, ATHENS)
            running.hands.now = PUBLISHED
            rows = await burst(here)
        cut = len(rows) // 2
        running.hands.now = PUBLISHED + 15 * MINUTE + 5 * SECOND
        async with running.running[1].socket() as there:
            after = rows[cut]["extensions"]["cursor"]
            await there.subscribe("live", resumed, sites=[id_of(ATHENS)], after=after)
            missed = await burst(there)
            starts = [each["data"]["visits"]["startsAt"] for each in (*rows[: cut + 1], *missed)]
            assert starts == sorted(set(starts)), "in order, none twice"
            assert min(starts) < "2026-11-02T12:15:00Z" < max(starts)
            assert [each["data"] for each in rows[cut + 1 :]] == [each["data"] for each in missed][
                : len(rows) - cut - 1
            ]
            running.hands.now = PUBLISHED + 30 * MINUTE
            later = [each["data"]["visits"]["startsAt"] for each in await burst(there)]
            assert not set(later) & set(starts)


async def test_a_cursor_is_good_for_its_own_sites_and_field_alone(tmp_path: Path) -> None:
    asks = "subscription($sites: [ID!]!, $after: String) {{ {}(sites: $sites, after: $after) {{ startsAt }} }}"
    async with replicas(tmp_path) as running, running.first.socket() as socket:
        await subscribed(socket, VISITED, ATHENS)
        running.hands.now = PUBLISHED
        after = (await burst(socket))[-1]["extensions"]["cursor"]
        for number, (field, key, sent) in enumerate(
            [("occupancy", ATHENS, after), ("visits", "par-200110", after), ("visits", ATHENS, "nonsense")]
        ):
            await socket.subscribe(str(number), asks.format(field), sites=[id_of(key)], after=sent)
            message = await socket.receive()
            assert message["type"] == "error"
            told = message["payload"][0]
            assert (told["extensions"]["code"], told["extensions"]["argument"]) == ("BAD_CURSOR", ["after"])
            assert sent not in told["message"]


async def test_a_vendor_that_is_down_is_told_once_and_nothing_is_lost(tmp_path: Path) -> None:
    async with replicas(tmp_path) as running, running.first.socket() as socket:
        await subscribed(socket, VISITED, ATHENS)
        running.faults().on(Fault(kind="status", status=400))
        running.hands.now = PUBLISHED
        message = await socket.next(3)
        assert (message["data"], message["errors"][0]["extensions"]["code"]) == (None, "UPSTREAM_REJECTED")
        assert message["errors"][0]["path"] == ["visits"]
        running.faults().off()
        running.hands.now = PUBLISHED + 15 * MINUTE + RETRY
        rows = [each["data"]["visits"]["startsAt"] for each in await burst(socket)]
        assert min(rows) < "2026-11-02T12:15:00Z" < max(rows)


async def test_sessions_are_told_as_they_start_and_as_they_close(tmp_path: Path) -> None:
    async with replicas(tmp_path, vendors=("bespot", "guest_wifi")) as running, running.first.socket() as socket:
        await subscribed(socket, STAYED, *BUSY)
        for _ in range(15):
            await asyncio.sleep(0.25)
            running.hands.now += 61 * SECOND
        told = [each["data"]["sessions"] for each in await burst(socket)]
        opened = {each["id"] for each in told if each["status"] == "OPEN"}
        closed = [each["id"] for each in told if each["status"] == "CLOSED"]
        assert {each["vendor"] for each in told} == {"BESPOT", "GUEST_WIFI"}
        assert len(closed) == len(set(closed))
        assert opened & set(closed)
        assert all(each["endedAt"] for each in told if each["status"] == "CLOSED")


async def test_a_site_that_no_vendor_covers_is_followed_in_silence(tmp_path: Path) -> None:
    async with replicas(tmp_path, vendors=("guest_wifi",)) as running, running.first.socket() as socket:
        await socket.subscribe("1", VISITED, sites=[id_of(ATHENS)])
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "VENDOR_NOT_CONFIGURED")
