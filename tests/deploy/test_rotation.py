"""Keys are changed replica by replica, as docs/operations.md says: what goes on, what begins anew, what never mixes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import runtime, settings
from gateway.execution.operation import GraphQLRequest
from gateway.runtime import Gateway
from gateway.sandbox import host
from gateway.sandbox.host import Hosted
from gateway.sandbox.world import World
from gateway.settings import Settings
from tests.cache.valkey import Valkey
from tests.live.conftest import valkey as valkey
from tests.live.replicas import KEY
from tests.sandbox.hands import NOON, Hands

pytestmark = pytest.mark.anyio

OLD, NEW = "old-" * 8, "new-" * 8
WINDOW = '{from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z"}'
WALK = "query($after: String) { sites(first: 2, after: $after) { nodes { key } pageInfo { endCursor } } }"
VISITS = f"{{ visits(window: {WINDOW}, first: 3) {{ nodes {{ startsAt entries }} }} }}"
DEVICES = f"{{ sessions(window: {WINDOW}, first: 20) {{ nodes {{ id device }} }} }}"


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    world = World(seed=7, stores=6, days=3, clock=Hands(NOON))
    running = host.start(world, ["gateway.vendors.bespot.sandbox"])
    yield running
    running.stop()


@asynccontextmanager
async def replica(hosted: Hosted, folder: Path, password: str | None = None, **more: Any) -> AsyncIterator[Gateway]:
    """A gateway of these keys over the one vendor."""
    crosswalk = folder / "sites.toml"
    crosswalk.write_text(hosted.world.crosswalk_toml(), "utf-8")
    section = {**hosted.vendors["bespot"].settings, **({} if password is None else {"password": password})}
    asked = {"sandbox": "none", "sites": crosswalk, "pseudonym_key": KEY, "anonymous_scopes": ["read"], **more}
    made = Settings.model_validate({**asked, "vendors": {"bespot": section}})
    async with runtime.gateway(made, clock=Hands(NOON)) as gateway:
        yield gateway


async def ask(gateway: Gateway, query: str, **variables: Any) -> dict[str, Any]:
    outcome = await gateway.execute(GraphQLRequest(query, variables), await gateway.authenticate({}))
    told: dict[str, Any] = orjson.loads(orjson.dumps({"data": outcome.data or None, "errors": outcome.errors}))
    return told


async def walked(gateway: Gateway, after: str | None = None) -> tuple[list[str], str]:
    """The keys of a page, and its end."""
    page = (await ask(gateway, WALK, after=after))["data"]["sites"]
    return [node["key"] for node in page["nodes"]], page["pageInfo"]["endCursor"]


async def codes(gateway: Gateway, query: str, **variables: Any) -> list[str]:
    return [error["extensions"]["code"] for error in (await ask(gateway, query, **variables))["errors"]]


async def test_walks_go_on_while_the_cursor_key_is_changed(hosted: Hosted, tmp_path: Path) -> None:
    async with (
        replica(hosted, tmp_path, cursor_keys=[OLD]) as before,
        replica(hosted, tmp_path, cursor_keys=[NEW, OLD]) as between,
        replica(hosted, tmp_path, cursor_keys=[NEW]) as after,
    ):
        first, old_end = await walked(before)
        second, new_end = await walked(between, old_end)
        third, _ = await walked(after, new_end)
        assert len({*first, *second, *third}) == 6
        assert await codes(before, WALK, after=new_end) == ["BAD_CURSOR"], "so the new key is rolled out behind the old"
        assert await codes(after, WALK, after=old_end) == ["BAD_CURSOR"]


async def test_the_step_that_serves_every_walk_puts_the_new_key_behind_first(hosted: Hosted, tmp_path: Path) -> None:
    async with (
        replica(hosted, tmp_path, cursor_keys=[OLD, NEW]) as prepared,
        replica(hosted, tmp_path, cursor_keys=[NEW, OLD]) as between,
    ):
        _, end = await walked(between)
        assert len((await walked(prepared, end))[0]) == 2


async def test_a_new_pseudonym_key_gives_new_names_and_cursor_keys_of_ones_own_outlive_it(
    hosted: Hosted, tmp_path: Path, valkey: Valkey
) -> None:
    shared: dict[str, Any] = {"cursor_keys": [OLD], "cache_url": valkey.url}
    async with (
        replica(hosted, tmp_path, **shared) as before,
        replica(hosted, tmp_path, **shared, pseudonym_key="6b" * 32) as after,
        replica(hosted, tmp_path, pseudonym_key="6b" * 32) as derived,
    ):
        old = (await ask(before, DEVICES))["data"]["sessions"]["nodes"]
        new = (await ask(after, DEVICES))["data"]["sessions"]["nodes"]
        assert len(old) == len(new) > 5
        assert not {node["device"] for node in old} & {node["device"] for node in new}
        assert not {node["id"] for node in old} & {node["id"] for node in new}
        _, end = await walked(before)
        assert len((await walked(after, end))[0]) == 2
        assert await codes(derived, WALK, after=end) == ["BAD_CURSOR"]


async def test_while_a_vendors_credential_is_changed_each_replica_answers_by_its_own(
    hosted: Hosted, tmp_path: Path, valkey: Valkey
) -> None:
    async with (
        replica(hosted, tmp_path, cache_url=valkey.url) as rolled,
        replica(hosted, tmp_path, "taken-away", cache_url=valkey.url) as not_yet,
    ):
        assert (await ask(rolled, VISITS))["data"]["visits"]["nodes"]
        assert await codes(not_yet, VISITS) == ["UPSTREAM_REJECTED"], "never from an entry of the other credential"
        assert (await ask(rolled, VISITS))["errors"] == []


def test_a_secret_that_is_replaced_in_its_folder_is_read_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "GATEWAY_CURSOR_KEYS"
    environment = {"GATEWAY_SECRETS_DIR": str(tmp_path), "GATEWAY_SANDBOX": "all"}
    for keys in (OLD, f"{NEW},{OLD}", NEW):
        file.write_text(f"{keys}\n", "utf-8")
        loaded = settings.load(None, environment)
        assert [key.get_secret_value() for key in loaded.cursor_keys] == keys.split(",")
