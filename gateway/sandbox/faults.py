"""Faults that can be switched on at a simulator, and the count of the calls it got.

    Faults().on(Fault(kind="status", status=503, endpoint="/bi/dwelltime/", times=2))

Over HTTP, at the root of each simulator's port: `GET`, `POST`, `DELETE /_faults` and `GET`, `DELETE /_calls`. Faults
belong to one simulator; the control routes are never faulty and never counted. No vendor's words belong here.

    latency      the true answer, `seconds` late; the next fault has its turn as well
    status       `status` with `headers` and `body`
    malformed    200, JSON with a trailing comma (quirk B16)
    wrong_shape  200, JSON of another shape
    error_body   200, an error for a body
    empty        200 without a body
    html         200, a page
    redirect     301 to `location`
    truncated    headers and half the body of the true answer, then the connection closes
    reset        the connection is reset before a byte is sent
    drip         the true answer, one byte every `seconds`
    hang         no answer at all

Of all but `latency` the first that applies decides.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Kind = Literal[
    "latency", "status", "malformed", "wrong_shape", "error_body", "empty", "html", "redirect", "truncated", "reset",
    "drip", "hang",
]  # fmt: skip


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`endpoint`: pattern of paths below the prefix (`*` any). `skip` calls go through first; then the next `times`
    calls are hit (None: all), each with `probability`.
    """

    kind: Kind
    endpoint: str = "*"
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 503
    headers: dict[str, str] = {}
    body: str = ""
    location: str = "http://127.0.0.1:9/elsewhere"


class Faults:
    """The faults switched on at one simulator, and its calls."""

    def __init__(self, seed: int = 7) -> None:
        self.active: list[Fault] = []
        self._calls: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._rng = random.Random(seed)

    def on(self, fault: Fault) -> None:
        """Switch `fault` on, beside those already on. It is copied: its counts run down."""
        self.active.append(msgspec.structs.replace(fault))

    def off(self) -> None:
        """Switch every fault off."""
        self.active.clear()

    def strike(self, path: str) -> list[Fault]:
        """The faults that hit this call: latencies, then at most one other. Counts run down."""
        hits: list[Fault] = []
        for fault in list(self.active):
            if fnmatchcase(path, fault.endpoint) and self._hits(fault):
                hits.append(fault)
                if fault.kind != "latency":
                    break
        return hits

    def arrived(self, endpoint: str) -> None:
        """Note one call, answered or not."""
        self._calls[endpoint] += 1

    def served(self, endpoint: str, rows: int) -> None:
        """Note the rows of an answer that is about to be sent."""
        self._rows[endpoint] += rows

    @property
    def calls(self) -> dict[str, int]:
        """Calls by endpoint since the start or the last `forget`."""
        return dict(self._calls)

    @property
    def rows(self) -> dict[str, int]:
        """Rows served by endpoint."""
        return dict(self._rows)

    def forget(self) -> None:
        """Count from zero again."""
        self._calls.clear()
        self._rows.clear()

    def _hits(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if self._rng.random() >= fault.probability:
            return False
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.active.remove(fault)
            return fault.times >= 0
        return True


def endpoint_of(path: str, patterns: Iterable[str]) -> str:
    """The first pattern that `path` matches, or the path."""
    return next((pattern for pattern in patterns if fnmatchcase(path, pattern)), path)
