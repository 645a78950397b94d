"""Reading a long window by its near end without draining it, from vendors that promise no order (rules.md 16).

A read of a window is worth something only when it is complete. So a window is probed with a small page; where the
vendor holds more, the instants seen tell how narrow the next window must be. Every narrower window holds at least the
rows that were sampled from it, so two calls are enough whether the vendor sorts up or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import TypeVar

import msgspec

from gateway.domain.instant import DAY, Micros
from gateway.domain.ports.slices import Slice
from gateway.domain.window import Window

Body = TypeVar("Body")
Read = Callable[[Window, int | None], Awaitable[Slice[Body]]]

_PROBE = 31 * DAY
_GROWTH = 8
_SMALLEST_BUDGET = 750
_MOST_TRIES = 12


class Reach(msgspec.Struct):
    """How a scan reads. `need`: rows still wanted, lowered by the caller as they arrive.

    `grain`: as of the port. `page_rows`: the vendor's largest page. `whole`: rows that may be read to complete a
    window rather than narrow it. `day_first`: begin with one grain, for a vendor that tells no total.
    """

    need: int
    backward: bool = False
    grain: Micros = 1
    page_rows: int = 10_000
    whole: int | None = None
    day_first: bool = False


async def scan(read: Read[Body], span: Window, reach: Reach) -> AsyncIterator[tuple[Window, Slice[Body]]]:
    """Adjacent complete slices of `span`, the near end first (the far end with `backward`), until the caller stops.

    Slices that hold nothing are yielded too: they are known to be empty.
    """
    rest, width = span, reach.grain if reach.day_first else _PROBE
    while not rest.empty:
        probe = _near(rest, width, reach)
        window, found = await _complete(read, probe, reach)
        yield window, found
        rest = Window(rest.start, window.start) if reach.backward else Window(window.end, rest.end)
        width = window.length * (_GROWTH if window == probe else 1)  # what was dense stays dense


async def _complete(read: Read[Body], window: Window, reach: Reach) -> tuple[Window, Slice[Body]]:
    """The widest complete slice at the near end of `window` that the budget allows."""
    for _ in range(_MOST_TRIES):
        if window.length <= reach.grain:
            break
        budget = max(min(reach.need + reach.need // 2, reach.page_rows), min(_SMALLEST_BUDGET, reach.page_rows))
        found = await read(window, max(budget, reach.whole or 0))
        if found.complete:
            return window, found
        narrower = _narrowed(window, found, budget, reach)
        if narrower == window:
            break
        window = narrower
    return window, await read(window, None)


def _near(rest: Window, width: Micros, reach: Reach) -> Window:
    """The near end of `rest`, about `width` wide, so that it ends on a grain."""
    grain = reach.grain
    if reach.backward:
        start = -(-(rest.end - width) // grain) * grain
        return Window(max(rest.start, start if start < rest.end else start - grain), rest.end)
    end = (rest.start + width) // grain * grain
    return Window(rest.start, min(rest.end, end if end > rest.start else end + grain))


def _narrowed(window: Window, found: Slice[Body], budget: int, reach: Reach) -> Window:
    """A window at the near end that should hold between `need` rows and `budget` rows."""
    if reach.day_first or not found.sample:
        return _near(window, reach.grain if reach.day_first else max(reach.grain, window.length // _GROWTH), reach)
    seen = found.sample
    budget = min(budget, max(len(seen), reach.need))  # a vendor may clamp its pages
    held = max(found.total or 0, len(seen) + 1)
    # distances from the near end: small is near, whichever way the scan goes
    away = [window.end - 1 - t if reach.backward else t - window.start for t in seen]
    near_first = all(a <= b for a, b in pairwise(away))
    far_first = all(a >= b for a, b in pairwise(away))
    away.sort()
    if near_first:  # most likely sorted: the needed row is where it was seen, and ties come along
        width = away[min(reach.need, len(away)) - 1] + 1
    elif far_first:  # the near end was not seen at all: assume the rest is spread evenly
        width = away[0] * max(reach.need, budget * 6 // 10) // max(1, held - len(seen))
    else:
        wanted = max(reach.need + reach.need // 3, budget * 6 // 10)
        rank = min(len(away), max(1, wanted * len(away) // held))
        width = away[rank - 1] + 1
    return _near(window, max(reach.grain, min(width, window.length - 1)), reach)
