"""A request leaves nothing that only the garbage collector finds: thousands a second would be work of their own."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.loop_lag import BIG, served
from bench.stage import vendor

pytestmark = [pytest.mark.anyio, pytest.mark.untraced]

SITES, EACH, ASKED = 2, 50, 20
QUESTIONS = ("{ __typename }", "{ sites { nodes { key name } } }", *BIG["10,000 sessions"], *BIG["10,000 visits"])


@pytest.fixture(scope="module")
def asked_vendor() -> Iterator[int]:
    with vendor(SITES, EACH) as port:
        yield port


@pytest.mark.parametrize("query", QUESTIONS)
@pytest.mark.parametrize("cache", ["off", "on"])
async def test_a_request_leaves_nothing(
    asked_vendor: int, query: str, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(asked_vendor, cache, SITES, monkeypatch.setenv) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        body = b'{"query":"%b"}' % query.replace('"', '\\"').encode()
        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"

        async def ask() -> None:
            writer.write(head % len(body) + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in answer.split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))

        for _ in range(5):
            await ask()
        gc.collect()
        gc.disable()
        try:
            for _ in range(ASKED):
                await ask()
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = Counter(type(each).__name__ for each in gc.garbage)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
            writer.close()
    assert sum(left.values()) < ASKED, left.most_common(10)
