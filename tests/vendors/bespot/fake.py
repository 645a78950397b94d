"""A Bespot for unit tests: a client that answers from a function, and a vendor that pages rows as the documents say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from gateway.domain import instant
from gateway.domain.errors import Rejected
from gateway.domain.vendor import VendorKey
from gateway.settings import BespotSettings
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, Ask
from gateway.vendors.bespot.adapter import BespotAdapter
from gateway.vendors.bespot.refusals import explain

SAMPLES = Path(__file__).parent / "samples"
Responder = Callable[[Ask], tuple[int, bytes]]


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


class FakeClient:
    """Keeps every ask; turns refusals into errors as the pipeline does."""

    vendor = VendorKey.BESPOT

    def __init__(self, respond: Responder) -> None:
        self.respond = respond
        self.asks: list[Ask] = []

    async def ask(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        status, body = self.respond(ask)
        answer = Answer(status, {"content-type": "application/json"}, body)
        if status >= 400:
            raise explain(answer) or Rejected(self.vendor, "Refused.", status=status)
        return answer


def adapter(respond: Responder | bytes, **settings: Any) -> tuple[BespotAdapter, FakeClient]:
    client = FakeClient(respond if callable(respond) else lambda _: (200, respond))
    return BespotAdapter(cast("VendorClient", client), BespotSettings(**settings)), client


def page(rows: list[dict[str, Any]], count: int | None = None, link: str | None = None) -> bytes:
    """One page as the vendor frames it."""
    return json.dumps(
        {"count": len(rows) if count is None else count, "next": link, "previous": None, "results": rows}
    ).encode()


def link_to(number: int) -> str:
    """A link as the documents print them: plain http, another host, other filters."""
    return (
        f"http://api.opap.bespot.io/api/bi/dwelltime/?datetime_gte=2021-04-14T09%3A00%3A00Z&page={number}&page_size=3"
    )


class PagedVendor:
    """Selects rows between inclusive bounds on `key` and pages them; `clamp` is the most rows it gives a page."""

    def __init__(self, rows: list[dict[str, Any]], key: str, clamp: int = 10_000) -> None:
        self.rows = rows
        self.key = key
        self.clamp = clamp

    def __call__(self, ask: Ask) -> tuple[int, bytes]:
        query = dict(ask.query)
        low, high = instant.parse(query["datetime_gte"]), instant.parse(query["datetime_lte"])
        code = query.get("store_code")
        rows = [
            row
            for row in self.rows
            if low <= instant.parse(row[self.key]) <= high and code in (None, row["store_code"])
        ]
        size = min(self.clamp, int(query["page_size"]))
        number = int(query.get("page", "1"))
        start = (number - 1) * size
        if start and start >= len(rows):
            return 404, b'{"detail": "Invalid page.", "code": "not_found", "error_id": "0000000000000001"}'
        more = start + size < len(rows)
        return 200, page(rows[start : start + size], len(rows), link_to(number + 1) if more else None)


def session(number: int, start: str, **members: Any) -> dict[str, Any]:
    """A closed session of store 000000D."""
    return {
        "session_id": f"session-{number}",
        "store_code": "000000D",
        "device_id": "4a1a5c0f-1523-4194-afbf-0d17cbc9257a",
        "user_id": "",
        "alt_user_id": "",
        "visit_start": start,
        "visit_stop": None,
        "visit_duration": None,
    } | members


def visit(minute: str, entries: int = 1, exits: int = 0, **members: Any) -> dict[str, Any]:
    """A minute of store 116500, spelt as in the sample."""
    return {
        "store_code": "116500",
        "in_metric": entries,
        "out_metric": exits,
        "diff_metric": entries - exits,
        "minute": minute,
    } | members


def occupied(minute: str, count: int, **members: Any) -> dict[str, Any]:
    """A measurement of store 116500."""
    return {"store_code": "116500", "occupancy_metric": count, "minute": minute} | members
