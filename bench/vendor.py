"""A vendor that costs nothing to ask: Bespot's occupancy and sessions and Okube's sites, written once, sent as bytes.

    python bench/vendor.py PORT SITES ROWS     ROWS occupancy minutes and ROWS sessions for each of SITES stores

Answers are whole whatever is asked, so it only serves questions that ask for everything. Runs as a process of its own.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import uvicorn

START = datetime(2024, 1, 17, 10, tzinfo=UTC)


def crosswalk(sites: int) -> str:
    """The crosswalk that joins its stores and its Okube sites."""
    entry = '[[site]]\nkey = "s{0:04d}"\nname = "Store {0}"\ntimezone = "Europe/Athens"\nbespot = ["{0:06d}"]\n'
    return "".join((entry + 'okube = "{0:024x}"\n').format(number) for number in range(sites))


def bodies(sites: int, rows: int) -> dict[str, bytes]:
    """Body by path, and one occupancy body per store."""
    stores = [f"{number:06d}" for number in range(sites)]
    minutes = [(START + timedelta(minutes=at)).isoformat() for at in range(rows)]
    series = {
        code: [{"store_code": code, "minute": minute, "occupancy_metric": at % 97} for at, minute in enumerate(minutes)]
        for code in stores
    }
    stays = [
        {
            "session_id": f"{code}-{at}",
            "store_code": code,
            "visit_start": (START + timedelta(seconds=at)).isoformat(timespec="microseconds"),
            "visit_stop": (START + timedelta(seconds=at + 60)).isoformat(timespec="microseconds"),
            "visit_duration": 60,
            "device_id": f"d{at}",
            "user_id": None,
            "alt_user_id": "",
        }
        for code in stores
        for at in range(rows)
    ]
    documents = [{"_id": f"{number:024x}", "name": f"Store {number}"} for number in range(sites)]
    found = {
        "/api/bi/acquisition-metrics/occupancy/": page([row for each in series.values() for row in each]),
        "/api/bi/dwelltime/": page(stays),
        "/applications/bench/sites": orjson.dumps(
            {"documents": documents, "_$paginated": {"page": 1, "per_page": 100, "document_count": sites}}
        ),
    }
    return found | {f"/api/bi/acquisition-metrics/occupancy/{code}": page(each) for code, each in series.items()}


def page(rows: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"count": len(rows), "next": None, "previous": None, "results": rows})


def app(found: dict[str, bytes], sites: int) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        query = dict(pair.partition("=")[::2] for pair in scope["query_string"].decode().split("&"))
        body = found.get(f"{scope['path']}{query.get('store_code', '')}", found.get(scope["path"], b""))
        if scope["path"].endswith("/sites"):
            body = sites_page(int(query["page"]), int(query["per_page"]), sites)
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
        "document_count": sites,
        "page_count": -(-sites // size),
        "has_more": first + size < sites,
    }
    return orjson.dumps({"documents": documents, "_$paginated": paginated})


if __name__ == "__main__":
    port, count, each = (int(argument) for argument in sys.argv[1:4])
    uvicorn.run(app(bodies(count, each), count), port=port, log_level="error", access_log=False, lifespan="off")
