"""What every test shares: asyncio is the only loop the gateway runs on, and nobody's name or secret may be told."""

import pytest

from tests.canaries.plugin import pytest_configure as pytest_configure


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
