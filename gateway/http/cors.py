"""Which other origins' pages may ask from a browser: those the operator lists, and no other (rules.md 44).

The gateway knows no cookies, so credentials of the browser's own are never allowed; `*` is never answered.
"""

from __future__ import annotations

from gateway.http.reply import Headers, Scope

PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"GET, POST"),
    (
        b"access-control-allow-headers",
        ", ".join(
            (
                *("Accept", "Authorization", "Cache-Control", "Content-Type", "X-API-Key"),
                *("Apollo-Require-Preflight", "GraphQL-Require-Preflight"),
                *("X-Gateway-Cost", "X-Gateway-Explain", "X-Gateway-Sources"),
                *("Apollographql-Client-Name", "Apollographql-Client-Version"),  # as Apollo's clientAwareness has it
                *("Traceparent", "Tracestate"),
            )
        ).encode(),
    ),
    (b"access-control-max-age", b"600"),
)
EXPOSED: Headers = (
    (
        b"access-control-expose-headers",
        b"Age, ETag, RateLimit, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After",
    ),
)
VARY: Headers = ((b"vary", b"Origin"),)
PREFIXES = ("/graphql", "/export/")


class Cors:
    """Headers by the request's origin. `origins` are in lower case, without a slash at the end."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    @property
    def allows(self) -> bool:
        """Whether any other origin may ask at all."""
        return bool(self._origins)

    def headers(self, scope: Scope) -> Headers:
        """What this answer tells the browser; nothing at all where no origin was ever allowed."""
        if not self._origins or not scope["path"].startswith(PREFIXES):
            return ()
        sent = [value for name, value in scope["headers"] if name == b"origin"]
        if len(sent) != 1 or sent[0].lower() not in self._origins:
            return VARY
        preflight = scope["method"] == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in scope["headers"]
        )
        return (*VARY, (b"access-control-allow-origin", sent[0]), *(PREFLIGHT if preflight else EXPOSED))
