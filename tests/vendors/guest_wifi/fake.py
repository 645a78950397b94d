"""A guest Wi-Fi for unit tests: a client that answers from a function, and a vendor with day filters of either kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from gateway.domain import instant
from gateway.domain.errors import Rejected
from gateway.domain.instant import Micros
from gateway.domain.vendor import VendorKey
from gateway.settings import GuestWifiSettings
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Answer, Ask
from gateway.vendors.guest_wifi.adapter import GuestWifiAdapter

SAMPLES = Path(__file__).parent / "samples"
NOW = instant.parse("2026-11-22T12:00:00Z")
Responder = Callable[[Ask], tuple[int, bytes]]


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


class FakeClient:
    """Keeps every ask; a refusal is an error, as in the pipeline."""

    vendor = VendorKey.GUEST_WIFI

    def __init__(self, respond: Responder) -> None:
        self.respond = respond
        self.asks: list[Ask] = []

    async def ask(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        status, body = self.respond(ask)
        if status >= 400:
            raise Rejected(self.vendor, "Refused.", status=status)
        return Answer(status, {"content-type": "application/json"}, body)


def adapter(respond: Responder | bytes, now: Micros = NOW, **settings: Any) -> tuple[GuestWifiAdapter, FakeClient]:
    client = FakeClient(respond if callable(respond) else lambda _: (200, respond))
    wifi = GuestWifiAdapter(cast("VendorClient", client), GuestWifiSettings(**settings), lambda: now)
    return wifi, client


def page(rows: list[dict[str, Any]], number: int = 1, more: bool = False) -> bytes:
    """One page as the vendor frames it, links with their unexpanded placeholder."""
    link = f"[[BaseUrl]]/sessions?page={number + 1}" if more else None
    return json.dumps(
        {
            "data": rows,
            "links": {"first": "[[BaseUrl]]/sessions?page=1", "last": None, "prev": None, "next": link},
            "meta": {"current_page": number, "from": 1, "path": "[[BaseUrl]]/sessions", "per_page": 100, "to": None},
        }
    ).encode()


def login(number: int, start: Micros, stay: Micros | None, **members: Any) -> dict[str, Any]:
    """A login of venue oWNe6XWDPLM; `stay` None: still online."""
    end = None if stay is None else instant.text(start + stay).replace("Z", "+00:00")
    return {
        "id": f"login-{number}",
        "location_id": "oWNe6XWDPLM",
        "location_name": "IPERA",
        "access_code": "",
        "total_duration": "00:09:05",
        "connection_status_value": 0 if stay is not None else 1,
        "start_time": instant.text(start).replace("Z", "+00:00"),
        "end_time": end,
        "guest_id": "ajKeDq4582W",
    } | members


class DayVendor:
    """Filters by days, with the days named included or not, pages what is left; open logins have no end to filter."""

    def __init__(self, rows: list[dict[str, Any]], inclusive: bool, clamp: int = 100) -> None:
        self.rows = rows
        self.slack = timedelta(days=0 if inclusive else 1)
        self.clamp = clamp

    def __call__(self, ask: Ask) -> tuple[int, bytes]:
        query = dict(ask.query)
        rows = [row for row in self.rows if self._selected(row, query)]
        size = min(self.clamp, int(query["per_page"]))
        number = int(query.get("page", "1"))
        end = number * size
        return 200, page(rows[end - size : end], number, end < len(rows))

    def _selected(self, row: dict[str, Any], query: dict[str, str]) -> bool:
        if "online" in query and (row["connection_status_value"] == 1) != (query["online"] == "true"):
            return False
        if instant.day_of(instant.parse(row["start_time"])) < date.fromisoformat(query["start_time"]) + self.slack:
            return False
        if "end_time" not in query:
            return True
        last = date.fromisoformat(query["end_time"]) - self.slack
        return row["end_time"] is not None and instant.day_of(instant.parse(row["end_time"])) <= last
