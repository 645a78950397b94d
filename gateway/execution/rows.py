"""How a field's resolver may be asked for many rows at once: words that a field carries in its `metadata`.

A rule here is a promise that it gives what the resolver gives, row by row. Nothing is decided per row that can be
decided once, and a promise that cannot be kept is an exception: the resolver itself is then asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
import strawberry

ROW = "gateway.row"
"""Metadata key of a Row."""

JOINED = "gateway.joined"
"""Metadata key of a Joined."""

RAW = "gateway.raw"
"""Metadata key: True for a field that tells a raw identifier or more, and is no Row. Its answers are never kept."""

UNSHARED = "gateway.unshared"
"""Metadata key: True for a field that answers each caller, or each moment, differently: never shared."""

OfSource = Callable[[Any], Any]


class Row(msgspec.Struct, frozen=True):
    """A resolver of (source, info) without arguments, as a pure function of the source.

    `of(context)` makes that function once per operation, or gives None where the caller may not see the field: every
    row is then null and `masked(context, info, count)` is told once, with the info of the first row.
    `made`: the attribute of the source that holds the value where it was made beforehand, and nothing where not.
    """

    of: Callable[[Any], OfSource | None]
    masked: Callable[[Any, Any, int], None] | None = None
    made: str | None = None


class Reads:
    """`is_type_of` of a type whose sources are of these classes, and of no class below them."""

    def __init__(self, *classes: type) -> None:
        self.classes = classes

    def __call__(self, source: object, _info: object) -> bool:
        return type(source) in self.classes


class Infos(Sequence[Any]):
    """The info of each row of a join, made when it is read."""

    def __init__(self, make: Callable[[int], strawberry.Info[Any, Any]], count: int) -> None:
        self._make = make
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._make(index)

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, range(self._count))


Joined = Callable[..., Awaitable[Sequence[Any]]]
"""A resolver for all rows of a list at once: (sources, infos, **arguments) to one value or exception per source."""
