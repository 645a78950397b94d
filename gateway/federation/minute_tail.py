"""The newest minutes of a people counter: what the vendor has published or corrected since the last reading.

One reading serves every site that is watched. Only closed minutes are told, each once, and again where its figures
changed while the vendor still corrects them (quirks B17, B18).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any, Generic

from gateway.cache import freshness
from gateway.domain.clock import Clock
from gateway.domain.errors import VendorError
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.ports.footfall import FootfallSeries
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.feed import News, Place
from gateway.federation.live import LONGEST
from gateway.federation.minutes import MinuteReader, Reading, Stores
from gateway.federation.rollup import minutes_of
from gateway.federation.series import Columns, Row, Rules, Series
from gateway.federation.supplies import Supplies

PUBLISHED_EVERY = 15 * MINUTE
LATER: tuple[Micros, ...] = (MINUTE, 5 * MINUTE)
"""When a publication that brought nothing at all is looked for again: the vendor may be later than supposed."""


class MinuteTail(Generic[Row, Columns]):
    """Implements Tail. `lag`: microseconds the vendor takes to publish a quarter hour."""

    def __init__(
        self,
        series: Series[Row, Columns],
        supplies: Supplies,
        crosswalk: Crosswalk,
        clock: Clock,
        rules: Rules,
        lag: Micros,
    ) -> None:
        self._series = series
        self._supplies = supplies
        self._crosswalk = crosswalk
        self._clock = clock
        self._rules = rules
        self._lag = lag
        self._stores = Stores(sum(len(site.bespot) for site in crosswalk.sites))
        self._told: dict[str, dict[int, tuple[Any, ...]]] = {}  # by site key and minute: the figures last seen
        self._read_to: dict[str, Micros] = {}
        self._awaited: Micros | None = None  # the end of a quarter hour of which nothing was there yet
        self._looks = 0

    def check(self) -> None:
        self._supplies.footfall()

    def due(self, now: Micros) -> Micros:
        """The next publication (quirk B18), or another look for the last one."""
        publication = (now - self._lag) // PUBLISHED_EVERY * PUBLISHED_EVERY + PUBLISHED_EVERY + self._lag
        again = self._awaited is not None and self._looks <= len(LATER)
        return min(publication, now + LATER[self._looks - 1]) if again else publication

    async def news(self, watched: Mapping[Site, Micros]) -> News[Row]:
        """Rows in the order of the connections. A site that one store keeps silent about is read again next time."""
        port = self._supplies.footfall()
        sites = [site for site in watched if site.bespot]
        self._forget({site.key for site in sites})
        end = port.as_of(self._clock())
        begins = {site: self._read_to.get(site.key, port.as_of(watched[site])) for site in sites}
        window = Window(max(min(begins.values(), default=end) - self._rules.settle, end - LONGEST), end)
        if not sites or window.empty:
            return News([])
        with freshness.bypassing() if self._awaited == end else nullcontext():
            reading = await self._reader(port, sites, window).whole(window)
        self._look_out(reading, end)
        rows = [row for site in sites for row in self._new(site, reading, window, begins[site])]
        rows.sort(key=self.place)
        return News(rows, _distinct(reading, begins), end + self._lag)

    def place(self, row: Row) -> Place:
        return row.minute, row.site.key

    def _reader(self, port: FootfallSeries, sites: list[Site], window: Window) -> MinuteReader[Columns]:
        """For every site there is where that is one call: replicas whose followers differ share it then."""
        everyone, followed = (
            MinuteReader(
                self._series.read(port),
                self._series.join,
                sites=asked,
                crosswalk=self._crosswalk,
                stores=self._stores,
                page_rows=port.page_rows,
                lookback=self._series.lookback,
            )
            for asked in ([site for site in self._crosswalk.sites if site.bespot], sites)
        )
        return everyone if everyone.price(window) == 1 else followed

    def _new(self, site: Site, reading: Reading[Columns], window: Window, begin: Micros) -> list[Row]:
        """The rows of one site that differ from what was seen. At its first reading: those from `begin` on."""
        if site.key in reading.absent:
            if not reading.refused[site.key].retryable:
                self._read_to[site.key] = window.end
            return []
        columns = reading.columns.get(site.key) or self._series.empty()
        first, last = minutes_of(Window(max(window.start, begin - self._rules.settle), window.end))
        figures = list(zip(*(getattr(columns, name) for name in columns.__struct_fields__), strict=True))
        inside = [index for index, minute in enumerate(columns.minutes) if first <= minute < last]
        told = self._told.get(site.key)
        self._told[site.key] = {columns.minutes[index]: figures[index] for index in inside}
        self._read_to[site.key] = window.end
        if told is None:
            fresh = [index for index in inside if columns.minutes[index] * MINUTE >= begin]
        else:
            fresh = [index for index in inside if told.get(columns.minutes[index]) != figures[index]]
        return list(self._series.minutes(site, columns, fresh, self._clock() - self._rules.settle))

    def _look_out(self, reading: Reading[Columns], end: Micros) -> None:
        """Whether the newest quarter hour is there, of any site."""
        first = (end - PUBLISHED_EVERY) // MINUTE
        if any(columns.minutes and columns.minutes[-1] >= first for columns in reading.columns.values()):
            self._awaited, self._looks = None, 0
        else:
            self._looks = self._looks + 1 if self._awaited == end else 1
            self._awaited = end

    def _forget(self, watched: set[str]) -> None:
        for held in (self._told, self._read_to):
            for key in held.keys() - watched:
                del held[key]


def _distinct(reading: Reading[Any], sites: Iterable[Site]) -> list[VendorError]:
    """What failed of these sites, one of a kind."""
    refused = [reading.refused[site.key] for site in sites if site.key in reading.refused]
    errors = [*refused, *([reading.moved] if reading.moved else [])]
    return list({error.code: error for error in errors}.values())
