"""Forgetting on demand: by vendor, by code and by time, in the shared store and in every process over it.

A process learns of another's purge within a second. Nothing is ever forgotten by guessing from a pattern alone: the
codes of a site are hashed the way the keys are.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from gateway.cache.local import Local
from gateway.cache.shelf import Shelf
from gateway.cache.store import Store
from gateway.domain.instant import DAY
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window

_BY_DAY = frozenset({"visits", "occupancy", "stays", "online"})


class Purges:
    """What can be forgotten."""

    def __init__(self, local: Local, store: Store | None) -> None:
        self._local = local
        self._store = store
        self._shelves: list[Shelf] = []
        self.count = 0

    def add(self, shelf: Shelf) -> None:
        self._shelves.append(shelf)

    async def purge(
        self,
        vendors: Iterable[VendorKey] | None = None,
        codes: Iterable[str] | None = None,
        window: Window | None = None,
    ) -> int:
        """How many entries were dropped. None: no bound. A read of all codes holds each code's rows, so it goes too.

        Whatever is not kept by code or by day goes with its vendor. Raises StoreAway where the store cannot be told.
        """
        asked, only = None if vendors is None else set(vendors), None if codes is None else list(codes)
        dropped = 0
        self.count += 1
        for shelf in self._shelves:
            if asked is not None and shelf.vendor not in asked:
                continue
            names = None if only is None else {"all", *(shelf.hashed(code) for code in only)}
            prefix = shelf.key("")
            held = {key for key in self._local.keys() if key.startswith(prefix)}  # noqa: SIM118  # not a mapping
            there = set(await self._store.keys(prefix + "*")) if self._store is not None else set()
            doomed = {key for key in held | there if _meant(key.removeprefix(prefix), names, window)}
            for key in doomed:
                self._local.drop(key)
            if self._store is not None:
                await self._store.delete(sorted(doomed & there))
                await self._store.set(shelf.key("purged"), secrets.token_hex(8).encode(), 86_400)
            dropped += len(doomed)
        return dropped


def _meant(name: str, codes: set[str] | None, window: Window | None) -> bool:
    """`name` is a key without its prefix: `visits:<code>:<day>` of a tile."""
    resource, _, rest = name.partition(":")
    if resource in ("lock", "edition", "purged"):
        return False
    if resource not in _BY_DAY:
        return True
    code, _, day = rest.partition(":")
    if codes is not None and code not in codes:
        return False
    number = day.partition(":")[0]
    if window is None or not number.lstrip("-").isdigit():
        return True
    start = int(number) * DAY
    return start < window.end and window.start < start + DAY
