"""How a session field asks: the filter read and checked, the page fetched."""

from __future__ import annotations

import re
from typing import Any

from gateway.access.scopes import Scope
from gateway.domain.breath import LONG, breath
from gateway.domain.errors import InputError
from gateway.domain.session import AppSession, SessionQuery, WifiSession
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.federation.paging import Page, PageAsk
from gateway.federation.sessions import VENDORS, SessionAsk
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema.answering import connection
from gateway.schema.arguments import Info, Window, given, window_of
from gateway.schema.enums import SortDirection
from gateway.schema.node import site_key
from gateway.schema.selection import selected_within
from gateway.schema.session import SessionFilter

_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}")


async def session_page(
    info: Info,
    window: Window,
    filter: SessionFilter | None,
    direction: SortDirection,
    page: PageAsk,
    within: Any = None,
) -> Any:
    """A connection of sessions; `within` is the Site the field stands on."""
    request = info.context
    span = window_of(window)
    sites = await _sites(info, filter, within)
    query, vendors = _query(info, filter)
    status = given(filter.status) if filter else None
    ask = SessionAsk(
        span,
        request.visible,
        sites,
        vendors,
        None if status is None else frozenset(status),
        query,
        direction is SortDirection.DESC,
    )
    bound = (
        request.bound,
        (span.start, span.end),
        None if sites is None else sorted(site.key for site in sites),
        None if vendors is None else sorted(vendors),
        None if status is None else sorted(status),
        # raw identifiers bind the cursor through a keyed hash: they never stand in one
        request.pseudonyms.opaque_id("query", *(str(getattr(query, name)) for name in query.__struct_fields__)),
        ask.descending,
    )
    found = await request.catalog.sessions.page(ask, page, bound)
    await _prepared(info, found)
    return connection(info, found)


async def _prepared(info: Info, page: Page[AppSession | WifiSession]) -> None:
    """Ids and cursors, where they are selected, for all rows together: one by one they cost three times as much."""
    names = selected_within(info, "nodes", "node")
    made: list[str] = []
    for start in range(0, len(page.held), LONG):
        rows = page.held[start : start + LONG]
        if "id" in names:
            for kind in (AppSession, WifiSession):
                own = [row for row in rows if type(row) is kind]
                ids = info.context.pseudonyms.ids("Session", kind.vendor.value)
                for row, told in zip(own, ids.all([row.record.id for row in own]), strict=True):
                    row.opaque = told
        if "cursor" in names:
            made += page.cursors(rows)
        await breath(len(rows))
    if "cursor" in names:
        page.made = made


async def _sites(info: Info, filter: SessionFilter | None, within: DomainSite | None) -> tuple[DomainSite, ...] | None:
    named = given(filter.sites) if filter else None
    if named is None:
        return None if within is None else (within,)
    found = await info.context.sites([site_key(text) for text in named], ("filter", "sites"))
    if within is None:
        return found
    return tuple(site for site in found if site.key == within.key)


def _query(info: Info, filter: SessionFilter | None) -> tuple[SessionQuery, frozenset[VendorKey] | None]:
    """Identifiers to push down, and the vendors asked. Raw ones need the scope and a request body (rules.md 12)."""
    if filter is None:
        return SessionQuery(), None
    raw = {name: given(getattr(filter, name)) for name in ("device_id", "guest_id", "device_mac", "yas_id")}
    raw = {name: value for name, value in raw.items() if value is not None}
    if raw:
        info.context.require(Scope.PII_READ)
        if info.context.by_get:
            raise InputError("Identifiers of people are not taken from a URL: use POST.", ("filter",))
    if "device_mac" in raw:
        raw["device_mac"] = _mac(raw["device_mac"])
    vendors = given(filter.vendors)
    allowed = None if vendors is None else frozenset(vendors)
    device = given(filter.device)
    if device is not None:
        vendor, identifier = info.context.pseudonyms.reveal(device, ("filter", "device"))
        member = "device_id" if vendor is VendorKey.BESPOT else "device_mac"
        allowed = frozenset({vendor}) & (allowed if allowed is not None else frozenset(VENDORS))
        if raw.setdefault(member, identifier) != identifier:
            allowed = frozenset()  # two different devices: nothing fits both
    if vendors is not None and len(vendors) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} vendors can be named.", ("filter", "vendors"))
    query = {name: str(value) for name, value in raw.items()}
    return SessionQuery(**query), allowed  # type: ignore[arg-type]  # texts only


def _mac(text: str) -> str:
    """As the vendor writes it: lower case with colons."""
    if not _MAC.fullmatch(text):
        raise InputError("Not a MAC address.", ("filter", "deviceMac"))
    digits = text.replace(":", "").replace("-", "").lower()
    return ":".join(digits[index : index + 2] for index in range(0, 12, 2))
