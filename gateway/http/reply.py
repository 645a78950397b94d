"""A finished answer of the edge and how it goes on the wire, and the one exception that means "not like this".

Bytes are made here and nowhere else: what a log line or a header holds must not depend on who wrote the endpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
import orjson

from gateway.execution.errors import Entry, Incident, entry

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

JSON = b"application/json; charset=utf-8"
NOT_MODIFIED = 304
VARY: Headers = ((b"vary", b"Authorization, X-API-Key, Accept"),)
ALWAYS: Headers = ((b"x-content-type-options", b"nosniff"),)
"""What every answer carries. Pages forbid framing and referrers themselves; JSON has nothing to frame or to follow."""
NOTHING_TO_RUN = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
SAFE: Headers = (NOTHING_TO_RUN, *ALWAYS)
NO_STORE: Headers = ((b"cache-control", b"no-store"),)


class Reply(msgspec.Struct, frozen=True):
    """Header names are lower case. `incidents` and the members of `line` go to the log line of the request."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: Headers = NO_STORE
    incidents: list[Incident] = []
    line: dict[str, Any] = {}

    async def __call__(self, send: Send) -> None:
        """Sends it whole."""
        length = str(len(self.body)).encode()
        headers = [(b"content-type", self.content_type), (b"content-length", length), *self.headers]
        if self.status == NOT_MODIFIED:  # of an answer that is not sent again only its validators are told
            headers = list(self.headers)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Refusal(Exception):
    """The request never became an operation. `message` holds nothing the caller sent."""

    def __init__(
        self, status: int, message: str, *, code: str = "BAD_USER_INPUT", headers: Headers = (), **more: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.entry: Entry = entry(message, code, **more)
        self.headers = headers

    def reply(self, content_type: bytes = JSON) -> Reply:
        """The GraphQL answer without `data` that says why."""
        body = orjson.dumps({"errors": [self.entry]})
        return Reply(self.status, body, content_type, headers=(*NO_STORE, *self.headers))


@lru_cache(maxsize=16)
def media_of(content_type: str) -> bytes:
    """With the charset."""
    return f"{content_type}; charset=utf-8".encode()
