"""A credential that logs in for a token and keeps it fresh (Okube's 48 h token, quirk O28).

One login at a time however many wait for it; a refused login is not tried again for a while, because vendors lock
accounts for that; no cookie is asked for or kept.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import random
from collections.abc import Mapping

import msgspec

from gateway.domain.clock import Clock, system
from gateway.domain.errors import Malformed, Rejected, UpstreamError
from gateway.domain.instant import SECOND, Micros
from gateway.domain.vendor import VendorKey
from gateway.settings import ConfigurationError
from gateway.upstream import deadline
from gateway.upstream.auth import sendable
from gateway.upstream.exchange import Answer, Ask
from gateway.upstream.refusals import OutOfTime
from gateway.upstream.stage import Call, Onward

LIFE = 48 * 3600.0
"""Seconds a token lives where it does not say (Okube's document)."""

_REFUSED_FOR = 300.0
_DISTRUSTED_FOR = 30.0
_RENEWAL_PAUSE = 30.0
_chance = random.SystemRandom()


class _Token(msgspec.Struct, frozen=True):
    """A token as headers; `stale_at` and `ends_at` in seconds of the loop's clock."""

    headers: Mapping[str, str]
    stale_at: float
    ends_at: float

    def __repr__(self) -> str:
        return "_Token()"


class LoginCredential:
    """Logs in by POSTing `body` as JSON to `path`; the token stands at the members `place` of the answer.

    A token is renewed at 80 to 90 % of its life, in the background while the old one still serves.
    """

    fixed: Mapping[str, str] | None = None

    def __init__(
        self,
        vendor: VendorKey,
        *,
        path: str,
        body: Mapping[str, str],
        place: tuple[str, ...] = ("auth", "token"),
        clock: Clock = system,
    ) -> None:
        self._vendor = vendor
        self._ask = Ask(
            "login",
            path,
            method="POST",
            body=msgspec.json.encode(body),
            content_type="application/json",
            idempotent=False,
        )
        self._place = place
        self._clock = clock
        self._token: _Token | None = None
        self._login: asyncio.Task[_Token] | None = None
        self._refusal: Rejected | None = None
        self._refused_until = 0.0
        self._distrusted_until = 0.0
        self._renew_from = 0.0

    async def headers(self, onward: Onward) -> Mapping[str, str]:
        token, now = self._token, _now()
        if token is None or now >= token.ends_at:
            token = await self._fresh(onward)
        elif now >= max(token.stale_at, self._refused_until, self._renew_from):
            self._begin(onward)
        return token.headers

    async def renew(self, refused: Mapping[str, str], onward: Onward) -> bool:
        token = self._token
        if token is not None and token.headers is not refused:
            return True  # another caller has renewed it meanwhile
        if _now() < self._distrusted_until:
            return False
        self._token = None
        await self._fresh(onward)
        return True

    def distrust(self, refused: Mapping[str, str]) -> None:
        self._distrusted_until = _now() + _DISTRUSTED_FOR

    async def close(self) -> None:
        if self._login is not None:
            self._login.cancel()
            await asyncio.gather(self._login, return_exceptions=True)

    async def _fresh(self, onward: Onward) -> _Token:
        """A token just obtained; many callers wait for one login, each no longer than its own deadline."""
        if self._refusal is not None and _now() < self._refused_until:
            raise Rejected(self._vendor, self._refusal.message, status=self._refusal.status)
        login = self._begin(onward)
        try:
            async with asyncio.timeout(deadline.remaining()):
                return await asyncio.shield(login)
        except TimeoutError:
            raise OutOfTime(self._vendor, "Logging in to the vendor took longer than there was time.") from None

    def _begin(self, onward: Onward) -> asyncio.Task[_Token]:
        if self._login is None:
            # No caller's deadline and no caller's cancellation may end what others wait for.
            with deadline.lifted():
                self._login = asyncio.create_task(self._obtain(onward))
            self._login.add_done_callback(self._ended)
        return self._login

    def _ended(self, login: asyncio.Task[_Token]) -> None:
        """Runs whether anyone still waits or not, so that an outcome is never lost and never unread."""
        self._login = None
        if login.cancelled():
            return
        try:
            self._token, self._refusal = login.result(), None
        except Rejected as refusal:
            self._refusal, self._refused_until = refusal, _now() + _REFUSED_FOR
        except UpstreamError:
            self._renew_from = _now() + _RENEWAL_PAUSE

    async def _obtain(self, onward: Onward) -> _Token:
        answer = await onward(Call(self._ask))
        text = self._text(answer)
        life = _life(text, self._clock())
        now = _now()
        return _Token({"authorization": f"Bearer {text}"}, now + life * _chance.uniform(0.8, 0.9), now + life)

    def _text(self, answer: Answer) -> str:
        """The token in the answer to a login. Raises Malformed, or Rejected where the answer says it failed."""
        try:
            found = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed(self._vendor, "The vendor's answer to the login is not JSON.") from None
        if isinstance(found, dict) and found.get("success") is False:
            raise Rejected(self._vendor, "The vendor refused the login.", status=answer.status)
        for name in self._place:
            found = found.get(name) if isinstance(found, dict) else None
        try:
            return sendable(found if isinstance(found, str) else "")
        except ConfigurationError:
            member = ".".join(("$", *self._place))
            raise Malformed(self._vendor, "The vendor's answer to the login holds no token.", member=member) from None


class _Claims(msgspec.Struct):
    """The two times a token may tell, in seconds since the epoch."""

    exp: float
    iat: float | None = None


def _life(token: str, now: Micros) -> float:
    """Seconds a token lives, by its own claims; 48 h where they cannot be read or make no sense."""
    try:
        payload = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
    except (IndexError, binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return LIFE
    # Its own beginning, where it tells one, keeps a clock that is off out of the sum.
    life = claims.exp - (now / SECOND if claims.iat is None else claims.iat)
    return life if life > 0 else LIFE


def _now() -> float:
    return asyncio.get_running_loop().time()
