"""Bespot's own words: the shapes of its answers as its two documents print them.

Only what is read is declared: members beyond it are ignored (quirk B26), members that lack or are of another type make
the answer malformed. Nothing is renamed, defaulted or interpreted here; these shapes never leave this folder.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

Row = TypeVar("Row")

# The graph's Int has 32 bits; a people counter that passes them has drifted.
Number = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Amount = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Code = Annotated[str, Meta(min_length=1)]


class Page(msgspec.Struct, Generic[Row], gc=False):
    """Envelope of every paginated resource. `count`: rows of the whole query. `next`: a link never followed (B1)."""

    count: Annotated[int, Meta(ge=0)]
    next: str | None
    results: list[Row]


class DwellSession(msgspec.Struct, gc=False):
    """`/bi/dwelltime/`. "" stands for an identifier not given (quirk B12); `visit_stop` null: no end known (B9)."""

    session_id: Code
    store_code: str
    visit_start: str
    visit_stop: str | None
    visit_duration: Number | None
    device_id: str | None = None
    user_id: str | None = None
    alt_user_id: str | None = None


class Minute(msgspec.Struct, gc=False):
    """What both minute series share: a store and the minute of measurement, with an offset (quirk B6)."""

    store_code: str
    minute: str


class VisitMinute(Minute, gc=False, rename={"plain_in": "in", "plain_out": "out", "plain_diff": "diff"}):
    """`/bi/acquisition-metrics/visits/`: one spelling in the sample, another in the field list (quirk B5)."""

    in_metric: Amount | None = None
    out_metric: Amount | None = None
    diff_metric: Number | None = None
    plain_in: Amount | None = None
    plain_out: Amount | None = None
    plain_diff: Number | None = None


class OccupancyMinute(Minute, gc=False):
    """`/bi/acquisition-metrics/occupancy/`. Counters drift: below zero is possible (quirk B19)."""

    occupancy_metric: Number


class AnyRow(msgspec.Struct, gc=False):
    """A row of which nothing is read: the page was asked for its `count`."""


class StoreCount(msgspec.Struct, gc=False):
    """An element of the bare arrays of `/bi/sessions-count/` and `/bi/unique-users-count/`."""

    store_code: str
    count: Amount
    name: str | None = None


class ErrorBody(msgspec.Struct):
    """`{detail, code, error_id}`; a later page of the same API says `error_code` (quirk B24). `detail` is not read."""

    code: str | None = None
    error_code: str | None = None
    error_id: str | None = None
