"""Port of vendors that record stays."""

from __future__ import annotations

from typing import Protocol

from gateway.domain.footfall import CodeCount
from gateway.domain.instant import Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.session import AppRecord, GuestLease, SessionQuery, WifiRecord
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window


class SessionRecords(Protocol):
    """Records by window of their start.

    `grain`: width in microseconds below which narrowing a window does not make the read cheaper, because the vendor
    is asked by whole days; windows aligned to it (from the epoch, UTC) cost least. 1 where any width is as good.
    `page_rows`: rows one call can bring at most.
    """

    vendor: VendorKey
    grain: Micros
    page_rows: int

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[AppRecord]] | Slice[list[WifiRecord]]:
        """Every record that started in `window`, whatever the vendor selects (rules.md 17), in no promised order.

        `code` None: all codes the credentials see, unclaimed ones included. `budget`: at most about that many rows are
        fetched (one page at least), then the slice is incomplete; None: read on to the end.
        Raises UpstreamError (Rejected with `vendor_code` "store_code_not_found" for an unknown code).
        """
        ...


class SessionCounts(Protocol):
    """Counts the vendor makes itself (Bespot).

    `selects_by_start`: the vendor counts sessions that started in the window, so its count is a total (rules.md 14).
    """

    selects_by_start: bool

    async def session_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        """Sessions per code; a code may be left out where it has none (quirk B21)."""
        ...

    async def user_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        """Distinct users per code; never to be added up (quirk B11)."""
        ...


class GuestRecords(Protocol):
    """What only a guest Wi-Fi knows."""

    async def login_count(self, days: Days, code: str | None, online: bool | None) -> int:
        """Logins the vendor counts over its own days."""
        ...

    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        """Who holds these addresses now, by the canonical text of the address; unknown ones are left out.

        Addresses are canonical and distinct; any number, asked in hundreds (quirks G8, G9). Never cached.
        """
        ...

    async def locations(self) -> list[tuple[str, str | None]]:
        """Location ids and names met in recent sessions, for `gateway sites discover`."""
        ...
