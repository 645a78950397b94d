"""The rules of the house for a whole operation, judged before anything runs: who may look at the schema, what may
stand in a URL, what it costs. Rights to single fields are the resolvers' (rights.py lists them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import NamedTypeNode, NonNullTypeNode, OperationDefinitionNode

from gateway.access.principal import require
from gateway.access.scopes import Scope
from gateway.domain.errors import InputError
from gateway.execution.documents import Document
from gateway.execution.operation import GraphQLRequest
from gateway.execution.pricing import Prices, Tariff
from gateway.loaders.request import Request
from gateway.schema.cost import PRICES
from gateway.schema.entities import MEMBERS, TYPENAME

INTROSPECTION = frozenset({"__schema", "__type", "_service"})
"""Fields that tell what the schema is, `_service` to a router."""
OF_PEOPLE = frozenset({"guestsByIp"})
RAW_MEMBERS = frozenset({"deviceId", "guestId", "deviceMac", "yasId"})
"""Members of SessionFilter that take a raw identifier (rules.md 12)."""
RAW_INPUT = "SessionFilter"


class House:
    """One for the whole gateway."""

    prices: Prices = PRICES

    def permit(
        self, document: Document, operation: OperationDefinitionNode, request: GraphQLRequest, context: Request
    ) -> None:
        """Introspection needs `read` (rules.md 35); identifiers of people never stand in a URL (rules.md 12)."""
        if not INTROSPECTION.isdisjoint(document.measures.names):
            require(context.principal, Scope.READ)
        if request.read_only and _of_people(document, operation, request.variables):
            raise InputError("Identifiers of people are not taken from a URL: use POST.")

    def shares(self, document: Document, variables: Mapping[str, Any]) -> bool:
        """A router may send whatever it holds of an entity: nothing but keys is kept, and answers by nothing else."""
        return "_entities" not in document.measures.names or all(map(_keys_alone, variables.values()))

    def explained(self, tariff: Tariff, request: GraphQLRequest, context: Request) -> dict[str, Any] | None:
        """Which field plans which calls with nothing kept: the most there can be. Scope admin (rules.md 41)."""
        if not context.principal.has(Scope.ADMIN):
            return None
        estimate = tariff.estimate(context, request.variables)
        plan = [
            {"path": line.path, "vendor": line.vendor, "calls": line.calls, "shared": line.shared}
            for line in tariff.lines(context, request.variables)
        ]
        return {"atMost": dict(sorted(estimate.calls.items())), "plan": plan}


def _keys_alone(value: Any) -> bool:
    """Whether the representations in a variable are no more than keys."""
    named = value if isinstance(value, list) else [value]
    return all(MEMBERS.issuperset(each) for each in named if isinstance(each, Mapping) and TYPENAME in each)


def _of_people(document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> bool:
    """Whether the operation asks by a person's identifier, in its text or in a variable of the filter's type."""
    measures = document.measures
    if not OF_PEOPLE.isdisjoint(measures.names) or not RAW_MEMBERS.isdisjoint(measures.members):
        return True
    for definition in operation.variable_definitions or ():
        type_: Any = definition.type
        while isinstance(type_, NonNullTypeNode):
            type_ = type_.type
        if isinstance(type_, NamedTypeNode) and type_.name.value == RAW_INPUT:
            value = variables.get(definition.variable.name.value)
            if isinstance(value, Mapping) and any(value.get(member) is not None for member in RAW_MEMBERS):
                return True
    return False
