"""Asks Okube by the name of a route, and knows which application is meant.

Nothing here reads an answer but the list of applications, and that only where none is configured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Protocol, TypeAlias

from gateway.domain.errors import InputError
from gateway.domain.quota import VendorHealth
from gateway.domain.vendor import VendorKey
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Answer, Ask
from gateway.vendors.okube import wire
from gateway.vendors.okube.routes import Route, path

Pairs: TypeAlias = tuple[tuple[str, str], ...]

PAGE_ROWS = 100  # the most the document allows (quirk O3)


@lru_cache(maxsize=512)
def _reading(name: str, route: Route, places: Pairs, query: Pairs) -> Ask:
    """Lists are read in the same words again and again; no person is asked for here."""
    return Ask(name, path(route, dict(places)), query, route.verb, steady=True)


class Line(Protocol):
    """What is needed of the pipeline outward."""

    async def ask(self, ask: Ask) -> Answer: ...

    def stream(self, ask: Ask) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...

    async def health(self) -> VendorHealth: ...


class Body(Protocol):
    """Content of a request and its media type."""

    @property
    def content(self) -> bytes: ...

    @property
    def content_type(self) -> str: ...


class Caller:
    """`application` is the configured one, an `_id` or a key."""

    vendor = VendorKey.OKUBE

    def __init__(self, line: Line, routes: Mapping[str, Route], application: str | None) -> None:
        self._line = line
        self._routes = routes
        self._application = application

    def takes(self, name: str, place: str) -> bool:
        """Whether the path of a route names `place`; where it does not name the application, query or body must."""
        return place in self._routes[name].places

    def read(self, name: str, places: Mapping[str, str], query: tuple[tuple[str, str], ...] = ()) -> Awaitable[Answer]:
        return self._line.ask(_reading(name, self._routes[name], tuple(places.items()), query))

    async def question(
        self, name: str, places: Mapping[str, str], query: tuple[tuple[str, str], ...], body: Body
    ) -> Answer:
        """A read that is a POST: it changes nothing and may be repeated (quirk O30)."""
        return await self._line.ask(self._ask(name, places, query, body))

    async def write(self, name: str, places: Mapping[str, str], body: Body) -> Answer:
        """Sent once: never again after it may have arrived (rules.md 31)."""
        return await self._line.ask(self._ask(name, places, body=body, idempotent=False))

    def stream(
        self, name: str, places: Mapping[str, str], query: tuple[tuple[str, str], ...], accept: str
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._line.stream(self._ask(name, places, query, accept=accept))

    async def health(self) -> VendorHealth:
        return await self._line.health()

    async def application(self, given: str | None) -> str:
        """The application meant. Where none is configured: the only one the credential sees, asked for once."""
        if given is not None:
            return given
        if self._application is None:
            self._application = await self._only_one()
        return self._application

    async def _only_one(self) -> str:
        query = (("page", "1"), ("per_page", str(PAGE_ROWS)))
        answer = await self.read("list_applications", {}, query)
        found = decode(self.vendor, answer, wire.Documents[wire.ApplicationDocument]).documents
        if len(found) != 1:
            raise InputError("Name an application: Okube has not exactly one for this gateway.", ("application",))
        return found[0].id

    def _ask(
        self,
        name: str,
        places: Mapping[str, str],
        query: tuple[tuple[str, str], ...] = (),
        body: Body | None = None,
        *,
        accept: str = "application/json",
        idempotent: bool = True,
    ) -> Ask:
        route = self._routes[name]
        return Ask(
            endpoint=name,
            path=path(route, places),
            query=query,
            method=route.verb,
            body=body.content if body else None,
            content_type=body.content_type if body else None,
            accept=accept,
            idempotent=idempotent,
        )
