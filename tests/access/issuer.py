"""A token issuer for tests: real keys, a key set behind a counted port, and tokens signed any way one likes."""

from __future__ import annotations

import json
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode

ISSUER = "https://issuer.example/"
AUDIENCE = "gateway"
NOW = 1_790_000_000
"""Seconds since the epoch, the day of every test."""

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
BY_ALGORITHM: dict[str, Key] = {"RS256": RSA, "PS256": RSA, "ES256": EC, "EdDSA": ED}


class Clocks:
    """One hand for both clocks."""

    def __init__(self) -> None:
        self.seconds = float(NOW)

    def micros(self) -> int:
        return int(self.seconds * 1_000_000)

    def monotonic(self) -> float:
        return self.seconds


class Issuer:
    """Its document is `keys`; while `down` it does not answer."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.fetches = 0
        self.down = False

    async def fetch(self) -> bytes:
        self.fetches += 1
        if self.down:
            raise ConnectionError
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()


def claims(**changed: Any) -> dict[str, Any]:
    """Good ones, with changes; a change to `...` leaves the claim out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 600, "sub": "ada@example.org", "scope": "read", **changed}
    return {name: value for name, value in good.items() if value is not ...}


def header(alg: str = "ES256", **changed: Any) -> dict[str, Any]:
    key = BY_ALGORITHM.get(alg)
    good = {"alg": alg, "kid": key.kid if key else "ec", "typ": "JWT", **changed}
    return {name: value for name, value in good.items() if value is not ...}


def signed(head: dict[str, Any], body: object, key: Key | None = None, signature: bytes | None = None) -> str:
    """A compact token. Signed by the header's algorithm unless a signature is given."""
    text = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in (head, body))
    if signature is None:
        algorithm = JWSRegistry.algorithms[head["alg"]]
        signature = algorithm.sign(text, key or BY_ALGORITHM[head["alg"]])
    return (text + b"." + urlsafe_b64encode(signature)).decode()
