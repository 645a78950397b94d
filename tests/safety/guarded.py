"""The whole gateway behind its edge, over simulators of all four vendors, with one API key per kind of caller.

async with guarded() as gate:
    answer = await gate.ask("{ viewer { name } }", caller="reader")
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from gateway import runtime
from gateway.domain import instant
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.registry import vendors
from gateway.runtime import Gateway
from gateway.sandbox import host
from gateway.sandbox.host import Hosted
from gateway.sandbox.world import World
from gateway.settings import Settings
from gateway.upstream.calls import tally

NOW = instant.parse("2026-11-10T12:00:00Z")
DAY = '{from: "2026-11-09T00:00:00Z", to: "2026-11-10T00:00:00Z"}'
DAYS = '{from: "2026-11-08", to: "2026-11-09"}'
ORIGIN = "https://dashboard.example"
NEW = "application/graphql-response+json"

OWN = ("ath-116500",)
"""The sites of the callers who are limited to some."""

CALLERS: dict[str, dict[str, Any]] = {
    "everything": {"scopes": ["read", "write", "pii:read", "cache:bypass", "admin"]},
    "reader": {"scopes": ["read"]},
    "people": {"scopes": ["read", "pii:read"]},
    "limited": {"scopes": ["read", "pii:read"], "sites": list(OWN)},
    "limited writer": {"scopes": ["read", "write"], "sites": list(OWN)},
    "nowhere": {"scopes": ["read", "pii:read", "admin"], "sites": []},
    "writer": {"scopes": ["write"]},
    "hasty": {"scopes": ["read"], "requests_per_minute": 3},
    "useless": {"scopes": []},
}


def clock() -> int:
    return NOW


class Answer:
    """One answer of the edge."""

    def __init__(self, response: httpx.Response, calls: Mapping[str, int]) -> None:
        self.response = response
        self.status = response.status_code
        self.text = response.text
        self.calls = dict(calls)
        members = orjson.loads(response.content)
        self.data: Any = members.get("data")
        self.errors: list[dict[str, Any]] = members.get("errors", [])
        self.extensions: dict[str, Any] = members.get("extensions", {})

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


class Gate:
    """A gateway that runs, and its callers' keys."""

    def __init__(self, gateway: Gateway, edge: Edge, keys: Mapping[str, str], hosted: Hosted) -> None:
        self.gateway = gateway
        self.edge = edge
        self.keys = keys
        self.hosted = hosted
        self.world = hosted.world

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.edge, client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=30)

    def headers(self, caller: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[caller]}"} if caller else {}

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        caller: str | None = "everything",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """By POST, and how many HTTP calls it made to vendors."""
        body = orjson.dumps({"query": query, "variables": variables or {}})
        sent = {"content-type": "application/json", "accept": NEW, **self.headers(caller), **(headers or {})}
        async with self.client() as client:
            with tally() as calls:
                response = await client.post("/graphql", content=body, headers=sent)
        return Answer(response, {vendor.value: count for vendor, count in calls.by_vendor.items()})

    async def get(self, caller: str | None = "everything", **parameters: str) -> Answer:
        async with self.client() as client:
            response = await client.get("/graphql", params=parameters, headers={"accept": NEW, **self.headers(caller)})
        return Answer(response, {})


@asynccontextmanager
async def guarded(**more: Any) -> AsyncIterator[Gate]:
    """`more` are settings."""
    world = World(seed=7, stores=6, days=20, clock=clock)
    hosted = host.start(world, [vendor.simulator for vendor in vendors()])
    try:
        with tempfile.TemporaryDirectory() as folder:
            keys = {name: secrets.token_urlsafe(32) for name in CALLERS}
            file, sites = Path(folder) / "keys.toml", Path(folder) / "sites.toml"
            file.write_text("".join(entry(name, keys[name], CALLERS[name]) for name in CALLERS))
            sites.write_text(world.crosswalk_toml())
            settings = Settings.model_validate(
                {
                    "vendors": {folder: dict(played.settings) for folder, played in hosted.vendors.items()},
                    "played": sorted(hosted.vendors),
                    "sites": sites,
                    "api_keys": file,
                    "anonymous_scopes": "",
                    "pseudonym_key": "5a" * 32,
                    **more,
                }
            )
            async with runtime.gateway(settings, clock=clock) as gateway:
                lifecycle = Lifecycle()
                lifecycle.graph = gateway
                yield Gate(gateway, Edge(settings, lifecycle), keys, hosted)
    finally:
        hosted.stop()


def entry(name: str, key: str, members: Mapping[str, Any]) -> str:
    """One `[[key]]` of the keys file."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    listed = {"name": name, "hash": f"sha256:{digest}", **members}
    return "[[key]]\n" + "".join(f"{member} = {orjson.dumps(value).decode()}\n" for member, value in listed.items())
