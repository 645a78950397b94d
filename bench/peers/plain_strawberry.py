"""The same four questions by Strawberry as its documentation writes it: typed classes, generic connections, resolvers,
a DataLoader per request, one shared httpx client, Starlette's view.

    VENDOR=http://127.0.0.1:9000 SITES=sites.toml uvicorn bench.peers.plain_strawberry:app

For comparison only: no caches, no rights, no failures told apart, one vendor call for what the gateway asks in one.
"""

from __future__ import annotations

import base64
import os
import tomllib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx
import strawberry
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

T = TypeVar("T")

KNOWN = tomllib.loads(Path(os.environ["SITES"]).read_text("utf-8"))["site"]
BY_ID = {site["okube"]: site for site in KNOWN}
BY_CODE = {site["bespot"][0]: site for site in KNOWN}

client = httpx.AsyncClient(base_url=os.environ["VENDOR"], timeout=30)


async def get(path: str, **query: str | int) -> Any:
    answer = await client.get(path, params=query)
    answer.raise_for_status()
    return answer.json()


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@strawberry.enum
class VendorKey(Enum):
    BESPOT = "BESPOT"


@strawberry.enum
class SessionStatus(Enum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


@strawberry.input
class Window:
    from_: datetime = strawberry.field(name="from")
    to: datetime


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


def connection(nodes: Iterable[T], first: int) -> Connection[T]:
    found = list(nodes)
    edges = [
        Edge(cursor=base64.b64encode(f"row:{number}".encode()).decode(), node=node)
        for number, node in enumerate(found[:first])
    ]
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(found) > first, end_cursor=edges[-1].cursor if edges else None))


@strawberry.type
class Occupancy:
    starts_at: datetime
    count: int


@strawberry.type
class Site:
    key: str
    name: str
    timezone: str
    code: strawberry.Private[str]

    @strawberry.field
    async def occupancy(self, info: strawberry.Info, window: Window, first: int = 50) -> Connection[Occupancy]:
        rows = await info.context["occupancy"].load((self.code, window.from_.isoformat(), window.to.isoformat()))
        return connection((Occupancy(starts_at=instant(row["minute"]), count=row["occupancy_metric"]) for row in rows), first)


def site_of(entry: dict[str, Any]) -> Site:
    return Site(key=entry["key"], name=entry["name"], timezone=entry["timezone"], code=entry["bespot"][0])


@strawberry.interface
class Session:
    id: strawberry.ID
    vendor: VendorKey
    site: Site | None
    started_at: datetime
    ended_at: datetime | None
    duration_seconds: int | None
    status: SessionStatus


@strawberry.type
class AppSession(Session):
    pass


def session_of(row: dict[str, Any]) -> Session:
    ended = row["visit_stop"]
    return AppSession(
        id=strawberry.ID(row["session_id"]),
        vendor=VendorKey.BESPOT,
        site=site_of(BY_CODE[row["store_code"]]),
        started_at=instant(row["visit_start"]),
        ended_at=instant(ended) if ended else None,
        duration_seconds=row["visit_duration"],
        status=SessionStatus.CLOSED if ended else SessionStatus.OPEN,
    )


@strawberry.type
class Query:
    @strawberry.field
    async def sites(self, first: int = 50) -> Connection[Site]:
        page = await get("/applications/bench/sites", page=1, per_page=100)
        return connection((site_of(BY_ID[document["_id"]]) for document in page["documents"]), first)

    @strawberry.field
    async def sessions(self, window: Window, first: int = 50) -> Connection[Session]:
        asked = {"datetime_gte": window.from_.isoformat(), "datetime_lte": window.to.isoformat()}
        page = await get("/api/bi/dwelltime/", page_size=10_000, **asked)
        return connection((session_of(row) for row in page["results"]), first)


async def load_occupancy(keys: list[tuple[str, str, str]]) -> list[list[dict[str, Any]]]:
    _, since, until = keys[0]  # one window a request here
    page = await get(
        "/api/bi/acquisition-metrics/occupancy/", datetime_gte=since, datetime_lte=until, page_size=10_000
    )
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in page["results"]:
        rows.setdefault(row["store_code"], []).append(row)
    return [rows.get(code, []) for code, _, _ in keys]


class View(GraphQL[Any, None]):
    async def get_context(self, request: Any, response: Any) -> Any:
        return {"request": request, "occupancy": DataLoader(load_fn=load_occupancy)}


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    async with client:
        yield


app = Starlette(lifespan=lifespan)
app.add_route("/graphql", View(strawberry.Schema(Query, types=[AppSession]), graphql_ide=None), methods=["POST"])
