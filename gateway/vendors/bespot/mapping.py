"""Bespot's rows as values of the domain. Pure, and hot: one pass over the rows, no dates made on the way.

Rows outside the window asked, and rows of another store than the one asked, are dropped: what a window selects is lost
in the document (quirk B8), so the gateway's own rule is applied to whatever comes. Occupancy is never made from visits
(quirk B19), seconds are never recomputed from instants (quirk B13).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress, groupby

from gateway.domain.errors import Malformed
from gateway.domain.footfall import CodeCount, OccupancyColumns, VisitColumns
from gateway.domain.instant import MINUTE, Micros
from gateway.domain.session import AppRecord
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.vendors.bespot import instants
from gateway.vendors.bespot.wire import DwellSession, Minute, OccupancyMinute, StoreCount, VisitMinute


def app_records(rows: Sequence[DwellSession], window: Window, code: str | None, first: int = 0) -> dict[str, AppRecord]:
    """Records by session id, in the vendor's order. Of a session met twice the later row counts (quirk B18).

    `first`: how many rows of the answer stand before these.
    """
    records: dict[str, AppRecord] = {}
    known, read = instants.known, instants.read
    for index, row in enumerate(rows, first):
        if code is not None and row.store_code != code:
            continue
        try:
            start, started_at = known(row.visit_start) or read(row.visit_start)
        except ValueError as problem:
            raise drifted("visit_start", index, problem) from None
        if not window.start <= start < window.end:
            continue
        try:
            stop = row.visit_stop
            ended_at = (known(stop) or read(stop))[1] if stop else None
        except ValueError as problem:
            raise drifted("visit_stop", index, problem) from None
        records[row.session_id] = AppRecord(
            start,
            row.session_id,
            row.store_code,
            started_at,
            ended_at,
            row.visit_duration if ended_at else None,
            row.device_id or None,
            row.user_id or None,
            row.alt_user_id or None,
        )
    return records


def visit_columns(rows: Sequence[VisitMinute], window: Window, code: str | None) -> dict[str, VisitColumns]:
    """Door counts by store code; minutes ascending, and of a minute met twice the later row (quirks B7, B18)."""
    by_code = _sampled_visits(rows, window, code)
    if by_code is None:
        by_code = _spelled_visits(rows, window, code)
    return {key: _ordered_visits(columns) for key, columns in by_code.items()}


def _sampled_visits(rows: Sequence[VisitMinute], window: Window, code: str | None) -> dict[str, VisitColumns] | None:
    """By column, where every row has every figure as the sample spells it; else None."""
    entries, exits, nets = (
        [row.in_metric for row in rows],
        [row.out_metric for row in rows],
        [row.diff_metric for row in rows],
    )
    if None in entries or None in exits or None in nets:
        return None
    if any(row.plain_in is not None or row.plain_out is not None or row.plain_diff is not None for row in rows):
        return None
    minutes, codes = _read_minutes(rows), [row.store_code for row in rows]
    first, end = _bounds(window)
    if minutes and not (first <= min(minutes) and max(minutes) < end):
        inside = [first <= minute < end for minute in minutes]
        minutes, codes, entries, exits, nets = (  # type: ignore[assignment]
            list(compress(column, inside)) for column in (minutes, codes, entries, exits, nets)
        )
    by_code: dict[str, VisitColumns] = {}
    start = 0
    for of, run in groupby(codes):  # the rows of one store mostly stand together
        stop = start + len(list(run))
        if code is None or of == code:
            columns = by_code.setdefault(of, VisitColumns([], [], [], []))
            columns.minutes += minutes[start:stop]
            columns.entries += entries[start:stop]  # type: ignore[arg-type]
            columns.exits += exits[start:stop]  # type: ignore[arg-type]
            columns.nets += nets[start:stop]  # type: ignore[arg-type]
        start = stop
    return by_code


def _spelled_visits(rows: Sequence[VisitMinute], window: Window, code: str | None) -> dict[str, VisitColumns]:
    """Row by row: the document spells the figures in two ways (quirk B5)."""
    by_code: dict[str, VisitColumns] = {}
    columns = VisitColumns([], [], [], [])
    of: str | None = None
    for index, minute in _minutes(rows, window, code):
        row = rows[index]
        if row.store_code != of:
            of = row.store_code
            columns = by_code.setdefault(of, VisitColumns([], [], [], []))
        entries, exits, net = row.in_metric, row.out_metric, row.diff_metric
        if entries is None or row.plain_in is not None:
            entries = _agreed(entries, row.plain_in, "in_metric", index)
        if exits is None or row.plain_out is not None:
            exits = _agreed(exits, row.plain_out, "out_metric", index)
        if net is None or row.plain_diff is not None:
            stated = net is not None or row.plain_diff is not None
            net = _agreed(net, row.plain_diff, "diff_metric", index) if stated else entries - exits
        columns.minutes.append(minute)
        columns.entries.append(entries)
        columns.exits.append(exits)
        columns.nets.append(net)
    return by_code


def occupancy_columns(rows: Sequence[OccupancyMinute], window: Window, code: str | None) -> dict[str, OccupancyColumns]:
    """People inside by store code; order and repeats as for visits. Only measured minutes (quirk B17)."""
    by_code: dict[str, OccupancyColumns] = {}
    minutes, codes = _read_minutes(rows), [row.store_code for row in rows]
    counts = [row.occupancy_metric for row in rows]
    start = 0
    for of, run in groupby(codes):  # the rows of one store mostly stand together
        stop = start + len(list(run))
        if code is None or of == code:
            columns = by_code.setdefault(of, OccupancyColumns([], []))
            columns.minutes += minutes[start:stop]
            columns.counts += counts[start:stop]
        start = stop
    first, end = _bounds(window)
    ordered = ((key, _inside(_ordered_occupancy(columns), first, end)) for key, columns in by_code.items())
    return {key: columns for key, columns in ordered if columns.minutes}


def starts(rows: Sequence[Minute], window: Window, code: str | None) -> list[Micros]:
    """Instants of the rows inside the window, in the vendor's order."""
    return [minute * MINUTE for _, minute in _minutes(rows, window, code)]


