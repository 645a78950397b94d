"""Which operations are the same question, and which answers are for one caller's eyes only.

Works on names, and errs on the side of asking again: a name that merely looks like a raw identifier's counts as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    strip_ignored_characters,
)

from gateway.execution.rows import RAW, ROW, UNSHARED

_NAME = re.compile(r"[_A-Za-z]\w*", re.ASCII)


class Guards:
    """What the schema's fields say of themselves in their metadata."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._raw: set[str] = set()
        self._unshared: set[str] = set()
        for type_ in schema.type_map.values():
            if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                continue
            for name, field in type_.fields.items():
                told: Mapping[str, Any] = getattr(field.extensions.get("strawberry-definition"), "metadata", None) or {}
                row = told.get(ROW)
                if told.get(RAW) or (row is not None and row.masked is not None):
                    self._raw.add(name)
                if told.get(UNSHARED):
                    self._unshared.add(name)
        self._members = [f'"{name}"'.encode() for name in sorted(self._raw)]

    def raw(self, text: str) -> bool:
        """Whether a document may ask for, or by, a raw identifier."""
        return not self._raw.isdisjoint(_NAME.findall(text))

    def raw_variables(self, variables: Mapping[str, Any]) -> bool:
        """Whether variables may name a raw identifier."""
        if not variables:
            return False
        try:
            told = orjson.dumps(variables)
        except TypeError:
            return True
        return any(member in told for member in self._members)

    def signature(
        self, text: str, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> bytes | None:
        """Equal for operations that ask the same, however they are written; None where the answer is not shared."""
        if operation.operation is not OperationType.QUERY:
            return None
        if not self._unshared.isdisjoint(_fields(operation, fragments)):
            return None
        name = operation.name.value if operation.name else ""
        asked = f"{name}\0{strip_ignored_characters(text)}"
        return hashlib.blake2b(asked.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _fields(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """Names of all fields of an operation; of fragments, whoever spreads them."""
    pending: list[SelectionSetNode] = [operation.selection_set, *(f.selection_set for f in fragments.values())]
    while pending:
        for selection in pending.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection.name.value
            below: SelectionSetNode | None = getattr(selection, "selection_set", None)
            if below is not None:
                pending.append(below)
