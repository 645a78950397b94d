"""A graph over the first two vendors for every module that asks for one: few tests enough to stay below the Wi-Fi's
sixty calls a minute.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.schema.running import Running, running


@pytest.fixture(scope="module")
async def graph() -> AsyncIterator[Running]:
    async with running() as gateway:
        yield gateway
