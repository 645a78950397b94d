"""A vendor that costs nothing to ask: Bespot's minutes and sessions and Okube's sites, written once, sent as bytes.

    python -m bench.vendor PORT SITES ROWS     ROWS minutes of either kind and ROWS sessions for each of SITES stores

Minutes: windows are not looked at and pages have PAGE rows whatever is asked, so it only serves questions that ask for
everything. Sessions are told by window and page, as the real one does. Runs as a process of its own.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import orjson
import uvicorn

START = datetime(2024, 1, 17, 10, tzinfo=UTC)
PAGE = 10_000


def crosswalk(sites: int) -> str:
    """The crosswalk that joins its stores and its Okube sites."""
    entry = '[[site]]\nkey = "s{0:04d}"\nname = "Store {0}"\ntimezone = "Europe/Athens"\nbespot = ["{0:06d}"]\n'
    return "".join((entry + 'okube = "{0:024x}"\n').format(number) for number in range(sites))


def bodies(sites: int, rows: int) -> dict[str, list[bytes]]:
    """Pages by path, and by path and store."""
    stores = [f"{number:06d}" for number in range(sites)]
    minutes = [(START + timedelta(minutes=at)).isoformat() for at in range(rows)]
    inside = {
        code: [{"store_code": code, "minute": minute, "occupancy_metric": at % 97} for at, minute in enumerate(minutes)]
        for code in stores
    }
    doors = {
        code: [
            {"store_code": code, "minute": minute, "in_metric": at % 7, "out_metric": at % 5, "diff_metric": 1}
            for at, minute in enumerate(minutes)
        ]
        for code in stores
    }
    found: dict[str, list[bytes]] = {}
    for path, series in (("acquisition-metrics/occupancy", inside), ("acquisition-metrics/visits", doors)):
        found[f"/api/bi/{path}/"] = pages([row for each in series.values() for row in each])
        found |= {f"/api/bi/{path}/{code}": pages(each) for code, each in series.items()}
    return found


class Stays:
    """Sessions of every store, one a second in each, in order of their start."""

    def __init__(self, sites: int, rows: int) -> None:
        stores = [f"{number:06d}" for number in range(sites)]
        self._of = {code: [(at, orjson.dumps(stay(code, at))) for at in range(rows)] for code in stores}
        self._all = [self._of[code][at] for at in range(rows) for code in stores]

    def page(self, query: dict[str, str]) -> bytes:
        rows = self._of.get(query["store_code"], []) if "store_code" in query else self._all
        first = bisect_left(rows, seconds(query["datetime_gte"]), key=lambda row: row[0])
        end = bisect_right(rows, seconds(query["datetime_lte"]), key=lambda row: row[0])
        number, size = int(query.get("page", 1)), min(PAGE, int(query["page_size"]))
        told = rows[first + (number - 1) * size : min(end, first + number * size)]
        link = b'"http://vendor/?page=%d"' % (number + 1) if first + number * size < end else b"null"
        body = b'{"count":%d,"next":%b,"previous":null,"results":[%b]}'
        return body % (max(0, end - first), link, b",".join([row for _, row in told]))


def seconds(text: str) -> float:
    """Since START."""
    return (datetime.fromisoformat(unquote(text)) - START).total_seconds()


def stay(code: str, at: int) -> dict[str, Any]:
    return {
        "session_id": f"{code}-{at}",
        "store_code": code,
        "visit_start": (START + timedelta(seconds=at)).isoformat(timespec="microseconds"),
        "visit_stop": (START + timedelta(seconds=at + 60)).isoformat(timespec="microseconds"),
        "visit_duration": 60,
        "device_id": f"d{at}",
        "user_id": None,
        "alt_user_id": "",
    }


def pages(rows: list[dict[str, Any]]) -> list[bytes]:
    last = max(1, -(-len(rows) // PAGE))
    return [
        orjson.dumps(
            {
                "count": len(rows),
                "next": f"http://vendor/?page={number + 1}" if number < last else None,
                "previous": None,
                "results": rows[(number - 1) * PAGE : number * PAGE],
            }
        )
        for number in range(1, last + 1)
    ]


def app(found: dict[str, list[bytes]], stays: Stays, sites: int) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        query = dict(pair.partition("=")[::2] for pair in scope["query_string"].decode().split("&"))
        numbered = found.get(f"{scope['path']}{query.get('store_code', '')}", [])
        number = int(query.get("page", 1))
        body = numbered[number - 1] if number <= len(numbered) else b""
        if scope["path"].endswith("/sites"):
            body = sites_page(int(query["page"]), int(query["per_page"]), sites)
        elif scope["path"].endswith("/dwelltime/"):
            body = stays.page(query)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if body else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def sites_page(number: int, size: int, sites: int) -> bytes:
    first = (number - 1) * size
    documents = [{"_id": f"{at:024x}", "name": f"Store {at}"} for at in range(first, min(first + size, sites))]
    paginated = {
        "page": number,
        "per_page": size,
        "total": sites,
        "page_count": -(-sites // size),
        "has_more": first + size < sites,
    }
    return orjson.dumps({"documents": documents, "_$paginated": paginated})


if __name__ == "__main__":
    port, count, each = (int(argument) for argument in sys.argv[1:4])
    serving = app(bodies(count, each), Stays(count, each), count)
    uvicorn.run(serving, port=port, log_level="error", access_log=False, lifespan="off")