def code_counts(rows: Sequence[StoreCount], code: str | None) -> list[CodeCount]:
    """The vendor's own counts, of one store where one was asked."""
    return [
        CodeCount(row.store_code, row.name or None, row.count) for row in rows if code is None or row.store_code == code
    ]


def drifted(member: str, index: int, problem: ValueError | str) -> Malformed:
    """An error that names the member of a row, never its value."""
    where = f"$.results[{index}].{member}"
    return Malformed(
        VendorKey.BESPOT, f"Bespot sent something else than it documents at {where}: {problem}.", member=where
    )


def _minutes(rows: Sequence[Minute], window: Window, code: str | None) -> Iterator[tuple[int, int]]:
    """Index and minute since the epoch of each row inside the window."""
    first, end = _bounds(window)
    read = instants.minute
    for index, row in enumerate(rows):
        try:
            minute = read(row.minute)
        except ValueError as problem:
            raise drifted("minute", index, problem) from None
        if first <= minute < end and (code is None or row.store_code == code):
            yield index, minute


def _read_minutes(rows: Sequence[Minute]) -> list[int]:
    """The minute of each row since the epoch."""
    try:
        return list(map(instants.minute, [row.minute for row in rows]))
    except ValueError:
        for index, row in enumerate(rows):
            try:
                instants.minute(row.minute)
            except ValueError as problem:
                raise drifted("minute", index, problem) from None
        raise


def _bounds(window: Window) -> tuple[int, int]:
    """First and past-the-last minute whose start lies in the window."""
    return -(-window.start // MINUTE), -(-window.end // MINUTE)


def _agreed(sampled: int | None, listed: int | None, member: str, index: int) -> int:
    """One figure under the sample's name, the field list's name, or both (quirk B5)."""
    stated = {figure for figure in (sampled, listed) if figure is not None}
    if len(stated) != 1:
        raise drifted(member, index, "its two spellings differ" if stated else "it is missing")
    return stated.pop()


def _ordered_visits(columns: VisitColumns) -> VisitColumns:
    if _ascending(columns.minutes):
        return columns
    rows = dict(zip(columns.minutes, zip(columns.entries, columns.exits, columns.nets, strict=True), strict=True))
    minutes = sorted(rows)
    entries, exits, nets = (list(column) for column in zip(*(rows[minute] for minute in minutes), strict=True))
    return VisitColumns(minutes, entries, exits, nets)


def _ordered_occupancy(columns: OccupancyColumns) -> OccupancyColumns:
    if _ascending(columns.minutes):
        return columns
    rows = dict(zip(columns.minutes, columns.counts, strict=True))
    minutes = sorted(rows)
    return OccupancyColumns(minutes, [rows[minute] for minute in minutes])


def _inside(columns: OccupancyColumns, first: int, end: int) -> OccupancyColumns:
    """Of ordered rows those from minute `first` to before `end`."""
    minutes = columns.minutes
    if not minutes or (first <= minutes[0] and minutes[-1] < end):
        return columns
    low, high = bisect_left(minutes, first), bisect_left(minutes, end)
    return OccupancyColumns(minutes[low:high], columns.counts[low:high])


def _ascending(minutes: list[int]) -> bool:
    if not minutes or minutes == list(
        range(minutes[0], minutes[0] + len(minutes))
    ):  # minute by minute, as they mostly come
        return True
    return sorted(minutes) == minutes and len(set(minutes)) == len(minutes)
