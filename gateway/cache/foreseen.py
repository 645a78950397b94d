"""Ports of a rehearsal: each says what it is asked, has the adapter ask it of nobody, and answers with nothing.

Of a scan only the first call is foreseen: what comes after depends on the rows that come, and no vendor is asked for
any. Whatever reads less than a scan is asked as it would be. Never stands between a caller and a vendor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.clock import Clock
from gateway.domain.engagement import EngagementRecord, EngagementTerms
from gateway.domain.errors import UpstreamError
from gateway.domain.footfall import CodeCount, OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.kpi import KpiAsk, KpiSeriesRecord
from gateway.domain.ports import course
from gateway.domain.ports.engagement import EngagementRecords
from gateway.domain.ports.footfall import FootfallSeries
from gateway.domain.ports.okube import KpiAnalytics
from gateway.domain.ports.sessions import GuestRecords, SessionCounts, SessionRecords
from gateway.domain.ports.slices import Slice
from gateway.domain.ports.supply import Supply
from gateway.domain.session import AppRecord, GuestLease, SessionQuery, WifiRecord
from gateway.domain.site import ShopsterObject
from gateway.domain.window import Days, Window
from gateway.upstream.rehearsal import Question, about

T = TypeVar("T")


def foreseen(supply: Supply, clock: Clock, stores: int) -> Supply:
    """`stores`: how many a people counter is known to speak of."""
    return msgspec.structs.replace(
        supply,
        sessions=supply.sessions and ForeseenStays(supply.sessions),
        counts=supply.counts and ForeseenCounts(supply.counts),
        guests=supply.guests and ForeseenGuests(supply.guests),
        footfall=supply.footfall and ForeseenFootfall(supply.footfall, clock, stores),
        engagement=supply.engagement and ForeseenEngagement(supply.engagement),
        kpis=supply.kpis and ForeseenKpis(supply.kpis),
        writes=None,
    )


class _Scans:
    """Which scans have been met, and over what."""

    def __init__(self) -> None:
        self._met: set[object] = set()
        self._spans: list[tuple[object, Window]] = []

    def again(self, what: object, code: str | None) -> bool:
        """Whether this belongs to a scan whose first call is noted already."""
        towards = course.current()
        return towards is not None and (what, code, towards.span, towards.backward) in self._met

    def meet(self, what: object, code: str | None, window: Window) -> bool:
        """Whether an earlier scan may bring what is asked now. Notes this one, where it is one."""
        perhaps = any(noun == what and not window.cut(span).empty for noun, span in self._spans)
        towards = course.current()
        if towards is not None:
            self._met.add((what, code, towards.span, towards.backward))
            self._spans.append((what, towards.span))
        return perhaps


class ForeseenFootfall:
    """Implements FootfallSeries around an adapter."""

    def __init__(self, inner: FootfallSeries, clock: Clock, stores: int) -> None:
        self._inner = inner
        self._clock = clock
        self._stores = max(1, stores)
        self._scans = _Scans()
        self.vendor = inner.vendor
        self.page_rows = inner.page_rows

    async def visits(self, window: Window, code: str | None, budget: int | None) -> Slice[dict[str, VisitColumns]]:
        return await self._read("visits", self._inner.visits, window, code, budget)

    async def occupancy(
        self, window: Window, code: str | None, budget: int | None
    ) -> Slice[dict[str, OccupancyColumns]]:
        return await self._read("occupancy", self._inner.occupancy, window, code, budget)

    async def visit_rows(self, window: Window, code: str) -> int:
        return await _asked(Question(window, codes=(code,), most=1), self._inner.visit_rows(window, code), 0)

    async def occupancy_rows(self, window: Window, code: str) -> int:
        return await _asked(Question(window, codes=(code,), most=1), self._inner.occupancy_rows(window, code), 0)

    def as_of(self, now: Micros) -> Micros:
        return self._inner.as_of(now)

    async def _read(
        self,
        what: str,
        read: Callable[..., Awaitable[Slice[dict[str, T]]]],
        window: Window,
        code: str | None,
        budget: Any,
    ) -> Slice[dict[str, T]]:
        scan = course.current() is not None
        nothing: Slice[dict[str, T]] = Slice({}, True, 0, moved=scan)  # of a scan nothing is kept
        if self._scans.again(what, code):
            return nothing
        perhaps = self._scans.meet(what, code, window)
        most = None if scan else self._most(window, code)
        question = Question(window, codes=_codes(code), most=most, perhaps=perhaps)
        return await _asked(question, _dropped(read(window, code, budget), nothing), nothing)

    def _most(self, window: Window, code: str | None) -> int:
        """No store has more than one row a minute, and none of a minute to come."""
        minutes = -(-min(window.length, max(0, self._clock() - window.start)) // MINUTE)
        return max(1, -(-minutes * (1 if code else self._stores) // self.page_rows))


class ForeseenStays:
    """Implements SessionRecords around an adapter."""

    def __init__(self, inner: SessionRecords) -> None:
        self._inner = inner
        self._scans = _Scans()
        self.vendor = inner.vendor
        self.grain = inner.grain
        self.page_rows = inner.page_rows

    async def sessions(
        self, window: Window, code: str | None, query: SessionQuery, budget: int | None
    ) -> Slice[list[AppRecord]] | Slice[list[WifiRecord]]:
        nothing: Slice[list[AppRecord]] = Slice([], True, 0, moved=course.current() is not None)
        if self._scans.again(query, code):
            return nothing
        perhaps = self._scans.meet(query, code, window)
        question = Question(window, codes=_codes(code), filtered=query != SessionQuery(), perhaps=perhaps)
        return await _asked(question, _dropped(self._inner.sessions(window, code, query, budget), nothing), nothing)


class ForeseenCounts:
    """Implements SessionCounts around an adapter."""

    def __init__(self, inner: SessionCounts) -> None:
        self._inner = inner
        self.selects_by_start = inner.selects_by_start

    async def session_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        question = Question(window, codes=_codes(code), most=1)
        return await _asked(question, self._inner.session_counts(window, code), [])

    async def user_counts(self, window: Window, code: str | None) -> list[CodeCount]:
        return await _asked(Question(window, codes=_codes(code), most=1), self._inner.user_counts(window, code), [])


class ForeseenGuests:
    """Implements GuestRecords around an adapter. Which addresses are looked up is nobody's to read."""

    def __init__(self, inner: GuestRecords) -> None:
        self._inner = inner

    async def login_count(self, days: Days, code: str | None, online: bool | None) -> int:
        question = Question(days=days, codes=_codes(code), filtered=online is not None, most=1)
        return await _asked(question, self._inner.login_count(days, code, online), 0)

    async def leases(self, addresses: list[str]) -> dict[str, GuestLease]:
        nothing: dict[str, GuestLease] = {}
        return await _asked(Question(filtered=True, exact=True), _dropped(self._inner.leases(addresses), nothing), {})

    async def locations(self) -> list[tuple[str, str | None]]:
        return await _asked(Question(), self._inner.locations(), [])


