"""A stretch of a site's minutes as rows that are only made when somebody wants a whole one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from gateway.domain.columned import Columned

Row = TypeVar("Row")
Read = Callable[[range], Sequence[Any]]


class Stretch(Columned[Row]):
    """`make` makes the row of one index; `columns` read an attribute of many. Indices may run backwards."""

    def __init__(
        self, item: type[Row], make: Callable[[int], Row], columns: Mapping[str, Read], indices: range
    ) -> None:
        self.item = item
        self._make = make
        self._columns = columns
        self._indices = indices

    def column(self, name: str) -> Sequence[Any]:
        read = self._columns.get(name)
        return [getattr(row, name) for row in self] if read is None else read(self._indices)

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[Row]:
        return map(self._make, self._indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Stretch(self.item, self._make, self._columns, self._indices[index])
        return self._make(self._indices[index])


def part(values: list[Any], indices: range) -> list[Any]:
    """The values at these indices."""
    if indices.step == 1:
        return values[indices.start : indices.stop]
    return [values[index] for index in indices]
