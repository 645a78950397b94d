"""Labels that callers influence, kept to a bounded set: a metric must never grow with what strangers send."""

from __future__ import annotations

from collections.abc import Iterable

OTHER = "other"
UNNAMED = "unnamed"
MOST_NAMES = 100


class Names:
    """Trusted names are always told; of the others the first `most` that come along."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._trusted: frozenset[str] = frozenset()
        self._seen: set[str] = set()

    def trust(self, names: Iterable[str]) -> None:
        """Names the operator put on a list: they take no place from others."""
        self._trusted |= frozenset(names)

    def told(self, name: str | None) -> str:
        """The name itself, or a word for all that do not fit."""
        if not name:
            return UNNAMED
        if name in self._trusted or name in self._seen:
            return name
        if len(self._seen) >= self._most:
            return OTHER
        self._seen.add(name)
        return name
