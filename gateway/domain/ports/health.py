"""Port every vendor has: how it is doing."""

from typing import Protocol

from gateway.domain.quota import VendorHealth


class Health(Protocol):
    """State of a vendor as its calls show it."""

    async def health(self) -> VendorHealth: ...
