"""Lists whose rows stand in columns, completed without making a row: one dict a row, and nothing else.

Only for selections of plain leaves, of objects that stand in columns themselves, and of objects that are completed one
by one beside them. Each column of leaves is looked through as a whole; one value that is not as the schema says, and
the rows are completed one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList

from gateway.execution.rows import Reads

_CLASSES: dict[Any, type] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLInt: int,
    GraphQLBoolean: bool,
    GraphQLFloat: float,
}


COUNT = "#count "
"""Before a list: rows that one turn may be too short for."""
PAUSE = "#pause"
"""In a loop: where others may get their turn."""


class Collector(Protocol):
    """What of an executor a plan is written with."""

    schema: GraphQLSchema

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields: ...


Complete = Callable[[Any, str, FieldDetailsList], list[str]]
"""Writes the lines that complete what a name holds, in place, as a value of a type."""


class _Unfit(Exception):
    """Rows are needed here."""


class Columns:
    """Writes the lines for one list. `name` gives a fresh name, bound to what it is given.

    `complete` is for members that are objects and no columns: its lines read no path and leave nothing for later.
    """

    def __init__(self, collector: Collector, name: Callable[..., str], complete: Complete) -> None:
        self._collector = collector
        self._name = name
        self._complete = complete
        self._before: list[str] = []
        self._drawn: list[tuple[str, str]] = []
        self._each: list[str] = []

    def of_list(self, item: Any, var: str, fields: FieldDetailsList) -> list[str] | None:
        """Lines that turn the rows in `var` into their output values; None where rows are needed."""
        try:
            made = self._object(item, var, fields)
        except _Unfit:
            return None
        if not self._drawn:
            return None
        names, columns = (", ".join(part) for part in zip(*self._drawn, strict=True))
        source = f"zip({columns}, strict=True)" if len(self._drawn) > 1 else columns
        if not self._each:
            return [*self._before, f"{var} = [{made} for {names} in {source}]"]
        done = self._name()
        each = [*self._each, f"{done}.append({made})", PAUSE]
        return [
            *self._before,
            f"{COUNT}{var}",
            f"{done} = []",
            f"for {names} in {source}:",
            *(f"    {line}" for line in each),
            f"{var} = {done}",
        ]

    def _object(self, type_: Any, var: str, fields: FieldDetailsList) -> str:
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if not isinstance(inner, GraphQLObjectType):
            raise _Unfit
        if isinstance(inner.is_type_of, Reads):
            self._before.append(f"if {var}.item not in {self._name(inner.is_type_of.classes)}: raise Surprise")
        elif inner.is_type_of is not None:
            raise _Unfit
        grouped, deferred, _ = self._collector.collect_subfields(inner, fields)
        if deferred:
            raise _Unfit
        return "{" + ", ".join(f"{key!r}: {self._member(inner, var, sub)}" for key, sub in grouped.items()) + "}"

    def _member(self, parent: GraphQLObjectType, var: str, fields: FieldDetailsList) -> str:
        """The expression of one member of a row."""
        node = fields[0].node
        if node.name.value == "__typename":
            return repr(parent.name)
        definition = parent.fields.get(node.name.value)
        if definition is None or node.arguments:
            raise _Unfit
        field: Any = definition.extensions.get("strawberry-definition")
        if field is None or not field.is_basic_field or field.default_resolver is not getattr:
            raise _Unfit
        inner = definition.type.of_type if isinstance(definition.type, GraphQLNonNull) else definition.type
        column = self._name()
        self._before.append(f"{column} = {var}.column({field.python_name!r})")
        if isinstance(inner, GraphQLObjectType):
            self._before.append(f"if type({column}) not in COLUMNED: raise Surprise")
            return self._object(inner, column, fields)
        value = self._name()
        self._drawn.append((value, column))
        if isinstance(inner, GraphQLInterfaceType):
            self._each += self._complete(definition.type, value, fields)
        elif isinstance(inner, GraphQLScalarType):
            self._check(inner, column)
        else:
            raise _Unfit
        return value

    def _check(self, scalar: GraphQLScalarType, column: str) -> None:
        definition = scalar.extensions.get("strawberry-definition")
        cls = _CLASSES.get(scalar) or getattr(getattr(definition, "serialize", None), "unchanged", None)
        if cls is None:
            raise _Unfit
        self._before.append(f"if not set(map(type, {column})) <= {self._name({cls})}: raise Surprise")
        if scalar is GraphQLInt:
            fits = f"-2147483648 <= min({column}) and max({column}) <= 2147483647"
            self._before.append(f"if {column} and not ({fits}): raise Surprise")
        if scalar is GraphQLFloat:
            self._before.append(f"if not all(map(finite, {column})): raise Surprise")
