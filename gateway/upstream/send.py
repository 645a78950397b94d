"""The last step: a call becomes one HTTP request to the vendor's pinned origin.

The address is made of the configured base URL, the ask's path and its encoded query, and of nothing else: no link a
vendor sent and no path that climbs out of the base is ever requested.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote, urlencode

from gateway.domain.errors import Malformed, Rejected, TimedOut, Unavailable, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.telemetry import course
from gateway.upstream import deadline
from gateway.upstream.exchange import Answer, Ask, OpenAnswer
from gateway.upstream.refusals import OutOfTime, Truncated, Unreached
from gateway.upstream.stage import Call
from gateway.upstream.transport import CutShort, Dropped, NotConnected, Overlong, Request, Transport, TransportFault

MOST_STEADY = 512
"""Questions whose words are kept."""
USER_AGENT = "retail-analytics-gateway"

_STEP = r"(?!(?:\.|%2[Ee]){1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@%-]*"
_PATH = re.compile(rf"(?:/{_STEP})+")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _encoded(pairs: tuple[tuple[str, str], ...]) -> str:
    """Every character that is not plain is percent-encoded: a space too."""
    text = "".join([part for pair in pairs for part in pair])
    if text.isascii() and _PLAIN.fullmatch(text):
        return "&".join([f"{name}={value}" for name, value in pairs])
    return urlencode(pairs, quote_via=quote, safe="")


class Send:
    """Both ends of the pipeline: `whole` reads the answer, `opened` leaves its body to be read."""

    def __init__(
        self,
        vendor: VendorKey,
        transport: Transport,
        *,
        base_url: str,
        timeout: float,
        max_connections: int,
        max_response_bytes: int,
    ) -> None:
        self._vendor = vendor
        self._transport = transport
        self._base = base_url.rstrip("/")
        self._timeout = timeout
        self._max_bytes = max_response_bytes
        # httpx-aiohttp's pool must never be waited for: waiting is done here, where it can be bounded.
        self._seats = asyncio.Semaphore(max_connections)
        self._steady: dict[Ask, tuple[Mapping[str, str], str, dict[str, str]]] = {}

    async def whole(self, call: Call) -> Answer:
        """Raises Unavailable, TimedOut or Malformed; any status is an answer."""
        url, headers = self._worded(call)
        await self._seat()
        try:
            return await self._transport.send(self._request(call.ask, url, headers))
        except (TimeoutError, TransportFault) as fault:
            raise self._error(fault) from fault
        finally:
            self._seats.release()

    async def opened(self, call: Call) -> OpenAnswer:
        """As `whole`. The seat is kept until the answer is closed."""
        url, headers = self._worded(call)
        await self._seat()
        try:
            answer = await self._transport.open(self._request(call.ask, url, headers))
        except BaseException as fault:
            self._seats.release()
            if isinstance(fault, TimeoutError | TransportFault):
                raise self._error(fault) from fault
            raise
        seated = True

        async def close() -> None:
            nonlocal seated
            if seated:
                seated = False
                self._seats.release()
                await answer.close()

        return OpenAnswer(answer.status, answer.headers, answer.body, self._chunks(answer.chunks), close)

    async def _chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks:
                yield chunk
                if deadline.remaining() == 0:
                    raise OutOfTime(self._vendor, "Time was up before the vendor's answer ended.")
        except (TimeoutError, TransportFault) as fault:
            raise self._error(fault) from fault

    async def _seat(self) -> None:
        """Waits for a free connection, no longer than the operation has."""
        if not self._seats.locked():
            await self._seats.acquire()
            return
        try:
            async with asyncio.timeout(deadline.remaining()):
                await self._seats.acquire()
        except TimeoutError:
            raise OutOfTime(self._vendor, "Every connection to the vendor was busy until time was up.") from None

    def _request(self, ask: Ask, url: str, headers: dict[str, str]) -> Request:
        timeout = deadline.capped(self._timeout)
        if timeout <= 0:
            raise OutOfTime(self._vendor, "No time was left to ask the vendor.")
        return Request(
            ask.method, url, headers, ask.body, timeout, self._max_bytes, fresh=not ask.idempotent, steady=ask.steady
        )

    def _worded(self, call: Call) -> tuple[str, dict[str, str]]:
        """The address and the headers: of a steady question those made before, unless it is signed or traced anew."""
        ask = call.ask
        if ask.steady and not course.outward():
            kept = self._steady.get(ask)
            if kept is None or kept[0] is not call.signature:
                if len(self._steady) >= MOST_STEADY:
                    self._steady.clear()
                kept = self._steady[ask] = call.signature, self._url(ask), self._headers(call)
            return kept[1], kept[2]
        return self._url(ask), self._headers(call)

    def _url(self, ask: Ask) -> str:
        if not _PATH.fullmatch(ask.path):
            raise Rejected(self._vendor, "The vendor cannot be asked for this: it would not be one of its paths.")
        query = _encoded(ask.query)
        return f"{self._base}{ask.path}?{query}" if query else f"{self._base}{ask.path}"

    def _headers(self, call: Call) -> dict[str, str]:
        ask = call.ask
        headers = {
            "accept": ask.accept,
            "accept-encoding": "gzip, deflate",
            "user-agent": USER_AGENT,
            **course.outward(),
            **call.signature,
        }
        if ask.content_type is not None:
            headers["content-type"] = ask.content_type
        if _CONTROL.search("".join(headers.values())):
            raise ValueError(f"a header of {ask.endpoint} holds a control character")
        return headers

    def _error(self, fault: Exception) -> UpstreamError:
        if isinstance(fault, TimeoutError):
            return TimedOut(self._vendor, "The vendor took longer than allowed.")
        if isinstance(fault, NotConnected):
            return Unreached(self._vendor, "No connection to the vendor could be made.")
        if isinstance(fault, Dropped):
            return Unavailable(self._vendor, "The vendor broke the connection off.")
        if isinstance(fault, CutShort):
            return Truncated(self._vendor, "The vendor's answer broke off before its end.")
        if isinstance(fault, Overlong):
            return Malformed(self._vendor, "The vendor's answer is longer than allowed.")
        return Malformed(self._vendor, "The vendor's answer is not HTTP as agreed.")
