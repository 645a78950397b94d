"""The envelopes, links, times and errors Bespot answers with. What it answers stands in `tenant.py`."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.instant import SECOND, Micros

FOREIGN = "http://api.opap.bespot.io"  # links and redirects name it, whoever asked (quirk B1)

_DEFAULT_PAGE, _LARGEST_PAGE = 1000, 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row: TypeAlias = dict[str, Any]


class Refused(Exception):
    """An answer other than 200, in the vendor's error form."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.response = answer({"detail": detail, "code": code, "error_id": secrets.token_hex(8)}, status)


def answer(body: object, status: int = 200) -> Response:
    """JSON."""
    return Response(orjson.dumps(body), status, media_type="application/json")


def page(request: Request, total: int, rows: Callable[[int, int], Iterable[Row]]) -> Response:
    """One page of `total` rows; `rows(start, stop)` makes those it holds.

    Sizes above the largest are cut to it, unreadable ones are the default; a page past the end is a 404 that shares
    its status, not its code, with an unknown store (quirk B20).
    """
    asked = _whole(request.query_params.get("page_size"))
    size = min(asked, _LARGEST_PAGE) if asked else _DEFAULT_PAGE
    number = _whole(request.query_params.get("page", "1"))
    if not number or number > max(1, math.ceil(total / size)):
        raise Refused(404, "not_found", "Invalid page.")
    results = list(rows((number - 1) * size, number * size))
    request.state.rows = len(results)
    return answer(
        {
            "count": total,
            "next": _link(request, number + 1) if number * size < total else None,
            "previous": _link(request, number - 1) if number > 1 else None,
            "results": results,
        }
    )


def bound(request: Request, name: str) -> Micros:
    """A required date string in UTC; one without an offset is UTC as well."""
    try:
        moment = datetime.fromisoformat(request.query_params[name])
    except KeyError:
        raise Refused(400, "required", f"{name}: This field is required.") from None
    except ValueError:
        raise Refused(400, "invalid", f"{name}: Enter a valid date/time.") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def local(instant: Micros, zone: ZoneInfo) -> str:
    """With the place's offset (quirk B6); microseconds where there are any."""
    if instant % SECOND == 0:
        return datetime.fromtimestamp(instant // SECOND, zone).isoformat()
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).isoformat()


def _link(request: Request, number: int) -> str:
    """Absolute, http, on the production host, parameters by name (quirk B1). Page 1 is named by leaving it out."""
    query = {name: value for name, value in request.query_params.items() if name != "page"}
    if number > 1:
        query["page"] = str(number)
    return f"{FOREIGN}{request.url.path}?{urlencode(sorted(query.items()))}"


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
