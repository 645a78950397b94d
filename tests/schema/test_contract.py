"""The printed schema is the committed one, and every member of it says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
)

from gateway.runtime import print_schema

COMMITTED = Path(__file__).parents[2] / "schema.graphql"


def members() -> Iterator[tuple[str, str | None]]:
    for name, kind in build_schema(print_schema()).type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", of.description) for value, of in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", of.description) for field, of in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, of in kind.fields.items():
                yield f"{name}.{field}", of.description
                yield from ((f"{name}.{field}({a})", given.description) for a, given in of.args.items())


def test_the_committed_schema_is_the_one_that_is_printed() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == print_schema(), "run: gateway schema > schema.graphql"


def test_every_type_field_argument_and_value_is_described() -> None:
    assert [name for name, description in members() if not (description or "").strip()] == []


def test_a_description_is_more_than_the_name_again() -> None:
    plain = [
        name
        for name, description in members()
        if (description or "").strip(" .").replace(" ", "").casefold() == name.split(".")[-1].casefold()
    ]
    assert plain == []
