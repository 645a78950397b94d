"""Rows that need not exist one by one: whoever wants one attribute of all of them reads a column.

Pure. What a column says is what the rows would say, row by row.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

Row = TypeVar("Row")


COLUMNED: set[type] = set()
"""The classes below: `type(rows) in COLUMNED` is what `isinstance` says, at a tenth of its price."""


class Columned(Sequence[Row]):
    """`item` is the class of every row."""

    item: type

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        COLUMNED.add(cls)

    @abstractmethod
    def column(self, name: str) -> Sequence[Any]:
        """The attribute `name` of every row, in their order."""
