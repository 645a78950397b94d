"""The hub: one poller however many follow, and nobody waits for anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from gateway.domain.errors import NotConfigured, Unavailable, VendorError
from gateway.domain.footfall import Visit
from gateway.domain.instant import HOUR, MINUTE, SECOND, Micros
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.federation.feed import MOST_BURSTS, Feed, Lagging, News, Place, Position
from gateway.federation.live import RETRY, Topic
from gateway.upstream import deadline, lanes
from gateway.upstream.lanes import Lane
from tests.federation.fakes import NOW, site
from tests.sandbox.hands import Hands

pytestmark = pytest.mark.anyio

A, B = site("a", "A"), site("b", "B")


class Tail:
    """Due every minute; gives what stands in `news`, and remembers what it was asked."""

    def __init__(self, clock: Hands) -> None:
        self.clock = clock
        self.made = 0
        self.asked: list[dict[str, Micros]] = []
        self.lane: Lane | None = None
        self.left: float | None = None
        self.news_: News[Visit] | Exception = News([])
        self.configured = True

    def made_new(self) -> Tail:
        self.made += 1
        return self

    def check(self) -> None:
        if not self.configured:
            raise NotConfigured(VendorKey.BESPOT, "BESPOT is not configured.")

    def due(self, now: Micros) -> Micros:
        return now // MINUTE * MINUTE + MINUTE

    def place(self, row: Visit) -> Place:
        return row.minute, row.site.key

    async def news(self, watched: Mapping[Site, Micros]) -> News[Visit]:
        self.asked.append({each.key: since for each, since in watched.items()})
        self.lane, self.left = lanes.current(), deadline.remaining()
        if isinstance(self.news_, Exception):
            raise self.news_
        return self.news_


class Stage:
    """A topic over such a tail, and the clock that moves it."""

    def __init__(self) -> None:
        self.clock = Hands(NOW)
        self.tail = Tail(self.clock)
        self.topic: Topic[Visit] = Topic(self.tail.made_new, self.clock)

    async def minute(self, news: News[Visit] | Exception, forward: Micros = MINUTE) -> None:
        """Turns the clock and waits for the reading."""
        before = len(self.tail.asked)
        self.tail.news_ = news
        self.clock.now += forward
        async with asyncio.timeout(2):
            while len(self.tail.asked) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)


@pytest.fixture
async def stage() -> Stage:
    return Stage()


def visit(site: Site, entries: int = 1, at: int = 0) -> Visit:
    minute = NOW // MINUTE + at
    return Visit(site, minute, minute + 1, entries, 0, entries, False)


async def next_of(feed: Feed[Visit]) -> list[Visit | VendorError]:
    async with asyncio.timeout(2):
        return (await anext(feed)).members


async def test_followers_share_one_poller_and_get_their_own_sites(stage: Stage) -> None:
    one, two, both = stage.topic.follow([A]), stage.topic.follow([B]), stage.topic.follow([A, B])
    news = [visit(A), visit(B)]
    await stage.minute(News(news))
    assert [await next_of(feed) for feed in (one, two, both)] == [[news[0]], [news[1]], news]
    assert stage.tail.asked == [{"a": NOW, "b": NOW}]
    assert stage.tail.made == 3  # each is asked whether it can be followed at all; one of them polls
    await stage.topic.close()


async def test_a_thousand_followers_cost_what_one_costs(stage: Stage) -> None:
    feeds = [stage.topic.follow([A]) for _ in range(1000)]
    await stage.minute(News([visit(A)]))
    assert len(stage.tail.asked) == 1
    assert [len(await next_of(feed)) for feed in feeds] == [1] * 1000
    await stage.topic.close()


async def test_nothing_is_asked_before_the_first_and_after_the_last(stage: Stage) -> None:
    feed = stage.topic.follow([A])
    await stage.minute(News([]))
    await feed.aclose()
    stage.clock.now += 10 * MINUTE
    await asyncio.sleep(0.3)
    assert len(stage.tail.asked) == 1
    again = stage.topic.follow([B])
    await stage.minute(News([]))
    assert stage.tail.asked[1:] == [{"b": NOW + 11 * MINUTE}]
    await again.aclose()


async def test_a_site_is_watched_since_its_first_follower_came(stage: Stage) -> None:
    first = stage.topic.follow([A])
    await stage.minute(News([]))
    second = stage.topic.follow([A, B])
    await first.aclose()
    await stage.minute(News([]))
    await stage.topic.follow([A]).aclose()
    await second.aclose()
    assert stage.tail.asked == [{"a": NOW}, {"a": NOW, "b": NOW + MINUTE}]


async def test_readings_wait_in_the_slower_lane_and_are_bounded(stage: Stage) -> None:
    with deadline.within(0.001):  # the follower's deadline is not the poller's
        feed = stage.topic.follow([A])
    await stage.minute(News([]))
    assert stage.tail.lane is Lane.EXPORT
    assert stage.tail.left is not None
    assert 50 < stage.tail.left <= 60
    await feed.aclose()


async def test_an_outage_is_told_once_and_tried_again_soon(stage: Stage) -> None:
    down = Unavailable(VendorKey.BESPOT, "It is down.")
    feed = stage.topic.follow([A])
    await stage.minute(down)
    assert await next_of(feed) == [down]
    await stage.minute(down, RETRY)
    late = stage.topic.follow([A])
    await stage.minute(News([visit(A)], [down]), RETRY)
    assert await next_of(feed) == [visit(A)]
    assert await next_of(late) == [down, visit(A)]
    await stage.minute(News([]), RETRY)
    await stage.minute(down)
    assert await next_of(feed) == [down]
    await stage.topic.close()


async def test_a_follower_who_does_not_read_is_dropped_and_the_others_are_not(stage: Stage) -> None:
    slow, quick = stage.topic.follow([A]), stage.topic.follow([A])
    for number in range(MOST_BURSTS + 1):
        await stage.minute(News([visit(A, number)]))
        assert await next_of(quick) == [visit(A, number)]
    with pytest.raises(Lagging):
        await next_of(slow)
    await stage.minute(News([visit(A)]))
    assert await next_of(quick) == [visit(A)]
    await quick.aclose()


async def told(feed: Feed[Visit]) -> list[Position | None]:
    async with asyncio.timeout(2):
        return (await anext(feed)).told


async def test_who_comes_back_is_told_what_he_missed_and_nothing_twice(stage: Stage) -> None:
    first, second, third = [visit(A, at=number) for number in range(3)]
    feed = stage.topic.follow([A])
    await stage.minute(News([first], until=NOW + MINUTE))
    (position,) = await told(feed)
    assert position == Position(NOW + MINUTE)
    await feed.aclose()
    stage.tail.news_ = News([second, third], until=NOW + 3 * MINUTE)
    stage.clock.now += 2 * MINUTE + SECOND
    again = await stage.topic.resume([A], position)
    assert stage.tail.asked[-1] == {"a": NOW + MINUTE}
    assert stage.tail.lane is Lane.EXPORT
    assert await next_of(again) == [second, third]
    fourth = visit(A, at=3)
    await stage.minute(News([visit(A, 9, at=1), third, fourth]))  # the poller found the same, one of them corrected
    assert await next_of(again) == [visit(A, 9, at=1), fourth]
    await again.aclose()


async def test_who_was_cut_in_the_middle_is_told_the_rest(stage: Stage) -> None:
    rows = [visit(A, at=0), visit(B, at=0), visit(A, at=1)]
    feed = stage.topic.follow([A, B])
    await stage.minute(News(rows, until=NOW + MINUTE))
    places = await told(feed)
    await feed.aclose()
    for seen, place in enumerate(places, 1):
        assert place is not None
        stage.tail.news_ = News([row for row in rows if place.since == NOW])
        again = await stage.topic.resume([A, B], place)
        if rows[seen:]:
            assert await next_of(again) == rows[seen:]
        await again.aclose()


async def test_while_a_vendor_fails_a_position_stays_where_nothing_is_lost(stage: Stage) -> None:
    down = Unavailable(VendorKey.BESPOT, "It is down.")
    feed = stage.topic.follow([A, B])
    await stage.minute(News([visit(A)], [down], until=NOW + MINUTE))
    assert await told(feed) == [None, Position(NOW)]
    await feed.aclose()
    with pytest.raises(Unavailable):
        await stage.topic.resume([A, B], Position(NOW))
    assert stage.topic._feeds == set()


async def test_what_was_missed_is_told_of_six_hours_and_never_of_the_future(stage: Stage) -> None:
    for since, asked in ((NOW - 7 * HOUR, NOW - 6 * HOUR), (NOW + HOUR, NOW)):
        feed = await stage.topic.resume([A], Position(since))
        assert stage.tail.asked[-1] == {"a": asked}
        await feed.aclose()


async def test_a_bug_ends_the_feeds_instead_of_silencing_them(stage: Stage) -> None:
    feed = stage.topic.follow([A])
    await stage.minute(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await next_of(feed)


async def test_who_cannot_be_followed_is_refused_at_once(stage: Stage) -> None:
    stage.tail.configured = False
    with pytest.raises(NotConfigured):
        stage.topic.follow([A])
    stage.clock.now += 10 * SECOND
    assert stage.tail.asked == []
