"""Asking the OData feed: options by their names, answers checked for what every one has."""

from __future__ import annotations

from typing import Any

from tests.bi.conftest import Doors

ROOT = "/odata/v4/"
DAY = "starts_at ge 2026-11-18T00:00:00Z and starts_at lt 2026-11-19T00:00:00Z"
HOUR = "starts_at ge 2026-11-19T10:00:00Z and starts_at lt 2026-11-19T11:00:00Z"


async def read(doors: Doors, path: str, **options: str) -> dict[str, Any]:
    answer = await doors.client.get(ROOT + path, params=_dollars(options))
    assert answer.status_code == 200, answer.text
    assert answer.headers["odata-version"] == "4.0"
    found: dict[str, Any] = answer.json()
    return found


async def refused(doors: Doors, path: str, **options: str) -> tuple[int, str]:
    answer = await doors.client.get(ROOT + path, params=_dollars(options))
    error = answer.json()["error"]
    assert set(error) == {"code", "message"}
    return answer.status_code, error["message"]


def _dollars(options: dict[str, str]) -> dict[str, str]:
    custom = ("granularity", "module", "kpi", "interval", "pii", "site")
    return {name if name in custom else f"${name}": value for name, value in options.items()}


async def walked(doors: Doors, path: str, **options: str) -> list[dict[str, Any]]:
    """Every row, by the links."""
    page = await read(doors, path, **options)
    rows: list[dict[str, Any]] = page["value"]
    while "@odata.nextLink" in page:
        page = (await doors.client.get(page["@odata.nextLink"])).json()
        rows += page["value"]
    return rows
