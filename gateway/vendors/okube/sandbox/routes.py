"""Every route the document prints or implies, aliases included, and what answers each.

Paths are matched as they were sent: a key may hold an encoded slash (quirk O6). Where the document prints no verb or no
path, rules.md 26 decides.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.vendors.okube.sandbox import imports, lists, writes
from gateway.vendors.okube.sandbox.analytics import CONVERSIONS, GEO, PRESENCES, Analytics, Module
from gateway.vendors.okube.sandbox.gate import Gate
from gateway.vendors.okube.sandbox.refusal import Refusal, answer, malformed, not_found
from gateway.vendors.okube.sandbox.tenant import Record, Resource, Tenant, shown

Places: TypeAlias = dict[str, str]
Handler: TypeAlias = Callable[[Request, Places], Awaitable[Response]]

_ID = re.compile(r"[a-fA-F0-9]{24}")
_LISTS = tuple(Resource)
_SITE_PREFIXES = ("/sites/{site_id}", "/applications/{app}/sites/{site}", "/s/{site_id}", "/a/{app}/s/{site}")
ENDPOINTS = (
    "/authenticate",
    "*/geo-marketing/analytics",
    "*/conversions/levers/analytics",
    "*/presence/analytics",
    "/applications/*/sites/import",
    *(f"{prefix}/{name}{rest}" for rest in ("/*", "") for prefix in ("/applications/*", "") for name in _LISTS),
    "/applications/*",
    "/applications",
)


@dataclass(frozen=True)
class Route:
    """`template`: segments; `{name}` takes one, decoded. Places that end in `_id` take an `_id` only."""

    verb: str
    template: tuple[str, ...]
    handler: Handler

    def places(self, segments: list[str]) -> Places | None:
        """What the places of a matching path hold; None where it is another path."""
        if len(segments) != len(self.template):
            return None
        found: Places = {}
        for part, segment in zip(self.template, segments, strict=True):
            if part.startswith("{"):
                found[part[1:-1]] = unquote(segment)
            elif part != segment:
                return None
        return found


class Okube:
    """The ASGI app: finds the route, checks the credential, and turns refusals into answers."""

    def __init__(self, tenant: Tenant, gate: Gate, analytics: Analytics) -> None:
        self._gate = gate
        self._tenant = tenant
        self._analytics = analytics
        self._routes = [
            _route("POST", "/authenticate", self._authenticate),
            _route("GET", "/applications", self._applications),
            *self._analytics_routes(),
            _route("POST", "/applications/{app}/sites/import", self._import_sites),
            *(route for resource in _LISTS for route in self._resource_routes(resource)),
            *(_route("PATCH", f"{prefix}/pois", _without_an_id) for prefix in ("", "/applications/{app}")),
            _route("GET", "/applications/{app}", self._application),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = refusal.response()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        segments = request.scope["raw_path"].decode("ascii").split("?")[0].split("/")[1:]
        matching = [(route, places) for route in self._routes if (places := route.places(segments)) is not None]
        for route, places in matching:
            if route.verb == request.method:
                if route.handler != self._authenticate:
                    self._gate.check(request.headers.get("authorization", ""))
                _check_ids(places)
                if "app" in places:
                    self._tenant.named(places["app"])
                return await route.handler(request, places)
        raise Refusal(405, "Method not allowed") if matching else not_found("Route")

    def _analytics_routes(self) -> list[Route]:
        """Application level and site level. Presence prints no alias."""
        geo = "/studies/{study_id}/geo-marketing/analytics"
        conversion = "/conversions/levers/analytics"
        presence = "/presence/analytics"
        application = "/applications/{app}"
        return [
            *(_route("POST", prefix + geo, self._ask(GEO)) for prefix in (application, *_SITE_PREFIXES)),
            *(_route("POST", prefix + conversion, self._ask(CONVERSIONS)) for prefix in (application, *_SITE_PREFIXES)),
            *(
                _route("POST", prefix + presence, self._ask(PRESENCES))
                for prefix in (application, "/applications/{app}/sites/{site}")
            ),
        ]

    def _resource_routes(self, resource: Resource) -> list[Route]:
        """List, create, get and update, at the root by `_id` and under an application by `_id` or key."""
        routes = []
        for prefix, place in (("", "{one_id}"), ("/applications/{app}", "{one}")):
            collection = f"{prefix}/{resource}"
            routes += [
                _route("GET", collection, self._list(resource)),
                _route("POST", collection, self._create(resource)),
                _route("GET", f"{collection}/{place}", self._get(resource)),
                _route("PATCH", f"{collection}/{place}", self._update(resource)),
            ]
        return routes

    async def _authenticate(self, request: Request, _: Places) -> Response:
        response = answer(self._gate.authenticate(await _json(request)))
        if (await _json(request)).get("setCookie"):
            response.set_cookie("okube", "sandbox", httponly=True)
        return response

    async def _applications(self, request: Request, _: Places) -> Response:
        return lists.paged(request, [self._tenant.application])

    async def _application(self, _: Request, __: Places) -> Response:
        return answer(self._tenant.application)

    def _list(self, resource: Resource) -> Handler:
        async def handle(request: Request, _: Places) -> Response:
            return lists.listed(self._tenant, resource, request)

        return handle

    def _get(self, resource: Resource) -> Handler:
        async def handle(_: Request, places: Places) -> Response:
            return answer(shown(resource, self._one(resource, places)))

        return handle

    def _create(self, resource: Resource) -> Handler:
        async def handle(request: Request, places: Places) -> Response:
            if resource is Resource.POIS and _is_multipart(request):
                return await self._import_points(request, places)
            body = await self._body(request, resource)
            app = self._tenant.named(places["app"]) if "app" in places else None
            made = writes.create(self._tenant, resource, body, app)
            documents = (
                [shown(resource, record) for record in made] if isinstance(made, list) else shown(resource, made)
            )
            return answer(documents, 201)

        return handle

    def _update(self, resource: Resource) -> Handler:
        async def handle(request: Request, places: Places) -> Response:
            record = self._one(resource, places)
            body = await self._body(request, resource)
            return answer(shown(resource, writes.update(self._tenant, resource, record, body)))

        return handle

    async def _import_sites(self, request: Request, _: Places) -> Response:
        if not _is_multipart(request):
            raise malformed("", "must be multipart/form-data")
        async with request.form() as form:
            return answer(imports.sites(self._tenant, form))

    async def _import_points(self, request: Request, places: Places) -> Response:
        async with request.form() as form:
            named = form.get("app")
            if (named is None) == ("app" not in places):
                raise malformed("app", "must be given once, in the path or in the body")
            if named is not None:
                self._tenant.named(str(named))
            return answer(imports.points(self._tenant, form))

    def _ask(self, module: Module) -> Handler:
        async def handle(request: Request, places: Places) -> Response:
            site_name = places.get("site", places.get("site_id"))
            site = self._tenant.get(Resource.SITES, site_name) if site_name else None
            study = self._tenant.get(Resource.STUDIES, places["study_id"]) if "study_id" in places else None
            elements = self._analytics.query(module, site, study, request.query_params, await _json(request))
            request.state.rows = len(elements)
            return answer(elements)

        return handle

    async def _body(self, request: Request, resource: Resource) -> object:
        if resource is Resource.SITES and _is_multipart(request):
            async with request.form() as form:
                return imports.thumbnailed(form)
        return await _json(request)

    def _one(self, resource: Resource, places: Places) -> Record:
        return self._tenant.get(resource, places.get("one", places.get("one_id", "")))


def _route(verb: str, template: str, handler: Handler) -> Route:
    return Route(verb, tuple(template.split("/")[1:]), handler)


async def _without_an_id(_: Request, __: Places) -> Response:
    """The aliases printed for this update lack the id, though it is a required path parameter (quirk O9)."""
    raise malformed("poiId", "is required")


def _check_ids(places: Places) -> None:
    for name, value in places.items():
        if name.endswith("_id") and not _ID.fullmatch(value):
            raise malformed(name, "must be 24 hexadecimal digits")


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")


async def _json(request: Request) -> dict[str, object]:
    """Whatever the body spells; types are the reader's to check."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise malformed("", "must be application/json")
    try:
        body: dict[str, object] = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise malformed("", "must be JSON") from None
    return body
