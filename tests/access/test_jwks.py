"""The issuer's keys: how often they are fetched, and what outlives an unreachable issuer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.access.jwks import MAX_BYTES, IssuerKeys, parse_key_set
from tests.access.issuer import EC, RSA, Clocks, Issuer

pytestmark = pytest.mark.anyio

NEW = ECKey.generate_key("P-256", {"kid": "new"})


class Bench:
    def __init__(self) -> None:
        self.clocks = Clocks()
        self.issuer = Issuer(EC)
        self.keys = IssuerKeys(self.issuer.fetch, monotonic=self.clocks.monotonic)

    async def knows(self, kid: str) -> bool:
        return await self.keys.find(kid, "ES256") is not None


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.keys.close()


async def test_a_flood_of_unknown_key_ids_costs_one_fetch_in_fifteen_seconds(bench: Bench) -> None:
    for number in range(50):
        assert not await bench.knows(f"unknown-{number}")
    assert bench.issuer.fetches == 1
    bench.clocks.seconds += 14.9
    assert not await bench.knows("unknown")
    assert bench.issuer.fetches == 1
    bench.clocks.seconds += 0.1
    assert not await bench.knows("unknown")
    assert not await bench.knows("unknown")
    assert bench.issuer.fetches == 2


async def test_a_flood_at_once_shares_one_fetch(bench: Bench) -> None:
    answers = await asyncio.gather(*(bench.knows(f"unknown-{number}") for number in range(50)), bench.knows("ec"))
    assert answers == [False] * 50 + [True]
    assert bench.issuer.fetches == 1


async def test_known_keys_are_not_fetched_again(bench: Bench) -> None:
    for _ in range(20):
        assert await bench.knows("ec")
    assert bench.issuer.fetches == 1


async def test_a_key_rotated_in_right_after_the_first_load_is_found(bench: Bench) -> None:
    assert await bench.knows("ec")
    bench.issuer.keys = [EC, NEW]
    assert await bench.knows("new")
    assert bench.issuer.fetches == 2
    assert not await bench.knows("unknown")
    assert bench.issuer.fetches == 2


async def test_a_flood_does_not_keep_a_new_key_out_longer_than_fifteen_seconds(bench: Bench) -> None:
    assert await bench.knows("ec")
    assert not await bench.knows("unknown")
    bench.issuer.keys = [NEW]
    assert not await bench.knows("new")
    bench.clocks.seconds += 15
    assert await bench.knows("new")
    assert not await bench.knows("ec")
    assert bench.issuer.fetches == 3


async def test_a_withdrawn_key_goes_at_the_next_background_refresh(bench: Bench) -> None:
    assert await bench.knows("ec")
    bench.issuer.keys = [NEW]
    bench.clocks.seconds += 300
    assert await bench.knows("ec")  # nobody waits for the refresh
    await asyncio.sleep(0.01)
    assert bench.issuer.fetches == 2
    assert not await bench.knows("ec")


async def test_with_the_issuer_away_known_keys_go_on(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert await bench.knows("ec")
    bench.issuer.down = True
    for _ in range(5):
        bench.clocks.seconds += 300
        assert await bench.knows("ec")
        await asyncio.sleep(0.01)
    assert bench.issuer.fetches == 6
    assert not await bench.knows("unknown")
    assert await bench.knows("ec")
    assert [record.getMessage() for record in caplog.records] == [
        "GATEWAY_JWT__JWKS_URL: cannot be read (ConnectionError); known keys go on"
    ]


async def test_an_issuer_away_at_the_start_is_asked_again_later(bench: Bench) -> None:
    bench.issuer.down = True
    assert not await bench.knows("ec")
    bench.issuer.down = False
    assert not await bench.knows("ec")
    bench.clocks.seconds += 15
    assert await bench.knows("ec")
    assert bench.issuer.fetches == 2


async def test_a_caller_who_leaves_does_not_end_the_fetch_of_the_others() -> None:
    release = asyncio.Event()
    issuer = Issuer(EC)

    async def slow() -> bytes:
        await release.wait()
        return await issuer.fetch()

    keys = IssuerKeys(slow)
    leaver = asyncio.create_task(keys.find("ec", "ES256"))
    stayer = asyncio.create_task(keys.find("ec", "ES256"))
    await asyncio.sleep(0.01)
    leaver.cancel()
    release.set()
    assert await stayer is not None
    assert issuer.fetches == 1


async def test_rubbish_from_the_issuer_keeps_the_known_keys(bench: Bench) -> None:
    async def fetch() -> bytes:
        return next(answers)

    answers = iter([json.dumps({"keys": [EC.as_dict(private=False)]}).encode(), b"<html>", b"[]"])
    keys = IssuerKeys(fetch, monotonic=bench.clocks.monotonic)
    for _ in range(3):
        assert await keys.find("ec", "ES256") is not None
        assert await keys.find("unknown", "ES256") is None
        bench.clocks.seconds += 20


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"[]", b"{}", b'{"keys": {}}', b'{"keys": null}', b"[" * 5000, b" " * (MAX_BYTES + 1)],
    ids=lambda document: f"{document[:10]!r}",
)
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(not JSON|no list of keys|larger than a key set can be)$"):
        parse_key_set(document)


def test_unusable_keys_are_left_out_and_the_others_stay() -> None:
    weak = {**RSA.as_dict(private=False), "n": "xbHFscU"}
    entries = [None, {}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}, {"kty": ["RSA"]}, weak, {"kty": "AKP"}]
    encryption = RSAKey.import_key(RSA.as_dict(private=False), {"use": "enc"}).as_dict(private=False)
    document = json.dumps({"keys": [*entries, encryption, EC.as_dict(private=False)]}).encode()
    assert [key.kid for key in parse_key_set(document)] == ["ec"]
