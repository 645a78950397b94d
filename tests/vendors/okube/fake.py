"""An Okube for unit tests: a line that answers from a function and keeps every ask, and the document's own samples.

Members the document prints collapsed are filled in by inference (okube.yaml); everything else is as printed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

from gateway.domain.errors import Rejected
from gateway.domain.quota import VendorHealth, VendorState
from gateway.domain.vendor import VendorKey
from gateway.settings import OkubeSettings
from gateway.upstream.exchange import Answer, Ask
from gateway.vendors.okube.adapter import Okube
from gateway.vendors.okube.refusals import explain

ID = "5e1834b0e12d62a85b388a1b"
OTHER = "5e1834b0e12d62a85b388a12"

SITE: dict[str, Any] = {
    "_id": ID,
    "key": "my-site",
    "keys": ["116500", "shop/7"],
    "createdAt": "2019-03-28T09:25:15.000Z",
    "updatedAt": "2019-03-28T09:25:15.000Z",
    "application": ID,
    "name": "My site",
    "description": "My site description",
    "active": True,
    "address": {"street": "Ermou", "city": "Athens"},
    "coordinates": [23.73, 37.97],
    "tags": ["flagship"],
    "openings": {"monday": ["09:00-21:00"]},
}
POI: dict[str, Any] = {
    "_id": ID,
    "key": "my-poi",
    "createdAt": "2019-03-28T09:25:15.000Z",
    "updatedAt": "2019-03-28T09:25:15.000Z",
    "application": ID,
    "name": "My Point of interest",
    "description": "My Point of interest description",
    "active": True,
    "address": {"city": "Paris"},
    "coordinates": [2.35, 48.85],
    "timezone": "Europe/Paris",
    "tags": ["station"],
    "radius": 70,
    "indoorIndexes": {"12": ["8c1fb46741ae9ff"]},
    "outdoorIndexes": {},
}
CAMPAIGN: dict[str, Any] = {
    "_id": ID,
    "key": "my-campaign",
    "application": ID,
    "lever": OTHER,
    "_cachedLeverName": "Display in app",
    "sites": [ID, "shop/7"],
    "name": "Campaign display name",
    "description": "Campaign description",
    "from": "2019-03-28",
    "to": "2019-03-28",
    "computedFrom": "2019-03-28",
    "computedTo": "2019-03-28",
    "tags": ["spring"],
    "flag": 2,
    "_cachedLeverTrigger": False,
    "provider": "Provider1",
    "agency": "Agency1",
    "format": "Format1",
    "extra": [{"key": "region", "value": "north"}],
    "costs": [{"amount": 12.5}],
}
STUDY: dict[str, Any] = {
    "_id": ID,
    "application": ID,
    "sites": [ID],
    "pois": [OTHER],
    "key": "my-study",
    "name": "Study display name",
    "description": "Study description",
    "from": "2019-03-28",
    "to": "2019-03-28",
    "tags": ["area"],
    "flag": 2,
}

Respond = Callable[[Ask], object]


class FakeLine:
    """Answers with what `respond` gives: a body, or a status and a body. Turns refusals into errors as the pipeline."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.asks: list[Ask] = []

    async def ask(self, ask: Ask) -> Answer:
        self.asks.append(ask)
        given = self.respond(ask)
        if isinstance(given, Exception):
            raise given
        status, body = given if isinstance(given, tuple) else (200, given)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = Answer(status, {"content-type": "application/json"}, content)
        if status >= 400:
            raise explain(answer) or Rejected(VendorKey.OKUBE, "refused", status=status)
        return answer

    @asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asks.append(ask)
        yield _chunks(cast("bytes", self.respond(ask)))

    async def health(self) -> VendorHealth:
        return VendorHealth(VendorState.READY)


def okube(respond: Respond, **settings: Any) -> tuple[Okube, FakeLine]:
    """An adapter for the application `my-app` over a fake line."""
    line = FakeLine(respond)
    return Okube(OkubeSettings(**({"application": "my-app"} | settings)), line), line


def page_of(*documents: object, page: int = 1, total: int | None = None, **told: Any) -> dict[str, object]:
    """The envelope of a list; a single page unless told otherwise."""
    count = len(documents) if total is None else total
    paginated = {"total": count, "page": page, "per_page": 100, "page_count": -(-count // 100), "has_more": False}
    return {"documents": list(documents), "_$paginated": paginated | told}


def listing(count: int, *, largest: int = 100, tell_size: bool = True) -> Respond:
    """A list of `count` sites, paged as the document says, with pages no longer than `largest`."""

    def respond(ask: Ask) -> object:
        query = dict(ask.query)
        page, size = int(query["page"]), min(int(query["per_page"]), largest)
        rows = [{"_id": f"{index:024x}"} for index in range(count)][(page - 1) * size :][:size]
        told: dict[str, object] = {"per_page": size, "page_count": -(-count // size), "has_more": page * size < count}
        answer = page_of(*rows, page=page, total=count, **told)
        if not tell_size:
            for name in ("per_page", "page_count"):
                cast("dict[str, object]", answer["_$paginated"]).pop(name)
        return answer

    return respond


def form(ask: Ask) -> list[tuple[str, str | bytes]]:
    """Parts of a multipart body, in order; files as bytes."""
    assert ask.body is not None
    head = f"Content-Type: {ask.content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + ask.body)
    parts: list[tuple[str, str | bytes]] = []
    for part in message.iter_parts():
        disposition = cast("Mapping[str, str]", part["Content-Disposition"].params)
        content = cast("bytes", part.get_payload(decode=True))
        parts.append((disposition["name"], content if "filename" in disposition else content.decode()))
    return parts


def body(ask: Ask) -> Any:
    """The JSON body of an ask."""
    assert ask.content_type == "application/json"
    return json.loads(ask.body or b"null")


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 4):
        yield content[start : start + 4]
