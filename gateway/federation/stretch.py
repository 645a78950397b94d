"""A stretch of a site's minutes as rows that are only made when somebody wants a whole one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from gateway.domain.columned import Columned
from gateway.domain.site import Site

Row = TypeVar("Row")
Columns = TypeVar("Columns")

Read = Callable[[Any, range, int], Sequence[Any]]
"""One attribute of the rows at some indices of the columns; the minute from which on rows are not final."""
Make = Callable[[Site, Any, int, int], Row]
"""The row of a site at one index of its columns."""


class Shape(msgspec.Struct, Generic[Row], frozen=True):
    """How rows of one class stand in columns."""

    item: type[Row]
    make: Make[Row]
    reads: Mapping[str, Read]


class Stretch(Columned[Row], Generic[Row, Columns]):
    """The rows of `site` at `indices`, which may run backwards. Those before the minute `final` are final."""

    def __init__(self, shape: Shape[Row], site: Site, columns: Columns, final: int, indices: range) -> None:
        self.item = shape.item
        self._shape = shape
        self._site = site
        self._columns = columns
        self._final = final
        self._indices = indices

    def column(self, name: str) -> Sequence[Any]:
        read = self._shape.reads.get(name)
        if read is None:
            return [getattr(row, name) for row in self]
        return read(self._columns, self._indices, self._final)

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[Row]:
        return map(self._made, self._indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Stretch(self._shape, self._site, self._columns, self._final, self._indices[index])
        return self._made(self._indices[index])

    def _made(self, index: int) -> Row:
        return self._shape.make(self._site, self._columns, index, self._final)


def part(values: list[Any], indices: range) -> list[Any]:
    """The values at these indices."""
    if indices.step == 1:
        return values[indices.start : indices.stop]
    return [values[index] for index in indices]
