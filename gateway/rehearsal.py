"""What an operation would ask of the vendors now, found by running it over vendors that answer nothing.

Resolvers, federation, cache and adapters are those that answer: whatever decides what is missing decides it here too.
Everything that could carry a result out of a rehearsal is made for it alone, so nothing of it can get into an answer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from contextvars import Context
from typing import Any

import msgspec

from gateway.cache import freshness
from gateway.cache.foreseen import foreseen
from gateway.cache.report import Held, Report
from gateway.cache.wrap import Cache
from gateway.domain import instant
from gateway.domain.instant import Micros
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.execution.operation import GraphQLRequest, Operations
from gateway.federation.catalog import Catalog
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.supplies import Supplies
from gateway.loaders.request import Request
from gateway.registry import vendors
from gateway.settings import OkubeSettings, Settings, VendorSettings
from gateway.upstream import deadline
from gateway.upstream.client import VendorClient
from gateway.upstream.rehearsal import Notes, Planned, silent

RESOURCES = {"stays": "sessions", "online": "sessions", "engagement-asked": "engagement"}
"""Names of what is kept, where the cache has others of its own."""


class Rehearsals:
    """Explains operations of one gateway. `catalog` makes one like the real one over other supplies."""

    def __init__(
        self,
        settings: Settings,
        operations: Operations,
        cache: Cache,
        real: Catalog,
        catalog: Callable[[Supplies], Catalog],
        clients: Mapping[VendorKey, VendorClient],
    ) -> None:
        self._settings = settings
        self._operations = operations
        self._cache = cache
        self._real = real
        self._catalog = catalog
        self._clients = clients

    async def told(self, request: GraphQLRequest, context: Callable[[Catalog], Request]) -> dict[str, Any]:
        """Members of `extensions.explain`. Of a query: a write must never be rehearsed."""
        notes, report = Notes(), Report(self._real.clock)
        cache = self._cache.rehearsal(report)
        catalog = self._catalog(self._silenced(cache, notes))
        catalog.learn(self._real)
        alone = msgspec.structs.replace(request, shown=frozenset())
        seconds, past = deadline.remaining(), freshness.bypassed()

        async def run() -> None:
            with (
                deadline.within(self._settings.request_timeout if seconds is None else seconds),
                freshness.bypassing() if past else nullcontext(),
            ):
                await self._operations.run(alone, context(catalog))

        try:
            await asyncio.create_task(run(), context=Context())  # its calls are no part of any tally
        finally:
            await cache.close()
        if not notes.planned and not report.parts:
            return {"upstreamCalls": {}, "calls": [], "cached": [], "quota": []}
        return await self._members(notes, report)

    def _silenced(self, cache: Cache, notes: Notes) -> Supplies:
        crosswalk = self._real.crosswalk
        stores = len(crosswalk.claimed(VendorKey.BESPOT)) + len(crosswalk.unclaimed(VendorKey.BESPOT))
        supplies = []
        for vendor in vendors():
            section = getattr(self._settings.vendors, vendor.key.folder)
            if self._real.supplies.get(vendor.key) is not None:
                client = silent(vendor, section, self._real.clock, notes)
                supply = vendor.build(_named(section), client, self._real.clock, False)
                supplies.append(cache.wrapped(foreseen(supply, self._real.clock, stores), section))
        return Supplies(supplies)

    async def _members(self, notes: Notes, report: Report) -> dict[str, Any]:
        by_vendor: defaultdict[str, int] = defaultdict(int)
        by_endpoint: defaultdict[tuple[VendorKey, str], int] = defaultdict(int)
        for planned in notes.planned:
            by_vendor[planned.vendor.value] += planned.certain
            by_endpoint[planned.vendor, planned.endpoint] += planned.certain
        crosswalk = self._real.crosswalk
        return {
            "upstreamCalls": dict(sorted(by_vendor.items())),
            "calls": [_call(planned, crosswalk) for planned in notes.planned],
            "cached": [_held(part, crosswalk) for part in report.parts],
            "quota": [line for at, calls in by_endpoint.items() if (line := await self._quota(*at, calls))],
        }

    async def _quota(self, vendor: VendorKey, endpoint: str, calls: int) -> dict[str, Any] | None:
        """What the planned calls take of an endpoint's allowance, and what is left of it now."""
        state = await self._clients[vendor].quota(endpoint)
        if state is None:
            return None
        return {
            "vendor": vendor.value,
            "endpoint": endpoint,
            "calls": calls,
            "limit": state.limit,
            "perSeconds": state.per_seconds,
            "remaining": state.remaining,
            "resetsAt": _text(state.resets_at),
        }


def _named(section: VendorSettings) -> VendorSettings:
    """Which application is the only one is asked once in a gateway's life: no operation's plan."""
    if isinstance(section, OkubeSettings) and section.application is None:
        return section.model_copy(update={"application": "application"})
    return section


def _call(planned: Planned, crosswalk: Crosswalk) -> dict[str, Any]:
    question = planned.question
    return {
        "vendor": planned.vendor.value,
        "endpoint": planned.endpoint,
        "calls": planned.certain,
        "atMost": planned.at_most,
        "sites": _sites(planned.vendor, question.codes, crosswalk),
        "window": _window(question.window),
        "days": _days(question.days),
        "filtered": question.filtered,
    }


def _held(part: Held, crosswalk: Crosswalk) -> dict[str, Any]:
    return {
        "vendor": part.vendor.value,
        "resource": RESOURCES.get(part.resource, part.resource),
        "state": part.state.value,
        "sites": _sites(part.vendor, part.codes, crosswalk),
        "window": _window(part.window),
        "days": _days(part.days),
        "filtered": part.filtered,
        "readAt": _text(part.read),
        "expiresAt": _text(part.until),
    }


def _sites(vendor: VendorKey, codes: tuple[str, ...] | None, crosswalk: Crosswalk) -> list[str] | None:
    """Keys of the sites of codes; a code nobody claims stays as it is. None: everything the vendor has."""
    if codes is None:
        return None
    claimed = crosswalk.claimed(vendor)
    return sorted({claimed[code].key if code in claimed else code for code in codes})


def _window(window: Window | None) -> dict[str, str] | None:
    return None if window is None else {"from": instant.text(window.start), "to": instant.text(window.end)}


def _days(days: Days | None) -> dict[str, str] | None:
    return None if days is None else {"from": days.first.isoformat(), "to": days.last.isoformat()}


def _text(moment: Micros | None) -> str | None:
    return None if moment is None else instant.text(moment)
