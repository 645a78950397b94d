"""Rows of `sessions`: the graph's sessions as columns. Identifiers of people only where `pii` was asked and allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.access.pseudonyms import Pseudonyms
from gateway.bi.incremental import Mark, digest_of, digests, packed
from gateway.bi.tables import Batch, batch
from gateway.domain import instant
from gateway.domain.instant import DAY, MINUTE, Micros
from gateway.domain.session import AppRecord, SessionStatus
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.sessions import VENDORS
from gateway.federation.stay_order import Session

LATE = 30 * MINUTE
"""How long after its start a session may first turn up at its vendor."""
LONGEST = 2 * DAY
"""How long a session may stay open and still be awaited."""
MOST_AWAITED = 1_000
"""Open sessions a watermark names one by one; above, some may be sent once more than needed, and none is lost."""
_RAW = ("device_id", "user_id", "alternate_user_id", "device_mac", "device_ip", "guest_id", "yas_id")


class Stays:
    """Makes batches of sessions."""

    def __init__(self, pseudonyms: Pseudonyms, *, pii: bool) -> None:
        self._device = pseudonyms.device
        self._ids = {vendor: pseudonyms.ids("Session", vendor.value) for vendor in VENDORS}
        self._pii = pii

    def id_of(self, session: Session) -> str:
        """As in the graph (rules.md 23)."""
        return self._ids[session.vendor].one(session.record.id)

    def batch(self, sessions: Sequence[Session]) -> Batch:
        rows = [self._row(session, told) for session, told in zip(sessions, self._ids_of(sessions), strict=True)]
        return batch(rows, 19 if self._pii else 12)

    def _ids_of(self, sessions: Sequence[Session]) -> list[str]:
        """`id_of` of each, made together."""
        told = [""] * len(sessions)
        for vendor, ids in self._ids.items():
            places = [place for place, session in enumerate(sessions) if session.vendor is vendor]
            for place, made in zip(places, ids.all([sessions[place].record.id for place in places]), strict=True):
                told[place] = made
        return told

    def _row(self, session: Session, told: str) -> tuple[Any, ...]:
        record = session.record
        identifier = record.device_id if isinstance(record, AppRecord) else record.device_mac
        ended = session.ended_at
        row = (
            told,
            session.vendor.value,
            session.site.key,
            record.start,
            None if ended is None else instant.parse(ended),
            session.duration_seconds,
            session.status.value,
            self._device(session.vendor, identifier) if identifier else None,
            *((None,) * 4 if isinstance(record, AppRecord) else _wifi(record)),
        )
        return (*row, *(getattr(record, name, None) for name in _RAW)) if self._pii else row


def _wifi(record: Any) -> tuple[Any, ...]:
    return record.login_type, record.service_profile, record.downloaded_bytes, record.uploaded_bytes


class Load:
    """One step of an incremental load: what to send, and the mark that the next step continues from.

    `stale_after`: age in microseconds from which a Bespot session without an end is STALE (rules.md 18).
    """

    def __init__(
        self, window: Window, now: Micros, before: Mark | None, stale_after: Micros, id_of: Callable[[Session], str]
    ) -> None:
        self._window = window
        self._now = now
        self._before = before
        self._stale_after = stale_after
        self._id_of = id_of
        self._open = digests(before.open) if before and before.open is not None else frozenset()
        self._seen = digests(before.seen) if before else frozenset()

    @property
    def window(self) -> Window:
        """Where rows to send may lie."""
        if self._before is None:
            return self._window
        low = self._known_until
        if self._before.oldest is not None:
            low = min(low, self._before.oldest)
        return Window(max(self._window.start, min(low, self._window.end)), self._window.end)

    @property
    def tail(self) -> Micros:
        """From where on sessions decide what the mark says: before it nothing can change any more."""
        window = self.window
        return min(max(self._now - LONGEST, window.start), window.end)

    def sends(self, session: Session) -> bool:
        """Whether a session is new, or has changed since it was sent."""
        if self._before is None:
            return True
        start, digest = session.record.start, digest_of(self._id_of(session))
        if digest in self._open:
            return session.status is not self._status_then(session, self._before.at)
        if self._before.open is None and start < self._before.at:
            ended = session.ended_at
            return ended is None or instant.parse(ended) >= self._before.at - LATE
        return start >= self._known_until and digest not in self._seen

    def mark(self, tail: Sequence[Session]) -> Mark:
        """`tail`: every session of the window from `tail` on, sent or not."""
        awaited = [s for s in tail if s.status is not SessionStatus.CLOSED]
        young = [s for s in tail if s.status is SessionStatus.CLOSED and s.record.start >= self._now - LATE]
        return Mark(
            self._window.start,
            self._window.end,
            self._now,
            self._now,
            None if len(awaited) > MOST_AWAITED else packed([digest_of(self._id_of(s)) for s in awaited]),
            packed([digest_of(self._id_of(s)) for s in young[-MOST_AWAITED // 2 :]]),
            min((s.record.start for s in awaited), default=None),
        )

    @property
    def _known_until(self) -> Micros:
        """Sessions that began before then have been sent, whatever the vendor was late with."""
        assert self._before is not None
        return min(self._before.at - LATE, self._before.ended)

    def _status_then(self, session: Session, then: Micros) -> SessionStatus:
        stale = session.vendor is VendorKey.BESPOT and session.record.start < then - self._stale_after
        return SessionStatus.STALE if stale else SessionStatus.OPEN
