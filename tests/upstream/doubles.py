"""Stand-ins for the wire: a transport that answers from a script, and a client over it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from gateway.domain.errors import UpstreamError
from gateway.domain.instant import SECOND, Micros
from gateway.domain.vendor import VendorKey
from gateway.upstream.auth import BasicCredential, Credential
from gateway.upstream.breaker import BreakerRule
from gateway.upstream.calls import Observer, unobserved
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, Ask, OpenAnswer
from gateway.upstream.quota import Quota, Unlimited
from gateway.upstream.transport import HttpxTransport, Request, Transport

NOW: Micros = 1_790_000_000 * SECOND
GET = Ask("sessions", "/sessions")
WRITE = Ask("create_site", "/sites", method="POST", body=b"{}", content_type="application/json", idempotent=False)

Step: TypeAlias = Answer | BaseException | Callable[[Request], Awaitable[Answer]]


def reply(status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return Answer(status, {"content-type": "application/json", **(headers or {})}, body)


class ScriptedTransport:
    """Plays its steps in order, the last one for ever. `sent` holds the requests and `at` when they came."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.sent: list[Request] = []
        self.at: list[float] = []

    async def send(self, request: Request) -> Answer:
        self.sent.append(request)
        self.at.append(asyncio.get_running_loop().time())
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, BaseException):
            raise step
        return step if isinstance(step, Answer) else await step(request)

    async def open(self, request: Request) -> OpenAnswer:
        raise NotImplementedError

    async def close(self) -> None:
        return


def client_over(
    transport: Transport,
    *,
    base_url: str = "http://vendor.test/api",
    credential: Credential | None = None,
    timeout: float = 8.0,
    max_connections: int = 5,
    max_response_bytes: int = 1_000_000,
    quota: Quota | None = None,
    explain: Callable[[Answer], UpstreamError | None] | None = None,
    observer: Observer = unobserved,
    breaker: BreakerRule | None = None,
) -> VendorClient:
    """A client with everything but the transport set to something harmless."""
    return VendorClient(
        VendorKey.BESPOT,
        base_url=base_url,
        credential=credential or BasicCredential("gateway", "s3cret"),
        transport=transport,
        clock=lambda: NOW,
        timeout=timeout,
        max_connections=max_connections,
        max_response_bytes=max_response_bytes,
        quota=quota or Unlimited(),
        explain=explain,
        observer=observer,
        breaker=breaker or BreakerRule(),
    )


def client_at(base_url: str, **more: object) -> VendorClient:
    """A client over real sockets."""
    return client_over(HttpxTransport(max_connections=5), base_url=base_url, **more)  # type: ignore[arg-type]
