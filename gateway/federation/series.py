"""What tells visits from occupancy: which port reads them, how codes join, how rows are made.

Pure but for naming the port's method. Everything else about paging them is the same, and stands in `footfall`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from gateway.domain.footfall import Occupancy, OccupancyColumns, Visit, VisitColumns
from gateway.domain.instant import MINUTE, SECOND, Micros, minute_text
from gateway.domain.ports.footfall import FootfallPages, FootfallSeries
from gateway.domain.ports.slices import Slice
from gateway.domain.site import Site
from gateway.domain.window import Window
from gateway.federation import rollup
from gateway.federation.stretch import Read, Shape, Stretch, part

Row = TypeVar("Row", bound=Visit | Occupancy)
Columns = TypeVar("Columns", bound=VisitColumns | OccupancyColumns)
Bucket: TypeAlias = tuple[int, int]


class Rules(msgspec.Struct, frozen=True):
    """Times of the people counter, in microseconds: until a bucket is final, and how long a measurement holds."""

    settle: Micros = 1800 * SECOND
    carry: Micros = 900 * SECOND


class Series(ABC, Generic[Row, Columns]):
    """One noun of the people counter. `fills_gaps`: buckets without rows are served as zeros (rules.md 21).

    `lookback`: how long before a window rows still matter to a site of several codes.
    """

    name: str
    fills_gaps: bool
    lookback: Micros

    @abstractmethod
    def read(
        self, port: FootfallSeries
    ) -> Callable[[Window, str | None, int | None], Awaitable[Slice[dict[str, Columns]]]]:
        """The port's read of this noun."""

    @abstractmethod
    def page(self, port: FootfallPages) -> Callable[[Window, str | None, int], Awaitable[Slice[dict[str, Columns]]]]:
        """The port's page of this noun by number."""

    @abstractmethod
    def rows(self, port: FootfallSeries) -> Callable[[Window, str], Awaitable[int]]:
        """The port's count of this noun's rows."""

    @abstractmethod
    def join(self, parts: list[Columns], codes: int) -> Columns:
        """The columns of a site from those of its codes."""

    @abstractmethod
    def minutes(self, site: Site, columns: Columns, indices: Sequence[int], final_at: Micros) -> Sequence[Row]:
        """Some of the vendor's own rows."""

    @abstractmethod
    def bucket(self, site: Site, columns: Columns, bucket: Bucket, window: Window, final_at: Micros) -> Row | None:
        """One civil bucket; None where it is not served."""

    @abstractmethod
    def empty(self) -> Columns:
        """Columns without rows."""


class VisitSeries(Series[Visit, VisitColumns]):
    """Door counts: codes are summed, gaps are zeros."""

    name = "visits"
    fills_gaps = True
    lookback: Micros = 0

    def read(
        self, port: FootfallSeries
    ) -> Callable[[Window, str | None, int | None], Awaitable[Slice[dict[str, VisitColumns]]]]:
        return port.visits

    def page(
        self, port: FootfallPages
    ) -> Callable[[Window, str | None, int], Awaitable[Slice[dict[str, VisitColumns]]]]:
        return port.visit_page

    def rows(self, port: FootfallSeries) -> Callable[[Window, str], Awaitable[int]]:
        return port.visit_rows

    def join(self, parts: list[VisitColumns], codes: int) -> VisitColumns:
        return rollup.joined_visits(parts)

    def minutes(self, site: Site, columns: VisitColumns, indices: Sequence[int], final_at: Micros) -> Sequence[Visit]:
        return _rows(_VISITS, site, columns, indices, final_at)

    def bucket(self, site: Site, columns: VisitColumns, bucket: Bucket, window: Window, final_at: Micros) -> Visit:
        return rollup.visit_bucket(site, columns, bucket, window, final_at)

    def empty(self) -> VisitColumns:
        return VisitColumns([], [], [], [])


class OccupancySeries(Series[Occupancy, OccupancyColumns]):
    """People inside: the latest values of the codes are summed, nothing is served where nothing was measured."""

    name = "occupancy"
    fills_gaps = False

    def __init__(self, rules: Rules) -> None:
        self._carry = rules.carry
        self.lookback: Micros = rules.carry

    def read(
        self, port: FootfallSeries
    ) -> Callable[[Window, str | None, int | None], Awaitable[Slice[dict[str, OccupancyColumns]]]]:
        return port.occupancy

    def page(
        self, port: FootfallPages
    ) -> Callable[[Window, str | None, int], Awaitable[Slice[dict[str, OccupancyColumns]]]]:
        return port.occupancy_page

    def rows(self, port: FootfallSeries) -> Callable[[Window, str], Awaitable[int]]:
        return port.occupancy_rows

    def join(self, parts: list[OccupancyColumns], codes: int) -> OccupancyColumns:
        return rollup.joined_occupancy(parts, codes, self._carry // MINUTE)

    def minutes(
        self, site: Site, columns: OccupancyColumns, indices: Sequence[int], final_at: Micros
    ) -> Sequence[Occupancy]:
        return _rows(_OCCUPANCY, site, columns, indices, final_at)

    def bucket(
        self, site: Site, columns: OccupancyColumns, bucket: Bucket, window: Window, final_at: Micros
    ) -> Occupancy | None:
        return rollup.occupancy_bucket(site, columns, bucket, window, final_at, self._carry)

    def empty(self) -> OccupancyColumns:
        return OccupancyColumns([], [])


def _rows(shape: Shape[Any], site: Site, columns: Any, indices: Sequence[int], final_at: Micros) -> Sequence[Any]:
    final = final_at // MINUTE
    if isinstance(indices, range):
        return Stretch(shape, site, columns, final, indices)
    return [shape.make(site, columns, index, final) for index in indices]


def _visit(site: Site, of: VisitColumns, i: int, final: int) -> Visit:
    minute = of.minutes[i]
    return Visit(site, minute, minute + 1, of.entries[i], of.exits[i], of.nets[i], minute < final)


def _occupancy(site: Site, of: OccupancyColumns, i: int, final: int) -> Occupancy:
    minute, count = of.minutes[i], of.counts[i]
    return Occupancy(site, minute, minute + 1, count, count, float(count), minute < final)


_TIMES: dict[str, Read] = {
    "starts_at": lambda of, indices, _: list(map(minute_text, part(of.minutes, indices))),
    "ends_at": lambda of, indices, _: [minute_text(minute + 1) for minute in part(of.minutes, indices)],
    "final": lambda of, indices, final: [minute < final for minute in part(of.minutes, indices)],
}
_VISITS = Shape(
    Visit,
    _visit,
    {
        **_TIMES,
        "entries": lambda of, indices, _: part(of.entries, indices),
        "exits": lambda of, indices, _: part(of.exits, indices),
        "net": lambda of, indices, _: part(of.nets, indices),
    },
)
_OCCUPANCY = Shape(
    Occupancy,
    _occupancy,
    {
        **_TIMES,
        "count": lambda of, indices, _: part(of.counts, indices),
        "peak": lambda of, indices, _: part(of.counts, indices),
        "average": lambda of, indices, _: list(map(float, part(of.counts, indices))),
    },
)


def span_of(places: Sequence[Bucket], window: Window) -> Window:
    """The part of `window` that these buckets touch."""
    return window.cut(Window(min(b[0] for b in places) * MINUTE, max(b[1] for b in places) * MINUTE))
