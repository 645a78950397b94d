"""The one door: request headers in, principal out (rules.md 9 to 11, 36).

A credential that is not good is refused even where strangers are served, and is never repeated anywhere.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from gateway.access.jwks import Fetch, IssuerKeys
from gateway.access.keys import KeyRing, looks_like_key
from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.scopes import EVERY_SCOPE, parse_scopes
from gateway.access.tokens import Tokens
from gateway.domain.clock import Clock, system
from gateway.domain.errors import Unauthenticated
from gateway.settings import Settings

_REFUSED = "The credential is not valid here."


class Policy:
    """Who callers are. `keys` and `tokens` are None where the operator set none."""

    def __init__(self, anonymous: Principal, keys: KeyRing | None = None, tokens: Tokens | None = None) -> None:
        self.anonymous = anonymous
        self.keys = keys
        self.tokens = tokens

    @classmethod
    def from_settings(
        cls, settings: Settings, pseudonyms: Pseudonyms, fetch_keys: Fetch | None = None, clock: Clock = system
    ) -> Policy:
        """`fetch_keys` reads `settings.jwt.jwks_url`. ConfigurationError for a bad keys file or an unknown scope."""
        keys = KeyRing(settings.api_keys, clock=clock) if settings.api_keys is not None else None
        tokens = None
        if settings.jwt.issuer is not None and settings.jwt.audience is not None:
            if fetch_keys is None:
                raise ValueError("tokens need a way to fetch the issuer's keys")
            tokens = Tokens(settings.jwt.issuer, settings.jwt.audience, IssuerKeys(fetch_keys), pseudonyms, clock=clock)
        return cls(anonymous(settings), keys, tokens)

    @property
    def open_to_nobody(self) -> bool:
        """Nobody could get in: worth a warning at start, not a refusal to start (issue 6)."""
        return self.keys is None and self.tokens is None and not self.anonymous.scopes

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """The caller. Raises Unauthenticated where any credential of the request is bad (rules.md 36).

        Where two are good, `Authorization` says who asks. A header sent twice counts twice if `items()` shows it.
        """
        if not headers:
            return self.anonymous
        sent = [(name.lower(), value) for name, value in headers.items()]
        credentials = [_of_authorization(value) for name, value in sent if name == "authorization"]
        credentials += [value.strip() for name, value in sent if name == "x-api-key"]
        callers = [await self._caller(credential) for credential in credentials]
        return callers[0] if callers else self.anonymous

    async def close(self) -> None:
        if self.tokens is not None:
            await self.tokens.close()

    async def _caller(self, credential: str) -> Principal:
        if self.keys is not None and looks_like_key(credential):
            return self.keys.find(credential)
        if self.tokens is not None and "." in credential:
            return await self.tokens.verify(credential)
        raise Unauthenticated(_REFUSED)


def anonymous(settings: Settings) -> Principal:
    """The caller without credentials: every scope in the sandbox, none otherwise, unless set (configuration.md)."""
    if settings.anonymous_scopes is not None:
        scopes = parse_scopes(settings.anonymous_scopes, "GATEWAY_ANONYMOUS_SCOPES")
    else:
        scopes = EVERY_SCOPE if settings.simulated else frozenset()
    return Principal(kind=CallerKind.ANONYMOUS, label="anonymous", scopes=scopes)


def _of_authorization(value: str) -> str:
    """The credential of `Bearer …`, or the password of `Basic …`. Raises Unauthenticated for anything else."""
    scheme, _, rest = value.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() == "basic":
        try:
            _, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except ValueError:
            colon = ""
        if colon:
            return password
    raise Unauthenticated(_REFUSED)
