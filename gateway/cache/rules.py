"""How long what a vendor said is good. Pure: times in, times out, all in microseconds.

What cannot change any more is kept; what can is asked again when the vendor may have something new, not by a guess.
"""

from __future__ import annotations

from typing import Any

from gateway.cache.entries import FINAL, Lasts
from gateway.cache.spans import NEVER, Span
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND, Micros
from gateway.domain.session import AppRecord, WifiRecord
from gateway.domain.window import Days, Window

PUBLISHED_EVERY = 15 * MINUTE
GRACE = 24 * HOUR
"""How long what was published may be told while the vendor is down; the newest end only for `TAIL_GRACE`."""
TAIL_GRACE = 10 * MINUTE

LIST = Lasts(fresh=60 * SECOND, late=60 * SECOND, broken=24 * HOUR)


class CounterRule:
    """People counter: published each quarter hour with a lag, corrected until `settle` after it (quirks B17, B18)."""

    grain: Micros = 1
    late: Micros = PUBLISHED_EVERY

    def __init__(self, settle: Micros, lag: Micros) -> None:
        self._settle = settle
        self._lag = lag

    def spans(self, window: Window, read: Micros, body: dict[str, Any]) -> list[Span]:
        published = self.published(read)
        closed = min(published, (read - self._settle) // PUBLISHED_EVERY * PUBLISHED_EVERY)
        until = self.expires(read)
        return _cut(
            window,
            Span(-NEVER, closed, read, NEVER, 0),
            Span(closed, published, read, until, GRACE),
            Span(published, NEVER, read, until, TAIL_GRACE),
        )

    def reach(self, end: Micros, now: Micros) -> Micros:
        """To the end of the quarter hour in which the next publication falls."""
        if end <= self.published(now):
            return end
        return max(end, (self.expires(now) // PUBLISHED_EVERY + 1) * PUBLISHED_EVERY)

    def published(self, now: Micros) -> Micros:
        """End of the newest quarter hour that had time to be published."""
        return (now - self._lag) // PUBLISHED_EVERY * PUBLISHED_EVERY

    def expires(self, read: Micros) -> Micros:
        """The first publication after a read."""
        return self.published(read) + PUBLISHED_EVERY + self._lag

    def lasts(self, end: Micros, read: Micros) -> Lasts:
        """Of one figure over a window up to `end`."""
        if end + self._settle <= read:
            return FINAL
        return Lasts(self.expires(read) - read, self.late, GRACE if end <= self.published(read) else TAIL_GRACE)


class StayRule:
    """Stays: one without an end is never final (quirk B9), one may be told late, and the newest come any moment.

    `settle`: age at which no further stay of a time is expected; `stale`: age at which one without an end is given up.
    `moving`: what was asked for depends on who is online now, so nothing of it is final.
    """

    late: Micros = 60 * SECOND
    held: Micros = 60 * SECOND
    arriving: Micros = 30 * MINUTE
    reread: Micros = 10 * MINUTE

    def __init__(self, settle: Micros, stale: Micros, grain: Micros = 1, *, moving: bool = False) -> None:
        self._settle = settle
        self._stale = stale
        self._moving = moving
        self.grain = grain

    def spans(self, window: Window, read: Micros, body: dict[str, Any]) -> list[Span]:
        until = read + self.held
        if self._moving:
            return _cut(window, Span(-NEVER, NEVER, read, until, TAIL_GRACE))
        closed = read - self._settle
        arriving = max(closed, read - self.arriving)
        found: list[Span] = []
        at = -NEVER
        for hour in self._unended(body, read):
            if hour >= arriving:
                break
            found += self._calm(at, hour, closed, read)
            at = min(hour + HOUR, arriving)
            found.append(Span(hour, at, read, until, GRACE))
        found += self._calm(at, arriving, closed, read)
        return _cut(window, *found, Span(arriving, NEVER, read, until, TAIL_GRACE))

    def reach(self, end: Micros, now: Micros) -> Micros:
        """Past now, so that those who come back in a moment find what is to come already asked for."""
        return max(end, now + self.held) if end > now - self.held else end

    def _calm(self, start: Micros, end: Micros, closed: Micros, read: Micros) -> list[Span]:
        spans = (Span(-NEVER, closed, read, NEVER, 0), Span(closed, NEVER, read, read + self.reread, GRACE))
        return _cut(Window(start, end), *spans)

    def _unended(self, body: dict[str, list[AppRecord | WifiRecord]], read: Micros) -> list[Micros]:
        """The hours that hold a stay without an end, ascending."""
        hours = {
            record.start // HOUR * HOUR
            for column in body.values()
            for record in column
            if (record.online if isinstance(record, WifiRecord) else record.ended_at is None)
            and (isinstance(record, WifiRecord) or record.start > read - self._stale)
        }
        return sorted(hours)


def counted(end: Micros, settle: Micros, read: Micros) -> Lasts:
    """Of a vendor's own count over a window: final once its end has settled, else good until the next minute."""
    if end + settle <= read:
        return FINAL
    return Lasts((read // MINUTE + 1) * MINUTE - read, MINUTE, TAIL_GRACE)


def dated(days: Days, read: Micros, *, settle_days: int = 2, fresh: Micros = 10 * MINUTE) -> Lasts:
    """Of a figure over whole days: good for a day once they have settled in every zone, else for minutes."""
    settled = days.last.toordinal() - _EPOCH_ORDINAL + settle_days < read // DAY
    return Lasts(DAY, HOUR, GRACE) if settled else Lasts(fresh, fresh, GRACE)


_EPOCH_ORDINAL = 719_163  # 1970-01-01, as `date.toordinal` counts


def _cut(window: Window, *parts: Span) -> list[Span]:
    """The parts inside `window`, empty ones left out."""
    return [
        Span(max(part.start, window.start), min(part.end, window.end), part.read, part.until, part.grace)
        for part in parts
        if max(part.start, window.start) < min(part.end, window.end)
    ]
