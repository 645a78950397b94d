"""What tiles are made of: door counts, people inside, and stays, each as one column per code. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import Generic, TypeVar

from gateway.domain.footfall import OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.session import AppRecord, WifiRecord

Record = TypeVar("Record", AppRecord, WifiRecord)


class VisitRows:
    """Minutes of door counts."""

    shape = VisitColumns
    bytes_a_row = 70

    def count(self, column: VisitColumns) -> int:
        return len(column.minutes)

    def below(self, column: VisitColumns, moment: Micros) -> int:
        return bisect_left(column.minutes, -(-moment // MINUTE))

    def part(self, column: VisitColumns, low: int, high: int) -> VisitColumns:
        return VisitColumns(
            column.minutes[low:high], column.entries[low:high], column.exits[low:high], column.nets[low:high]
        )

    def joined(self, parts: Sequence[VisitColumns]) -> VisitColumns:
        return VisitColumns(
            list(chain.from_iterable(part.minutes for part in parts)),
            list(chain.from_iterable(part.entries for part in parts)),
            list(chain.from_iterable(part.exits for part in parts)),
            list(chain.from_iterable(part.nets for part in parts)),
        )

    def instants(self, column: VisitColumns) -> list[Micros]:
        return [minute * MINUTE for minute in column.minutes]


class OccupancyRows:
    """Measured minutes."""

    shape = OccupancyColumns
    bytes_a_row = 50

    def count(self, column: OccupancyColumns) -> int:
        return len(column.minutes)

    def below(self, column: OccupancyColumns, moment: Micros) -> int:
        return bisect_left(column.minutes, -(-moment // MINUTE))

    def part(self, column: OccupancyColumns, low: int, high: int) -> OccupancyColumns:
        return OccupancyColumns(column.minutes[low:high], column.counts[low:high])

    def joined(self, parts: Sequence[OccupancyColumns]) -> OccupancyColumns:
        return OccupancyColumns(
            list(chain.from_iterable(part.minutes for part in parts)),
            list(chain.from_iterable(part.counts for part in parts)),
        )

    def instants(self, column: OccupancyColumns) -> list[Micros]:
        return [minute * MINUTE for minute in column.minutes]


class RecordRows(Generic[Record]):
    """Stays in order of start and id."""

    bytes_a_row = 900

    def __init__(self, record: type[Record]) -> None:
        self.shape = list[record]  # type: ignore[valid-type]  # made at run time

    def count(self, column: list[Record]) -> int:
        return len(column)

    def below(self, column: list[Record], moment: Micros) -> int:
        return bisect_left(column, moment, key=_start)

    def part(self, column: list[Record], low: int, high: int) -> list[Record]:
        return column[low:high]

    def joined(self, parts: Sequence[list[Record]]) -> list[Record]:
        return list(chain.from_iterable(parts))

    def instants(self, column: list[Record]) -> list[Micros]:
        return [record.start for record in column]


def by_code(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Columns of what the vendor sent in no promised order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.code, []).append(record)
    for column in found.values():
        column.sort(key=_place)
    return found


def _start(record: AppRecord | WifiRecord) -> Micros:
    return record.start


def _place(record: AppRecord | WifiRecord) -> tuple[Micros, str]:
    return record.start, record.id
