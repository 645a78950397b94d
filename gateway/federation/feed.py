"""What one follower is told, and how far he has been told: his end of a topic (live.py).

Nothing waits for him: what he does not take in time is his loss, and it is told. Nothing here asks a vendor.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeAlias, TypeVar

import msgspec

from gateway.domain.errors import GatewayError, VendorError
from gateway.domain.footfall import Occupancy, Visit
from gateway.domain.instant import Micros
from gateway.domain.session import AppSession, WifiSession
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey

Row = TypeVar("Row", bound=Visit | Occupancy | AppSession | WifiSession)

MOST_BURSTS = 4
"""Readings that may wait for one follower."""

Place: TypeAlias = tuple[int, str]
"""Where a row stands among those of its reading."""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """How far a follower was told: everything that was known at `since`, and of what came next all up to `place`."""

    since: Micros
    place: Place | None = None


class News(msgspec.Struct, Generic[Row]):
    """What one reading brought, in order; and what of it failed. `until`: who is told this knows all up to here."""

    rows: list[Row]
    failures: list[VendorError] = msgspec.field(default_factory=list)
    until: Micros = 0


class Burst(msgspec.Struct, Generic[Row]):
    """What one follower is told together: rows and, before them, vendors that fail.

    `told`: how far he will have been told after each member; None where that says nothing new.
    """

    members: list[Row | VendorError]
    told: list[Position | None]


class Lagging(GatewayError):
    """A follower left too much unread."""

    code = "OVERLOADED"


class Feed(Generic[Row]):
    """What one follower gets: bursts of rows that became known together. A failing vendor is a member of a burst.

    Ends with an error where the follower lags behind. To be closed when no longer wanted.
    """

    def __init__(
        self,
        sites: Iterable[Site],
        told: Position,
        place: Callable[[Row], Place | None],
        leave: Callable[[Feed[Row]], None],
    ) -> None:
        self.sites = tuple(sites)
        self._keys = frozenset(site.key for site in self.sites)
        self._told = told
        self._place = place
        self._leave = leave
        self._bursts: deque[Burst[Row]] = deque()
        self._wake = asyncio.Event()
        self._error: Exception | None = None
        self._down: set[tuple[VendorKey, str]] = set()
        self._missed: dict[Hashable, Row] = {}

    def __aiter__(self) -> Feed[Row]:
        return self

    async def __anext__(self) -> Burst[Row]:
        """Waits for the next burst. Raises what the feed ended with."""
        while not self._bursts:
            if self._error is not None:
                raise self._error
            self._wake.clear()
            await self._wake.wait()
        return self._bursts.popleft()

    @property
    def since(self) -> Micros:
        """Everything that was known then has been told."""
        return self._told.since

    async def aclose(self) -> None:
        """Follows no longer."""
        self._leave(self)

    def take(self, news: News[Row]) -> None:
        """The part of the news that is this follower's. An outage is told once, however long it lasts."""
        down = {(error.vendor, error.code): error for error in news.failures}
        failures = [error for key, error in down.items() if key not in self._down]
        self._down = set(down)
        rows = [row for row in news.rows if row.site.key in self._keys and self._missed.get(_key(row)) != row]
        self._missed = {}
        if not rows and not failures:
            return
        if len(self._bursts) >= MOST_BURSTS:
            self.end(Lagging("Too much was left unread: subscribe again."))
            return
        self._bursts.append(self._burst(failures, rows, news.until, whole=not news.failures))
        self._wake.set()

    def missed(self, news: News[Row]) -> None:
        """What became known between `told` and now; of what comes next, these rows are told already."""
        place = self._told.place
        waiting = {_key(row): row for row in self._waiting()}
        rows = [row for row in news.rows if waiting.get(_key(row)) != row and not _up_to(self._place(row), place)]
        self._missed = {_key(row): row for row in news.rows}
        if rows:
            self._bursts.appendleft(self._burst([], rows, news.until, whole=True))
            self._wake.set()

    def _waiting(self) -> Iterator[Row]:
        for burst in self._bursts:
            yield from (member for member in burst.members if not isinstance(member, VendorError))

    def _burst(self, failures: list[VendorError], rows: list[Row], until: Micros, *, whole: bool) -> Burst[Row]:
        """Where a vendor failed, what is told is not whole: he who comes back then is told once more."""
        since = self._told.since
        told = [Position(since, self._place(row) if whole else None) for row in rows]
        if rows and whole:
            told[-1] = self._told = Position(max(since, until))
        return Burst([*failures, *rows], [*(None for _ in failures), *told])

    def end(self, error: Exception) -> None:
        """Nothing more comes, and nothing of what waits."""
        self._bursts.clear()
        self._error = error
        self._wake.set()
        self._leave(self)


def _up_to(place: Place | None, other: Place | None) -> bool:
    return place is not None and other is not None and place <= other


def _key(row: Visit | Occupancy | AppSession | WifiSession) -> Hashable:
    """Equal for what is told of one thing at two times."""
    if isinstance(row, Visit | Occupancy):
        return row.site.key, row.minute
    return row.vendor, row.record.id
