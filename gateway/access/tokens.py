"""JSON Web Tokens of one issuer, turned into principals (rules.md 11, 37).

The algorithm is ours to choose, never the token's; no header of a token is followed anywhere. A claim is read only
after the signature holds, and neither a token nor its subject is ever repeated in a message or a log.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from joserfc import jws
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from gateway.access.jwks import IssuerKeys
from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.scopes import Scope
from gateway.domain.clock import Clock, system
from gateway.domain.errors import Unauthenticated
from gateway.domain.instant import SECOND

ALGORITHMS = ("RS256", "ES256", "EdDSA", "PS256")
LEEWAY = 60
"""Seconds by which the issuer's clock and ours may differ."""
MAX_CHARACTERS = 16 * 1024

_KNOWN_SCOPES = {scope.value: scope for scope in Scope}
_REFUSED = "The token is not valid here."


class _PinnedAlgorithms(JWSRegistry):
    """joserfc's registry, but ours names the algorithms and unknown header members are ignored (RFC 7515, 4)."""

    max_header_length = 8 * 1024  # certificate chains make long headers
    max_payload_length = MAX_CHARACTERS

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        # Not super(): it warns on every EdDSA token since RFC 9864 renamed that algorithm.
        if name not in ALGORITHMS:
            raise JoseError
        return self.algorithms[name]


_REGISTRY = _PinnedAlgorithms()


class _Header(msgspec.Struct):
    """What we read of a token's header. `jku`, `x5u`, `jwk` and `x5c` are not even looked at."""

    alg: str
    kid: str | None = None
    crit: Any = msgspec.UNSET
    b64: Any = msgspec.UNSET


class _Rights(msgspec.Struct):
    """Our claims. A wrong type refuses the token: read as absent, `sites` would open every site."""

    sub: Annotated[str, msgspec.Meta(max_length=1024)] | msgspec.UnsetType = msgspec.UNSET
    scope: str = ""
    sites: frozenset[str] | msgspec.UnsetType = msgspec.UNSET
    tags: frozenset[str] | msgspec.UnsetType = msgspec.UNSET


class Tokens:
    """Verifies tokens. `issuer` and `audience` are compared exactly."""

    def __init__(
        self, issuer: str, audience: str, keys: IssuerKeys, pseudonyms: Pseudonyms, *, clock: Clock = system
    ) -> None:
        self._keys = keys
        self._pseudonyms = pseudonyms
        self._claims = JWTClaimsRegistry(
            now=lambda: clock() // SECOND,
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )

    async def verify(self, token: str) -> Principal:
        """The caller a token speaks for. Raises Unauthenticated, without saying more than that it expired."""
        header = _header(token)
        key = await self._keys.find(header.kid, header.alg)
        if key is None:
            raise Unauthenticated(_REFUSED)
        try:
            payload = jws.deserialize_compact(token, key, registry=_REGISTRY).payload
            self._claims.validate(msgspec.json.decode(payload, type=dict[str, Any]))
            rights = msgspec.json.decode(payload, type=_Rights)
        except ExpiredTokenError:
            raise Unauthenticated("The token has expired.") from None
        except (JoseError, ValueError, TypeError, OverflowError, RecursionError):
            raise Unauthenticated(_REFUSED) from None
        return self._principal(rights)

    async def close(self) -> None:
        await self._keys.close()

    def _principal(self, rights: _Rights) -> Principal:
        subject = rights.sub or ""
        # Scopes of others, such as `openid`, are none of ours.
        scopes = frozenset(_KNOWN_SCOPES[word] for word in rights.scope.split() if word in _KNOWN_SCOPES)
        return Principal(
            kind=CallerKind.TOKEN,
            label="token:" + self._pseudonyms.opaque_id("subject", subject),
            name=subject or None,
            scopes=scopes,
            sites=None if rights.sites is msgspec.UNSET else rights.sites,
            tags=None if rights.tags is msgspec.UNSET else rights.tags,
        )


def _header(token: str) -> _Header:
    """The header of a compact token. Raises Unauthenticated for anything we would not verify."""
    if len(token) > MAX_CHARACTERS or token.count(".") != 2:
        raise Unauthenticated(_REFUSED)
    try:
        header = msgspec.json.decode(urlsafe_b64decode(token.partition(".")[0].encode()), type=_Header)
    except (ValueError, RecursionError):
        raise Unauthenticated(_REFUSED) from None
    # `crit` lists extensions we must understand, and we understand none; an unencoded payload is no JWT (RFC 7797, 7).
    if header.alg not in ALGORITHMS or header.crit is not msgspec.UNSET or header.b64 is not msgspec.UNSET:
        raise Unauthenticated(_REFUSED)
    return header
