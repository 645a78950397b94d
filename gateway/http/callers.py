"""Who sends a request, and whether he may ask once more: the door every endpoint goes through first.

A bad credential is a 401 even where strangers are served (rules.md 9), a spent budget a 429 that tells the true wait
(rules.md 40). Neither may repeat anything that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.access.principal import Principal
from gateway.domain.errors import Unauthenticated
from gateway.http.lifecycle import Graph
from gateway.http.reply import Headers, Refusal

CHALLENGE: Headers = ((b"www-authenticate", b'Bearer realm="gateway"'),)
RATE_LIMITED = "RATE_LIMITED"


class Caller(msgspec.Struct, frozen=True):
    """A caller who was let in. `headers` say what is left of his budget, where he has one."""

    principal: Principal
    headers: Headers = ()


async def admitted(graph: Graph, headers: Mapping[str, str]) -> Caller:
    """Counts the request against the caller's budget. Raises Refusal: 401 or 429."""
    try:
        principal = await graph.authenticate(headers)
    except Unauthenticated as error:
        raise Refusal(401, error.message, code=error.code, headers=CHALLENGE) from None
    return Caller(principal, await within_budget(graph, principal))


async def within_budget(graph: Graph, principal: Principal) -> Headers:
    """The headers of the budget. Raises a 429 where it is spent."""
    allowance = await graph.spend(principal)
    if allowance is None:
        return ()
    told = tuple((name.lower().encode(), value.encode()) for name, value in allowance.headers.items())
    if not allowance.allowed:
        message = f"The budget of {allowance.limit} requests a minute is spent."
        raise Refusal(429, message, code=RATE_LIMITED, headers=told, retryable=True, retryAfter=allowance.retry_after)
    return told
