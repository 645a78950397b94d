"""Okube's list is read once an operation, by the first field that asks; what becomes of that one is its own affair."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.execution.errors import facts
from gateway.loaders.request import Request

pytestmark = pytest.mark.anyio


class Directory:
    """Counts the reads; each waits until it is let go."""

    def __init__(self) -> None:
        self.reads = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def roster(self, application: str | None, *, kinds: bool = False) -> str:
        self.reads += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return f"roster {self.reads}"


@pytest.fixture
async def directory() -> Directory:
    return Directory()


def asked(directory: Directory) -> Any:
    catalog: Any = SimpleNamespace(directory=directory)
    stranger = Principal(kind=CallerKind.ANONYMOUS, label="anonymous")
    return Request(catalog, stranger, Pseudonyms(b"k" * 32), describe=facts)


async def test_fields_that_ask_together_share_one_read(directory: Directory) -> None:
    request = asked(directory)
    asking = [asyncio.ensure_future(request.roster()) for _ in range(3)]
    await asyncio.sleep(0)
    directory.go.set()
    assert await asyncio.gather(*asking) == ["roster 1"] * 3
    assert await request.roster() == "roster 1"


async def test_a_failure_is_shared_too(directory: Directory) -> None:
    request, directory.error = asked(directory), ValueError()
    asking = [asyncio.ensure_future(request.roster()) for _ in range(2)]
    await asyncio.sleep(0)
    directory.go.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in found] == [ValueError, ValueError]
    assert directory.reads == 1


async def test_where_the_first_is_cancelled_another_reads(directory: Directory) -> None:
    request = asked(directory)
    first, *others = [asyncio.ensure_future(request.roster()) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0.01)
    directory.go.set()
    assert await asyncio.gather(*others) == ["roster 2"] * 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_one_who_waits_may_be_cancelled_alone(directory: Directory) -> None:
    request = asked(directory)
    first, second = (asyncio.ensure_future(request.roster()) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    directory.go.set()
    assert await first == "roster 1"
    with pytest.raises(asyncio.CancelledError):
        await second
