"""One gateway for the modules that only ask; those that break or bound something make their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.safety.guarded import Gate, guarded


@pytest.fixture(scope="module")
async def gate() -> AsyncIterator[Gate]:
    async with guarded() as running:
        yield running
