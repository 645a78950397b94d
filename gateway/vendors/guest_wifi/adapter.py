"""The guest Wi-Fi behind the ports: logins by window, their vendor-made counts, and who holds an address now.

The vendor filters by days it does not define and promises no order, so windows are widened here and rows trimmed
afterwards (quirk G5). Addresses go into a path: nothing but an IP address may ever get there (quirk G9).
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from gateway.domain import instant
from gateway.domain.clock import Clock
from gateway.domain.errors import InputError, Rejected
from gateway.domain.instant import DAY, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.session import GuestLease, SessionQuery, WifiRecord
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.settings import GuestWifiSettings
from gateway.upstream.client import VendorClient
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Ask
from gateway.vendors.guest_wifi import mapping, pages
from gateway.vendors.guest_wifi.pages import Pairs
from gateway.vendors.guest_wifi.wire import SessionCount, SessionDuration

ADDRESSES_A_CALL = 100
RECENT = timedelta(days=7)
RECENT_ROWS = 500


class GuestWifiAdapter:
    """Implements SessionRecords and GuestRecords. `unreadable` counts texts that meant nothing, by member, ever."""

    vendor = VendorKey.GUEST_WIFI
    grain: Micros = DAY
    page_rows = pages.MOST_ROWS

    def __init__(self, client: VendorClient, settings: GuestWifiSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self.unreadable: Counter[str] = Counter()

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[WifiRecord]]:
        """Logins that began in the window. There is no total: the vendor's own count knows only days (rules.md 14)."""
        if window.empty:
            return Slice([], complete=True)
        found: dict[str, WifiRecord] = {}
        sample: list[Micros] = []
        complete, left = True, budget
        for listing in self._listings(window, code, query):
            reading = await pages.read(self._client, listing, left)
            records = mapping.wifi_records(reading.rows, self._settings.size_base, self.unreadable)
            kept = [record for record in records if mapping.matches(record, window, code, query)]
            found.update((record.id, record) for record in kept)
            sample.extend(record.start for record in kept)
            complete = complete and reading.complete
            left = None if left is None else max(0, left - len(reading.rows))
        return Slice(list(found.values()), complete, sample=[] if complete else sample)

    def _listings(self, window: Window, code: str | None, query: SessionQuery) -> list[Pairs]:
        """What to ask, in order. A login without an end drops out of an `end_time` filter (quirk G5), so those open
        now are asked for apart, and first: one that closes in between is then in both, never in neither.
        """
        settings = self._settings
        filters = {
            "location_id": code,
            "guest_id": query.guest_id,
            "guest_device_mac": query.device_mac,
            "yas_id": query.yas_id,
            "start_time": mapping.first_day(window, settings.margin_days).isoformat(),
        }
        asked = tuple((name, value) for name, value in filters.items() if value is not None)
        end = ("end_time", mapping.last_day(window, settings.margin_days, settings.longest_stay_days).isoformat())
        open_now = (*asked, ("online", "true"))
        if query.online is not None:
            return [open_now] if query.online else [(*asked, end, ("online", "false"))]
        recent = window.end > self._clock() - settings.longest_stay_days * DAY
        return [open_now, (*asked, end)] if recent else [(*asked, end)]

    async def login_count(self, days: Days, code: str | None, online: bool | None) -> int:
        """The vendor's own figure over its own days; no `per_page`, no order, which mean nothing here (quirk G4)."""
        filters = {
            "location_id": code,
            "start_time": days.first.isoformat(),
            "end_time": days.last.isoformat(),
            "online": None if online is None else str(online).lower(),
        }
        asked = tuple((name, value) for name, value in filters.items() if value is not None)
        answer = await self._client.ask(Ask("sessions/count", "/sessions/count", asked))
        return decode(self.vendor, answer, SessionCount).count

    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        """Who holds these addresses now, a hundred a call. Raises InputError for what is not an IP address."""
        try:
            distinct = list(dict.fromkeys(mapping.canonical(address) for address in addresses))
        except ValueError as problem:
            raise InputError(f"An address is {problem}.") from None
        found: dict[str, GuestLease] = {}
        for start in range(0, len(distinct), ADDRESSES_A_CALL):
            found.update(await self._leases(distinct[start : start + ADDRESSES_A_CALL]))
        return found

    async def _leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        ask = Ask("sessions/ip_address", "/sessions/" + ",".join(addresses))
        try:
            answer = await self._client.ask(ask)
        except Rejected as refusal:
            if refusal.status == 404:
                return {}
            raise
        if answer.body.lstrip()[:1] == b"[":
            return mapping.leases(decode(self.vendor, answer, list[SessionDuration]), addresses)
        return mapping.leases([decode(self.vendor, answer, SessionDuration)], addresses)

    async def locations(self) -> list[tuple[str, str | None]]:
        """Ids and names of the venues met in the last days' logins, by id."""
        since = instant.day_of(self._clock()) - RECENT
        reading = await pages.read(self._client, (("start_time", since.isoformat()),), RECENT_ROWS)
        return mapping.locations(reading.rows)
