"""Root fields whose arguments are written out in the document: read and converted once, then asked without Strawberry's
wrapping around the resolver.

Only for what that wrapping would do nothing else for: a coroutine function that takes `info` and its arguments. What
does not fit, or does not convert, is left to the reference, which tells why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, Node, VariableNode
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments

NO_VARIABLES = VariableValues({}, {})


class Straight(msgspec.Struct, frozen=True):
    """`ask` takes the raw info and gives what the resolver gives."""

    definition: GraphQLField
    ask: Callable[[Any], Awaitable[Any]]


def straight(schema: GraphQLSchema, parent: GraphQLObjectType, fields: FieldDetailsList, info: Any) -> Straight | None:
    """How to ask this field of any run; None where it must be asked the usual way. `info`: of one run, for scalars."""
    first = fields[0]
    definition = parent.fields.get(first.node.name.value)
    field: Any = definition and definition.extensions.get("strawberry-definition")
    if definition is None or field is None or first.fragment_variable_values or not _plain(field):
        return None
    if any(map(_varies, first.node.arguments or ())):
        return None
    strawberry_schema = schema._strawberry_schema  # type: ignore[attr-defined]  # noqa: SLF001
    if strawberry_schema.exception_handlers:
        return None
    make, converter = strawberry_schema.config.info_class, strawberry_schema.schema_converter
    try:
        given = get_argument_values(definition, first.node, NO_VARIABLES, None, hide_suggestions=True)
        arguments = convert_arguments(
            given,
            field.arguments,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
            info=make(_raw_info=info, _field=field),
        )
    except Exception:  # the reference will meet it again, and tells it as it should be told
        return None
    resolve, name = field.base_resolver.wrapped_func, field.base_resolver.info_parameter.name

    def ask(raw: Any) -> Any:
        return resolve(**arguments, **{name: make(_raw_info=raw, _field=field)})

    return Straight(definition, ask)


def _plain(field: Any) -> bool:
    resolver = field.base_resolver
    if resolver is None or not field.is_async or field.extensions or resolver.info_parameter is None:
        return False
    return not (resolver.self_parameter or resolver.parent_parameter or resolver.root_parameter)


def _varies(node: Node) -> bool:
    """Whether a variable stands anywhere in it."""
    pending: list[Any] = [node]
    while pending:
        at = pending.pop()
        if isinstance(at, VariableNode):
            return True
        if isinstance(at, (list, tuple)):
            pending.extend(at)
        elif isinstance(at, Node):
            pending.extend(getattr(at, key) for key in at.keys if key != "loc")
    return False
