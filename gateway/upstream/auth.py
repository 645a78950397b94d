"""Outbound credentials as strategies: what signs a request, and what to do when a vendor refuses the signature.

A secret is never printed, logged or put into a message, and none is ever sent anywhere but through the pipeline's own
pinned origin. Who may ask the gateway is another matter: see `gateway/access`. Logging in stands in `login.py`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Mapping
from typing import Protocol

from gateway.domain.errors import Rejected
from gateway.settings import ConfigurationError
from gateway.upstream.exchange import Answer
from gateway.upstream.stage import Call, Onward

UNAUTHORIZED = 401

_SENDABLE = re.compile(r"[\x20-\x7e]*")


class Credential(Protocol):
    """Signs the requests of one vendor credential. `fixed`: the headers, where they never change."""

    fixed: Mapping[str, str] | None

    async def headers(self, onward: Onward) -> Mapping[str, str]:
        """Headers of the next request, names in lower case. `onward` sends what is needed to get them, if anything."""
        ...

    async def renew(self, refused: Mapping[str, str], onward: Onward) -> bool:
        """The vendor answered 401 to `refused`: whether there is another signature worth one more try."""
        ...

    def distrust(self, refused: Mapping[str, str]) -> None:
        """A signature just renewed was answered 401 as well: renewing again would not help for a while."""
        ...

    async def close(self) -> None: ...


class _Fixed:
    """A signature that never changes, so a refused one stays refused."""

    def __init__(self, name: str, value: str) -> None:
        self.fixed: Mapping[str, str] | None = {name.lower(): sendable(value)}

    async def headers(self, onward: Onward) -> Mapping[str, str]:
        return self.fixed or {}

    async def renew(self, refused: Mapping[str, str], onward: Onward) -> bool:
        return False

    def distrust(self, refused: Mapping[str, str]) -> None:
        return

    async def close(self) -> None:
        return


class BasicCredential(_Fixed):
    """HTTP Basic, in UTF-8."""

    def __init__(self, username: str, password: str) -> None:
        pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        super().__init__("authorization", f"Basic {pair}")


class HeaderCredential(_Fixed):
    """A secret in a header: `HeaderCredential("x-token", "", secret)`, `("Authorization", "Bearer ", secret)`."""

    def __init__(self, name: str, prefix: str, secret: str) -> None:
        super().__init__(name, f"{prefix}{secret}")


class Sign:
    """Stage: signs each try; after a 401 renews the signature once, where it can be renewed (rules.md 5)."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __call__(self, call: Call, onward: Onward) -> Awaitable[Answer]:
        fixed = self._credential.fixed
        return self._renewing(call, onward) if fixed is None else onward(Call(call.ask, fixed))

    async def _renewing(self, call: Call, onward: Onward) -> Answer:
        signature = await self._credential.headers(onward)
        try:
            return await onward(Call(call.ask, signature))
        except Rejected as error:
            if error.status != UNAUTHORIZED or not await self._credential.renew(signature, onward):
                raise
        renewed = await self._credential.headers(onward)
        try:
            return await onward(Call(call.ask, renewed))
        except Rejected as error:
            if error.status == UNAUTHORIZED:
                self._credential.distrust(renewed)
            raise


def sendable(value: str) -> str:
    """`value` if a header can carry it. Raises ConfigurationError, which never repeats it."""
    if not _SENDABLE.fullmatch(value) or not value.strip():
        raise ConfigurationError("A vendor's credential is empty or holds characters an HTTP header cannot carry")
    return value
