"""The in-process level: least recently used goes first, bounded by bytes. Values are shared, so never changed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec


class Counters(msgspec.Struct):
    """Counted since start, for metrics: parts served by state, parts asked of vendors, entries evicted, bytes held."""

    closed: int = 0
    open: int = 0
    stale: int = 0
    miss: int = 0
    evictions: int = 0
    bytes: int = 0


class Local:
    """Entries by key. Sizes are estimates in bytes, made by whoever puts."""

    def __init__(self, most_bytes: int, counters: Counters) -> None:
        self._most = most_bytes
        self._entries: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self.counters = counters

    def get(self, key: str) -> Any:
        """None where there is nothing."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def peek(self, key: str) -> Any:
        """As `get`, but nobody is the wiser."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: str, value: object, size: int) -> None:
        self.drop(key)
        self._entries[key] = (value, size)
        self.counters.bytes += size
        while self.counters.bytes > self._most and self._entries:
            self.drop(next(iter(self._entries)))
            self.counters.evictions += 1

    def drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.counters.bytes -= entry[1]

    def keys(self) -> list[str]:
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()
        self.counters.bytes = 0
