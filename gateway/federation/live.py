"""What is new at the vendors, for as many followers as there are: one poller per noun, however many follow it.

A poller runs while somebody follows, at the vendor's own pace and in the slower lane of its allowance. No follower may
make another wait: what one does not take in time is that one's loss, and it is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Generic, Protocol, TypeAlias, TypeVar

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.errors import GatewayError, VendorError
from gateway.domain.footfall import Occupancy, Visit
from gateway.domain.instant import HOUR, SECOND, Micros
from gateway.domain.session import AppSession, WifiSession
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane

Row = TypeVar("Row", bound=Visit | Occupancy | AppSession | WifiSession)

LOOK = 0.1
"""Seconds between two looks at the clock: it may jump, or be turned by hand."""
READ = 60.0
"""Seconds one reading may take, its waits for the vendor's allowance included."""
RETRY: Micros = 30 * SECOND
"""How soon a reading that failed is tried again."""
MOST_BURSTS = 4
"""Readings that may wait for one follower."""
LONGEST: Micros = 6 * HOUR
"""How far back what was missed is told at most, after an outage or to a follower who comes back."""
MISSED = 10.0
"""Seconds the reading of what one follower missed may take."""

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


class Tail(Protocol[Row]):
    """The newest end of one noun. `watched`: since when each site is followed, in microseconds."""

    def check(self) -> None:
        """Raises NotConfigured where no vendor supplies the noun."""
        ...

    def due(self, now: Micros) -> Micros:
        """When there can be something new again."""
        ...

    async def news(self, watched: Mapping[Site, Micros]) -> News[Row]:
        """What is new or changed since the last reading; at the first, since a site is watched. Raises VendorError."""
        ...

    def place(self, row: Row) -> Place | None:
        """Among the rows of a reading, which are in this order; None where they cannot be told apart without names."""
        ...


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


class Topic(Generic[Row]):
    """The poller of one noun and its followers. Each poller begins with a `tail` that has seen nothing."""

    def __init__(self, tail: Callable[[], Tail[Row]], clock: Clock) -> None:
        self._new_tail = tail
        self._clock = clock
        self._feeds: set[Feed[Row]] = set()
        self._watched: dict[Site, Micros] = {}
        self._poller: asyncio.Task[None] | None = None

    def follow(self, sites: Iterable[Site]) -> Feed[Row]:
        """From now on. Raises NotConfigured."""
        return self._follow(sites, Position(self._clock()))

    async def resume(self, sites: Iterable[Site], told: Position) -> Feed[Row]:
        """From where another feed of these sites ended, LONGEST ago at most. Raises NotConfigured, VendorError."""
        now = self._clock()
        feed = self._follow(sites, msgspec.structs.replace(told, since=min(now, max(told.since, now - LONGEST))))
        try:
            feed.missed(await self._missed(feed))
        except BaseException:
            await feed.aclose()
            raise
        return feed

    async def _missed(self, feed: Feed[Row]) -> News[Row]:
        """Raises VendorError where any of it cannot be had: the follower comes again with the position he has."""
        with lanes.within(Lane.EXPORT), deadline.within(MISSED):
            news = await self._new_tail().news(dict.fromkeys(feed.sites, feed.since))
        if news.failures:
            raise news.failures[0]
        return news

    def _follow(self, sites: Iterable[Site], told: Position) -> Feed[Row]:
        tail = self._new_tail()
        tail.check()
        feed = Feed(sites, told, tail.place, self._left)
        self._feeds.add(feed)
        now = self._clock()
        for site in feed.sites:
            self._watched.setdefault(site, now)
        if self._poller is None:
            # a context of its own: the follower's deadline and tally are not the poller's
            self._poller = asyncio.get_running_loop().create_task(self._poll(tail, tail.due(now)), context=Context())
        return feed

    async def close(self) -> None:
        """Stops asking."""
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.cancel()
            with suppress(asyncio.CancelledError):
                await poller

    def _left(self, feed: Feed[Row]) -> None:
        if feed not in self._feeds:
            return
        self._feeds.remove(feed)
        still = {site for other in self._feeds for site in other.sites}
        self._watched = {site: since for site, since in self._watched.items() if site in still}
        if not self._feeds and self._poller is not None:
            self._poller.cancel()
            self._poller = None

    async def _poll(self, tail: Tail[Row], due: Micros) -> None:
        while True:
            while self._clock() < due:  # noqa: ASYNC110  # a clock tells nobody that it moves on
                await asyncio.sleep(LOOK)
            news = await self._read(tail)
            for feed in tuple(self._feeds):
                feed.take(news)
            due = tail.due(self._clock())
            if any(error.retryable for error in news.failures):
                due = min(due, self._clock() + RETRY)

    async def _read(self, tail: Tail[Row]) -> News[Row]:
        try:
            with lanes.within(Lane.EXPORT), deadline.within(READ):
                return await tail.news(dict(self._watched))
        except VendorError as error:
            return News([], [error])
        except Exception as bug:  # a follower must not wait for ever for a poller that is broken
            for feed in tuple(self._feeds):
                feed.end(bug)
            return News([])


class Live:
    """The topics by noun."""

    def __init__(
        self,
        visits: Callable[[], Tail[Visit]],
        occupancy: Callable[[], Tail[Occupancy]],
        sessions: Callable[[], Tail[AppSession | WifiSession]],
        clock: Clock,
    ) -> None:
        self.visits = Topic(visits, clock)
        self.occupancy = Topic(occupancy, clock)
        self.sessions = Topic(sessions, clock)

    async def close(self) -> None:
        """Stops every poller."""
        for topic in (self.visits, self.occupancy, self.sessions):
            await topic.close()
