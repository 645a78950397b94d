"""The envelope, texts and refusals the guest Wi-Fi answers with. What it answers stands in `venues.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.instant import SECOND, Micros

_BASE = "[[BaseUrl]]"  # the vendor never fills it in (quirk G2)
_DEFAULT_PAGE, _LARGEST_PAGE = 10, 100
_MEGA = 1_000_000
_EARLIEST, _LATEST = date(1970, 1, 2), date(9000, 1, 1)


class Refused(Exception):
    """An answer other than 200. The document has no error form; this is the usual one of its framework."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        self.response = answer({"message": message}, status, headers)


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON."""
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def page(request: Request, total: int, rows: Callable[[int, int], list[dict[str, Any]]]) -> Response:
    """One page in the envelope without a total (quirk G1); its links carry no filter."""
    asked = _whole(request, "per_page", _DEFAULT_PAGE)
    length = min(asked, _LARGEST_PAGE) if asked > 0 else _DEFAULT_PAGE
    number = max(1, _whole(request, "page", 1))
    before = (number - 1) * length
    data = rows(before, before + length)
    request.state.rows = len(data)
    links = {
        "first": f"{_BASE}/sessions?page=1",
        "last": None,
        "prev": f"{_BASE}/sessions?page={number - 1}" if number > 1 else None,
        "next": f"{_BASE}/sessions?page={number + 1}" if before + length < total else None,
    }
    meta = {
        "current_page": number,
        "from": before + 1 if data else None,
        "path": f"{_BASE}/sessions",
        "per_page": length,
        "to": before + len(data) if data else None,
    }
    return answer({"data": data, "links": links, "meta": meta})


def day_asked(request: Request, name: str) -> date | None:
    """A filter of the form yyyy-mm-dd, brought near enough to count with: days far from ours hold nothing."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise Refused(422, f"The {name.replace('_', ' ')} does not match the format Y-m-d.") from None
    return min(max(day, _EARLIEST), _LATEST)


def flag_asked(request: Request, name: str) -> bool | None:
    """A filter that is true or false."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text not in ("true", "false", "1", "0"):
        raise Refused(422, f"The {name} field must be true or false.")
    return text in ("true", "1")


def duration(seconds: int) -> str:
    """Hours may pass 24 (quirk G6)."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def size(count: float) -> str:
    """Decimal units, two decimals, a small k (quirk G6)."""
    for unit, thousand in (("GB", 1000 * _MEGA), ("MB", _MEGA), ("kB", 1000)):
        if count >= thousand:
            return f"{count / thousand:.2f} {unit}"
    return f"{int(count)} B"


def utc(instant: Micros) -> str:
    """`2017-01-05T06:50:55+00:00`."""
    return datetime.fromtimestamp(instant // SECOND, UTC).isoformat()


def formatted(instant: Micros, zone: ZoneInfo) -> str:
    """Local, twelve hours, no zone (quirk G7)."""
    moment = datetime.fromtimestamp(instant // SECOND, zone)
    return f"{moment:%Y-%m-%d} {moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Refused(422, f"The {name.replace('_', ' ')} must be an integer.")
    return int(text)
