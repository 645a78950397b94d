"""The options of a request, read and checked: what rows are wanted, what of that a vendor can be asked, in what order.

Custom options are the parameters of the table's export. Anything with a `$` that is not understood is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import msgspec

from gateway.bi import ask as asking
from gateway.bi.ask import Ask, Pairs, nearest
from gateway.bi.odata import expression
from gateway.bi.odata.expression import Compare, Node, conjuncts, names_in, texts_of
from gateway.bi.odata.refusals import NotSupported
from gateway.bi.tables import Kind, Span, Table
from gateway.domain import instant
from gateway.domain.engagement import EngagementInterval
from gateway.domain.errors import InputError
from gateway.domain.instant import DAY, Micros
from gateway.domain.window import Window

Value = TypeVar("Value", int, date)

KNOWN = frozenset({"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$format"})
UNSUPPORTED = frozenset(
    {"$expand", "$search", "$apply", "$compute", "$levels", "$index", "$deltatoken", "$schemaversion"}
)
PREVIEW = 1_000
PREVIEW_SPAN = 7 * DAY
_SMALLEST = 1
_NARROW = frozenset({EngagementInterval.HOURLY, EngagementInterval.DAILY})


class Order(msgspec.Struct, frozen=True):
    """One member of `$orderby`: a place in the row."""

    place: int
    descending: bool


class Query(msgspec.Struct, frozen=True):
    """One request for rows. `names`: sites the filter names, None for no such bound. `order` empty: as they come.

    `bound`: what a skip token belongs to. `pairs`: the options as sent, for the link to the next page.
    """

    ask: Ask
    node: Node | None
    order: tuple[Order, ...]
    top: int | None
    skip: int
    count: bool
    token: str | None
    names: tuple[str, ...] | None
    pairs: tuple[tuple[str, str], ...]

    @property
    def bound(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(pair for pair in self.pairs if pair[0] not in ("$skiptoken", "$skip", "$count", "$format")))


def read(table: Table, pairs: Pairs, now: Micros) -> Query:
    """The request. Raises InputError or NotSupported."""
    options, custom = _split(table, pairs)
    pii = any(name == "pii" and value.lower() == "true" for name, value in custom)
    every = table.shown(pii=pii)
    text = options.get("$filter", "").strip()
    node = expression.parse(text, every) if text else None
    top = _whole(options, "$top")
    names = _names(node)
    ask = asking.parse(
        table,
        [
            *custom,
            *_times(table, custom, node, top, now),
            *(() if "$select" not in options else (("columns", _select(options["$select"], table, pii=pii)),)),
        ],
    )
    return Query(
        ask,
        node,
        _order(options.get("$orderby", ""), table, pii=pii),
        top,
        _whole(options, "$skip") or 0,
        _true(options, "$count"),
        options.get("$skiptoken"),
        names,
        tuple(pairs),
    )


def natural(query: Query) -> bool:
    """Whether rows come in the order asked by themselves."""
    table, order = query.ask.table, query.order
    if not order:
        return True
    names = [table.columns[member.place].name for member in order]
    ascending = not any(member.descending for member in order)
    if table.name == "sessions":
        return ascending and names == ["started_at"]
    return table.span is Span.INSTANTS and ascending and names in (["starts_at"], ["starts_at", "site_key"])


def _split(table: Table, pairs: Pairs) -> tuple[dict[str, str], list[tuple[str, str]]]:
    options: dict[str, str] = {}
    custom = []
    for name, value in pairs:
        if not name.startswith("$"):
            if name in ("since", "columns"):
                raise InputError(f"There is no such option of {table.entity_set}.")
            custom.append((name, value))
        elif name in UNSUPPORTED:
            raise NotSupported(f"`{name}` is not supported.")
        elif name not in KNOWN:
            raise InputError(f"There is no such option.{nearest(name, KNOWN)}")
        elif name in options:
            raise InputError(f"`{name}` stands there twice.", (name,))
        else:
            options[name] = value
    form = options.get("$format", "json").lower().partition(";")[0].strip()
    if form not in ("json", "application/json"):
        raise NotSupported("`$format` is json.")
    return options, custom


def _times(
    table: Table, custom: Sequence[tuple[str, str]], node: Node | None, top: int | None, now: Micros
) -> list[tuple[str, str]]:
    """`from` and `to` of a filter, unless they stand there already."""
    time = table.time
    if time is None:
        return []
    about = [part for part in conjuncts(node) if time in names_in(part)]
    if any(not isinstance(part, Compare) or part.operator == "ne" for part in about):
        raise NotSupported(f"A time range is written `{time} ge … and {time} lt …`, not joined by `or`, `in` or `ne`.")
    if any(name in ("from", "to") for name, _ in custom):
        return []
    bounds = [part for part in about if isinstance(part, Compare)]
    if any(part.value is None for part in bounds):
        raise InputError(f"`{time}` is never null.", ("$filter",))
    if table.columns[_place(table, time)].kind is Kind.DAY:
        return _days(table, bounds, top, now)
    low, high = _between(bounds, _SMALLEST)
    if low is None:
        _need(table, top)
        low, high = now - PREVIEW_SPAN, now
    high = now if high is None else high
    if low >= high:
        high = low + _SMALLEST  # nothing fits, and nothing is asked for long
    if table.span is Span.INSTANTS:
        return [("from", instant.text(low)), ("to", instant.text(high))]
    around = DAY if _interval(custom) in _NARROW else 0  # days begin at midnight of the site, not of UTC
    return _texts(instant.day_of(low - around), instant.day_of(high - 1 + around))


def _days(table: Table, bounds: Sequence[Compare], top: int | None, now: Micros) -> list[tuple[str, str]]:
    first, after = _between(bounds, timedelta(days=1))
    today = instant.day_of(now)
    if first is None:
        _need(table, top)
        first, after = today - timedelta(days=6), today + timedelta(days=1)
    last = today if after is None else after - timedelta(days=1)
    return _texts(first, max(first, last))


def _texts(first: date, last: date) -> list[tuple[str, str]]:
    return [("from", first.isoformat()), ("to", last.isoformat())]


def _between(bounds: Sequence[Compare], step: Any) -> tuple[Any, Any]:
    """First and past-the-last value; None where there is no bound."""
    lows, highs = [], []
    for part in bounds:
        if part.operator in ("gt", "ge", "eq"):
            lows.append(part.value + step if part.operator == "gt" else part.value)
        if part.operator in ("lt", "le", "eq"):
            highs.append(part.value if part.operator == "lt" else part.value + step)
    return max(lows, default=None), min(highs, default=None)


def _need(table: Table, top: int | None) -> None:
    if top is None or top > PREVIEW:
        raise InputError(
            f"{table.entity_set} needs a span of time: $filter={table.time} ge … and {table.time} lt … "
            f"(or $top of at most {PREVIEW} for a preview of the last 7 days).",
            ("$filter",),
        )


def _interval(custom: Sequence[tuple[str, str]]) -> EngagementInterval:
    text = next((value.upper() for name, value in custom if name == "interval"), "DAILY")
    return EngagementInterval.__members__.get(text, EngagementInterval.DAILY)


def _names(node: Node | None) -> tuple[str, ...] | None:
    found = [texts for texts in (texts_of(part, "site_key") for part in conjuncts(node)) if texts is not None]
    if not found:
        return None
    shared = set(found[0]).intersection(*found[1:])
    return tuple(text for text in found[0] if text in shared)


def _select(text: str, table: Table, *, pii: bool) -> str:
    names = [name.strip() for name in text.split(",")]
    every = [column.name for column in table.shown(pii=pii)]
    if "*" in names:
        return ",".join(every)
    for name in names:
        if "/" in name:
            raise NotSupported("There are no paths below a property.")
        if name not in every:
            raise InputError(f"There is no such property.{nearest(name, every)}", ("$select",))
    return ",".join(names)


def _order(text: str, table: Table, *, pii: bool) -> tuple[Order, ...]:
    found = []
    for part in text.split(",") if text.strip() else ():
        name, *direction = part.split()
        columns = table.shown(pii=pii)
        if "(" in part or "/" in part:
            raise NotSupported("`$orderby` takes properties.")
        if name not in [column.name for column in columns]:
            raise InputError(f"There is no such property.{nearest(name, [c.name for c in columns])}", ("$orderby",))
        if direction not in ([], ["asc"], ["desc"]):
            raise InputError("`$orderby` is a list of properties, each with asc or desc.", ("$orderby",))
        place = _place(table, name)
        if columns[place].raw:
            raise InputError("Raw identifiers cannot be sorted by.", ("$orderby",))
        found.append(Order(place, direction == ["desc"]))
    return tuple(found)


def _place(table: Table, name: str) -> int:
    return [column.name for column in table.columns].index(name)


def _whole(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise InputError(f"`{name}` is a whole number.", (name,))
    return int(text)


def _true(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false")
    if text not in ("true", "false"):
        raise InputError(f"`{name}` is true or false.", (name,))
    return text == "true"


def whole_buckets(ask: Ask, ends: Micros) -> Ask:
    """The question up to the end of its last bucket: a filter on starts never cuts one."""
    assert ask.window is not None
    return msgspec.structs.replace(ask, window=Window(ask.window.start, max(ask.window.end, ends)))
