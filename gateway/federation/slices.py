"""Reading a long window by its near end without draining it, from vendors that promise no order (rules.md 16).

A read of a window is worth something only when it is complete. So a window is probed with one page; where the vendor
holds more, the instants seen tell how narrow the next window must be. A window cut at the needed row of a sample holds
at least the rows that were sampled from it, so two calls are enough whether the vendor sorts up or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any, TypeVar

import msgspec

from gateway.domain.instant import DAY, MINUTE, Micros
from gateway.domain.ports import course
from gateway.domain.ports.slices import Short, Slice
from gateway.domain.window import Window

Body = TypeVar("Body")
Read = Callable[[Window, int | None], Awaitable[Slice[Body]]]

_PROBE = 31 * DAY
_GROWTH = 8
_SMALLEST_BUDGET = 750
_MOST_TRIES = 12
_SPREAD = 3  # so many times thinner than the whole: what was seen is some stores' only


class Reach(msgspec.Struct):
    """How a scan reads. `need`: wanted rows still missing, lowered by the caller as they arrive.

    `picks` gives the instants of the wanted rows of a body; `share` is the part of all rows that is wanted, as far as
    is known beforehand. `grain` as of the port. `page_rows`: the vendor's largest page. `whole`: rows that may be read
    to complete a window rather than narrow it. `day_first`: begin with one grain, for a vendor that tells no total.
    `now`: after it rows are unlikely, though not impossible. `lost`: the last guess of where rows are brought none.
    """

    need: int
    picks: Callable[[Any], list[Micros]]
    backward: bool = False
    grain: Micros = 1
    page_rows: int = 10_000
    whole: int | None = None
    day_first: bool = False
    share: float = 1.0
    now: Micros | None = None
    lost: bool = False

    @property
    def budget(self) -> int:
        """Rows one read should bring: half as many again as should hold what is wanted."""
        rows = int(1.5 * self.need / max(self.share, 1e-6))
        return max(rows, min(_SMALLEST_BUDGET, self.page_rows))


async def scan(read: Read[Body], span: Window, reach: Reach) -> AsyncIterator[tuple[Window, Slice[Body]]]:
    """Adjacent complete slices of `span`, the near end first (the far end with `backward`), until the caller stops.

    Slices that hold nothing are yielded too: they are known to be empty. Raises UpstreamError, after what was known of
    a Short one; rows of it beyond the window yielded are no part of the scan.
    """

    async def heading(window: Window, budget: int | None) -> Slice[Body]:
        with course.towards(span, reach.need, reach.picks, backward=reach.backward):
            return await read(window, budget)

    rest, width = span, (reach.grain if reach.day_first else _PROBE) + _ahead(span, reach)
    while not rest.empty:
        probe = _near(rest, width, reach)
        window, found = await _complete(heading, probe, reach)
        if isinstance(found, Short) and found.error is not None:
            near = found.near(window, backward=reach.backward)
            if not near.empty:
                yield near, found
            raise found.error
        yield window, found
        rest = Window(rest.start, window.start) if reach.backward else Window(window.end, rest.end)
        if rest.empty:
            return
        if found.total == 0 and window == probe:
            width = rest.length  # nothing far and wide: look everywhere
        else:
            brought = len(reach.picks(found.body))  # what was dense stays dense, what was thin stays thin
            reach.lost = window != probe and brought == 0
            width = window.length * min(_GROWTH, max(1, -(-reach.need // max(1, brought))))


async def _complete(read: Read[Body], window: Window, reach: Reach) -> tuple[Window, Slice[Body]]:
    """The widest complete slice at the near end of `window` that the budget allows."""
    budget = max(reach.budget, reach.whole or 0)
    for _ in range(_MOST_TRIES):
        if window.length <= reach.grain:
            break
        found = await read(window, budget)
        if found.complete:
            return window, found
        narrower = _narrowed(window, found, reach)
        if narrower == window:
            break
        window = narrower
        if not reach.day_first:
            budget = max(budget, 2 * reach.page_rows)  # a window cut to measure is worth the page it may be too long by
    return window, await read(window, None)


def _near(rest: Window, width: Micros, reach: Reach) -> Window:
    """The near end of `rest`, about `width` wide, so that it ends on a grain."""
    grain = reach.grain
    if reach.backward:
        start = -(-(rest.end - width) // grain) * grain
        return Window(max(rest.start, start if start < rest.end else start - grain), rest.end)
    end = (rest.start + width) // grain * grain
    return Window(rest.start, min(rest.end, end if end > rest.start else end + grain))


def _narrowed(window: Window, found: Slice[Body], reach: Reach) -> Window:
    """A window at the near end that should hold the needed rows and still fit one page."""
    seen = _away(window, found.sample, reach)
    wanted = sorted(_away(window, reach.picks(found.body), reach))
    if reach.day_first:
        return _near(window, max(_days(seen, wanted, reach), _ahead(window, reach)), reach)
    held, ahead = max(found.total or 0, len(seen) + 1), _ahead(window, reach)
    width = _width(seen, wanted, held, window.length, ahead, reach) if seen else window.length // _GROWTH
    # on to the grain behind it, so that the row the window was cut at stays inside
    return _near(window, max(reach.grain, min(width + reach.grain - 1, window.length - 1)), reach)


def _away(window: Window, instants: list[Micros], reach: Reach) -> list[Micros]:
    """Distances from the near end: small is near, whichever way the scan goes. What lies outside is left out."""
    if reach.backward:
        return [window.end - 1 - instant for instant in instants if instant in window]
    return [instant - window.start for instant in instants if instant in window]


def _days(seen: list[Micros], wanted: list[Micros], reach: Reach) -> Micros:
    """As `_width`, for a vendor that tells no total: one day, unless nothing nearer than some days was seen."""
    if len(wanted) >= reach.need and all(a <= b for a, b in pairwise(seen)):
        return wanted[reach.need - 1] + reach.grain
    return max(reach.grain, min(seen, default=0) // reach.grain * reach.grain - reach.grain)


def _ahead(window: Window, reach: Reach) -> Micros:
    """How much of the near end lies in the future, where nothing is expected."""
    return max(0, window.end - reach.now) if reach.backward and reach.now is not None else 0


def _width(seen: list[Micros], wanted: list[Micros], held: int, length: Micros, ahead: Micros, reach: Reach) -> Micros:
    """How far from the near end the needed rows should reach, from the distances of sampled rows in vendor order.

    `wanted`: those of the wanted ones, ascending. `held`: rows the vendor holds in the window, which is of `length`.
    `ahead`: the part of the near end where none are expected.
    """
    need, page = reach.need, min(reach.budget, reach.page_rows, max(len(seen), reach.need))
    share = len(wanted) / len(seen) if wanted else reach.share
    if all(a <= b for a, b in pairwise(seen)):  # most likely sorted: the needed row is where it was seen
        if len(wanted) >= need:
            return wanted[need - 1] + 1
        if seen[-1] * held < _SPREAD * length * len(seen):
            return int((seen[-1] + 1) * 1.2 * need / max(1.0, share * len(seen)))
        # sorted by store: those that come first in the answer say nothing of the others but that time is thin
        rows = min(max(1.6 * need / min(share, reach.share), 0.6 * reach.page_rows), 0.85 * reach.page_rows)
        return max(int(length * rows / held), min(DAY, length // 2))
    rows = min(max(1.6 * need / max(share, 1e-6), 0.6 * page), 0.85 * max(reach.budget, reach.page_rows))
    if all(a >= b for a, b in pairwise(seen)):  # sorted the other way: the far end was seen, the near end was not
        unseen = held - len(seen)
        if rows > unseen:  # so many rows reach into what was seen
            return seen[min(len(seen) - 1, max(1, held - int(rows)))] + 1
        if reach.lost:  # an even spread has misled already: halve the way to what was seen
            return seen[-1] // 2
        ahead = min(ahead, seen[-1])
        spread = (seen[-1] - ahead) / max(1, unseen)  # evenly, for want of a better guess
        # minutes come dense by day and not at all by night: a day of them costs no more calls than an hour
        least = min(DAY, int(spread * 0.6 * reach.page_rows)) if reach.grain == MINUTE else 0
        return ahead + max(int(spread * rows), least)
    ascending = sorted(seen)
    return ascending[min(len(seen), max(1, int(rows * len(seen) / held))) - 1] + 1
