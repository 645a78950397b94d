"""What Bespot says when it refuses: `{detail, code, error_id}` (quirk B24).

Only `code` and `error_id` are believed, and only where they look like what they are; `detail` never leaves the vendor.
"""

from __future__ import annotations

import re

import msgspec

from gateway.domain.errors import Rejected, Throttled, Unavailable, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.upstream.exchange import Answer
from gateway.vendors.bespot.wire import ErrorBody

UNKNOWN_STORE = "store_code_not_found"

_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MESSAGES = {
    UNKNOWN_STORE: "Bespot does not know the store code.",
    "authentication_failed": "Bespot refused the gateway's credentials.",
}


def explain(answer: Answer) -> UpstreamError | None:
    """An error of the status's kind that carries the vendor's code and id; None where it told neither."""
    code, error_id = spoken(answer.body) if answer.status >= 400 else (None, None)
    if code is None and error_id is None:
        return None
    kind: type[UpstreamError] = Rejected
    if answer.status >= 500:
        kind = Unavailable
    elif answer.status == 429:
        kind = Throttled
    message = _MESSAGES.get(code or "", f"Bespot refused the request with status {answer.status}.")
    return kind(VendorKey.BESPOT, message, status=answer.status, vendor_code=code, error_id=error_id)


def spoken(body: bytes) -> tuple[str | None, str | None]:
    """The vendor's error code and error id, from a body that may be anything."""
    try:
        error = msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    return _token(error.code) or _token(error.error_code), _token(error.error_id)


def _token(text: str | None) -> str | None:
    return text if text is not None and _TOKEN.fullmatch(text) else None
