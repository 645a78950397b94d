"""How old the parts of an answer are, collected while it is made; and the wish to go round what is kept.

Both travel in context variables, like the tally of calls. Only times stand in here, never a value or a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self, TypeVar, overload

import msgspec

from gateway.domain.instant import SECOND, Micros
from gateway.domain.vendor import VendorKey


class Part(msgspec.Struct):
    """What one vendor's parts add up to.

    `as_of`: when the oldest part that may still change was read, None where all of it is final. `expires`: when the
    first part is due to be read again, None for never. `stale`: some part is past that, and told all the same.
    """

    as_of: Micros | None = None
    expires: Micros | None = None
    stale: bool = False


class Freshness:
    """Parts by vendor, used since the `with` began. Where they came from is left to its subclasses."""

    def __init__(self, outer: Freshness | None = None) -> None:
        self.by_vendor: dict[VendorKey, Part] = {}
        self._outer = outer

    def __enter__(self) -> Self:
        _collector.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _collector.set(self._outer)

    def add(self, vendor: VendorKey, as_of: Micros | None, expires: Micros | None, stale: bool, kept: bool) -> None:
        """A part was used. `kept`: it had been there before anybody was asked."""
        part = self.by_vendor.setdefault(vendor, Part())
        part.as_of = _least(part.as_of, as_of)
        part.expires = _least(part.expires, expires)
        part.stale = part.stale or stale
        if self._outer is not None:
            self._outer.add(vendor, as_of, expires, stale, kept)

    def missed(self, vendor: VendorKey) -> None:
        """The vendor is asked, for want of a part."""
        if self._outer is not None:
            self._outer.missed(vendor)

    def joined(self, vendor: VendorKey) -> None:
        """Somebody else is asking already, and is waited for."""
        if self._outer is not None:
            self._outer.joined(vendor)

    @property
    def stale(self) -> frozenset[VendorKey]:
        """Vendors of which something past its time is in the answer."""
        return frozenset(vendor for vendor, part in self.by_vendor.items() if part.stale)

    def max_age(self, now: Micros) -> int | None:
        """Whole seconds the answer may be kept; 0 with anything stale, None where it never ends."""
        if self.stale:
            return 0
        ends = [part.expires for part in self.by_vendor.values() if part.expires is not None]
        return max(0, (min(ends) - now) // SECOND) if ends else None

    def age(self, now: Micros) -> int:
        """Whole seconds since the oldest part that may still change was read."""
        reads = [part.as_of for part in self.by_vendor.values() if part.as_of is not None]
        return max(0, (now - min(reads)) // SECOND) if reads else 0


Kind = TypeVar("Kind", bound=Freshness)

_collector: ContextVar[Freshness | None] = ContextVar("freshness", default=None)
_bypassed: ContextVar[bool] = ContextVar("cache_bypassed", default=False)


@overload
def collect() -> Freshness: ...
@overload
def collect(kind: type[Kind]) -> Kind: ...
def collect(kind: type[Any] = Freshness) -> Any:
    """Gathers the age of every part used inside. One inside another counts for both."""
    return kind(_collector.get())


def note(
    vendor: VendorKey, as_of: Micros | None, expires: Micros | None, *, stale: bool = False, kept: bool = True
) -> None:
    """A part was used. `as_of` None: it is final. `kept` False: it was asked for just now."""
    collector = _collector.get()
    if collector is not None:
        collector.add(vendor, as_of, expires, stale, kept)


def missed(vendor: VendorKey) -> None:
    """A vendor is about to be asked for a part."""
    collector = _collector.get()
    if collector is not None:
        collector.missed(vendor)


def joined(vendor: VendorKey) -> None:
    """A part is being read for somebody else, here or by another replica, and is waited for."""
    collector = _collector.get()
    if collector is not None:
        collector.joined(vendor)


@contextmanager
def bypassing() -> Iterator[None]:
    """Inside, nothing kept is read; what is asked is kept all the same (rules.md 39)."""
    outer = _bypassed.get()
    _bypassed.set(True)
    try:
        yield
    finally:
        _bypassed.set(outer)


def bypassed() -> bool:
    """Whether the work at hand goes round what is kept."""
    return _bypassed.get()


def _least(one: Micros | None, other: Micros | None) -> Micros | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
