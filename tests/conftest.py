"""What every test shares: asyncio is the only loop the gateway runs on."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