class ForeseenEngagement:
    """Implements EngagementRecords around an adapter."""

    def __init__(self, inner: EngagementRecords) -> None:
        self._inner = inner
        self.vendor = inner.vendor

    async def engagement(
        self, objects: list[ShopsterObject], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> dict[int, list[EngagementRecord]]:
        codes = tuple(str(thing.id) for thing in sorted(objects))
        question = Question(days=days, codes=codes, exact=True)
        return await _asked(question, self._inner.engagement(objects, days, terms, zones), {})


class ForeseenKpis:
    """Implements KpiAnalytics around an adapter."""

    def __init__(self, inner: KpiAnalytics) -> None:
        self._inner = inner

    async def kpis(self, ask: KpiAsk) -> list[KpiSeriesRecord]:
        codes = None if ask.site is None else (ask.site,)
        question = Question(days=ask.days, codes=codes, filtered=ask.filters is not None, exact=True)
        return await _asked(question, self._inner.kpis(ask), [])


def _codes(code: str | None) -> tuple[str, ...] | None:
    return None if code is None else (code,)


async def _dropped(answer: Awaitable[object], nothing: T) -> T:
    """The adapter runs for its calls; what it makes of silence is not looked at."""
    await answer
    return nothing


async def _asked(question: Question, answer: Awaitable[T], nothing: T) -> T:
    """An answer that cannot be made of silence is none."""
    with about(question):
        try:
            return await answer
        except UpstreamError:
            return nothing
