"""What is new at the vendors, for as many followers as there are: one poller per noun, however many follow it.

A poller runs while somebody follows, at the vendor's own pace and in the slower lane of its allowance. No follower may
make another wait: what one does not take in time is that one's loss, and it is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Generic, Protocol

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.errors import VendorError
from gateway.domain.footfall import Occupancy, Visit
from gateway.domain.instant import HOUR, SECOND, Micros
from gateway.domain.session import AppSession, WifiSession
from gateway.domain.site import Site
from gateway.federation.feed import Feed, News, Place, Position, Row
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane

LOOK = 0.1
"""Seconds between two looks at the clock: it may jump, or be turned by hand."""
READ = 60.0
"""Seconds one reading may take, its waits for the vendor's allowance included."""
RETRY: Micros = 30 * SECOND
"""How soon a reading that failed is tried again."""
LONGEST: Micros = 6 * HOUR
"""How far back what was missed is told at most, after an outage or to a follower who comes back."""
MISSED = 10.0
"""Seconds the reading of what one follower missed may take."""


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
