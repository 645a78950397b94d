"""Reads the guest Wi-Fi's list page by page, always a hundred rows a page: sixty calls a minute are all there is (G3).

A link is never followed: of `next` only null or its page number is believed (quirk G2). Pages are read one after the
other, since only each one tells whether there is another.
"""

from __future__ import annotations

import msgspec

from gateway.domain.vendor import VendorKey
from gateway.upstream.client import VendorClient
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Ask
from gateway.upstream.paginators import BareLinks
from gateway.vendors.guest_wifi.wire import GuestSession, SessionPage

Pairs = tuple[tuple[str, str], ...]

LINKS = BareLinks(VendorKey.GUEST_WIFI)
MOST_ROWS = 100


class Reading(msgspec.Struct):
    """Rows in the vendor's order."""

    rows: list[GuestSession]
    complete: bool


async def read(client: VendorClient, query: Pairs, budget: int | None) -> Reading:
    """Every row, or whole pages until `budget` rows are reached and more are there. One page at least."""
    rows: list[GuestSession] = []
    number: int | None = 1
    while number is not None:
        page = await _page(client, query, number)
        rows.extend(page.data)
        # an empty page ends the list even where a link follows it
        link = page.links.next if page.data else None
        number = LINKS.following(page=number, current=page.meta.current_page, link=link, rows=len(page.data))
        if number is not None and budget is not None and len(rows) >= budget:
            return Reading(rows, complete=False)
    return Reading(rows, complete=True)


async def _page(client: VendorClient, query: Pairs, number: int) -> SessionPage:
    pairs = (*query, ("per_page", str(MOST_ROWS)))
    if number > 1:
        pairs = (*pairs, ("page", str(number)))
    return decode(client.vendor, await client.ask(Ask("sessions", "/sessions", pairs)), SessionPage)
