"""Who may ask: API keys and 48-hour tokens, both JSON Web Tokens, both sent as Bearer.

Tokens carry their own end, so nothing is remembered but how often a login was refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import orjson

from gateway.domain.clock import Clock
from gateway.domain.instant import SECOND
from gateway.sandbox.simulation import secret
from gateway.vendors.okube.sandbox.refusal import Refusal, malformed

TOKEN_SECONDS = 48 * 3600
_REFUSALS_BEFORE_CAPTCHA = 5
_MEMBERS = {"login": str, "password": str, "captchaPayload": str, "setCookie": bool}


class Gate:
    """Credentials drawn from the seed: `login`, `password`, `api_key`."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self._clock = clock
        self._secret = secret(seed, "okube signature").encode()
        self._refused = 0
        self.login = "operator@example.com"
        self.password = secret(seed, "okube password")
        self.api_key = self._signed({"sub": "integration", "kind": "api-key"})

    def check(self, authorization: str) -> None:
        """Raise 401 unless this is a Bearer token of ours that has not ended."""
        scheme, _, token = authorization.partition(" ")
        claims = self._claims(token.strip()) if scheme.lower() == "bearer" else None
        if claims is None or claims.get("exp", float("inf")) <= self._clock() // SECOND:
            raise Refusal(401, "Unauthorized")

    def authenticate(self, body: object) -> dict[str, object]:
        """Login and password for a 48-hour token. Too many refusals lock the account behind a captcha (quirk O28)."""
        if not isinstance(body, dict):
            raise malformed("", "must be an object")
        for member, value in body.items():
            if not isinstance(value, _MEMBERS.get(member, ())):
                raise malformed(str(member), "is unknown or of another type")
        for member in ("login", "password"):
            if member not in body:
                raise malformed(member, "is required")
        if self._refused >= _REFUSALS_BEFORE_CAPTCHA:
            raise Refusal(403, "Account locked: captcha required.")
        given = f"{body['login']}\0{body['password']}".encode()
        if not hmac.compare_digest(given, f"{self.login}\0{self.password}".encode()):
            self._refused += 1
            raise Refusal(401, "Authentication failed.")
        self._refused = 0
        now = self._clock() // SECOND
        token = self._signed({"sub": "operator", "iat": now, "exp": now + TOKEN_SECONDS})
        return {"success": True, "message": "Authentication succeeded.", "auth": {"token": token}}

    def _signed(self, claims: dict[str, object]) -> str:
        head = _text(orjson.dumps({"alg": "HS256", "typ": "JWT"}))
        payload = f"{head}.{_text(orjson.dumps(claims))}"
        return f"{payload}.{_text(self._signature(payload))}"

    def _signature(self, payload: str) -> bytes:
        return hmac.new(self._secret, payload.encode(), hashlib.sha256).digest()

    def _claims(self, token: str) -> dict[str, int] | None:
        payload, _, signature = token.rpartition(".")
        if not hmac.compare_digest(_text(self._signature(payload)).encode(), signature.encode()):
            return None
        try:
            claims: dict[str, int] = orjson.loads(_bytes(payload.partition(".")[2]))
        except (ValueError, binascii.Error):
            return None
        return claims


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
