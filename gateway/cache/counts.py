"""Figures the vendors count themselves, kept for exactly the window asked: nothing here is ever added up.

Leases of guests pass through untouched: they are never kept, not even for a moment (rules.md 34).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway.cache.entries import Entries, Lasts
from gateway.cache.rules import counted, dated
from gateway.cache.shelf import Shelf
from gateway.cache.stays import SETTLE
from gateway.domain.footfall import CodeCount
from gateway.domain.instant import MINUTE
from gateway.domain.ports.sessions import GuestRecords, SessionCounts
from gateway.domain.session import GuestLease
from gateway.domain.window import Days, Window

Ask = Callable[[Window, str | None], Awaitable[list[CodeCount]]]


class CachedCounts:
    """Implements SessionCounts around another."""

    def __init__(self, inner: SessionCounts, shelf: Shelf) -> None:
        self._inner = inner
        self.selects_by_start = inner.selects_by_start
        self._sessions: Entries[list[CodeCount]] = Entries(shelf, "session-counts", list[CodeCount])
        self._users: Entries[list[CodeCount]] = Entries(shelf, "user-counts", list[CodeCount])

    async def session_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        return await self._counts(self._sessions, window, code, self._inner.session_counts)

    async def user_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        return await self._counts(self._users, window, code, self._inner.user_counts)

    async def _counts(
        self, entries: Entries[list[CodeCount]], window: Window, code: str | None, ask: Ask
    ) -> list[CodeCount]:
        """The count of one store also from that of all; one that is missing there may be unknown, so it is asked."""
        if window.empty:
            return await ask(window, code)
        if code is not None:
            every = await entries.peek((window, None))
            own = [count for count in every or () if count.code == code]
            if own:
                return own
        return await entries.value(
            (window, code), lambda: ask(window, code), lambda began: counted(window.end, SETTLE, began)
        )


class CachedGuests:
    """Implements GuestRecords around another."""

    def __init__(self, inner: GuestRecords, shelf: Shelf) -> None:
        self._inner = inner
        self._logins: Entries[int] = Entries(shelf, "logins", int)

    async def login_count(self, days: Days, code: str | None, online: bool | None) -> int:
        def lasts(began: int) -> Lasts:
            return dated(days, began, fresh=MINUTE) if online is None else Lasts(MINUTE, MINUTE, 10 * MINUTE)

        return await self._logins.value(
            (days, code, online), lambda: self._inner.login_count(days, code, online), lasts
        )

    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        return await self._inner.leases(addresses)

    async def locations(self) -> list[tuple[str, str | None]]:
        return await self._inner.locations()
