"""The root fields of a Federation 2 subgraph: a router's way to the things that have a key.

An entity is found the way `node` and `site` find it, with the same rights: whatever a representation holds, it can
name nothing that its caller could not have fetched by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.access.scopes import Scope
from gateway.domain.errors import GatewayError, InputError
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema.arguments import Info
from gateway.schema.campaign import Campaign
from gateway.schema.node import decode
from gateway.schema.point_of_interest import PointOfInterest
from gateway.schema.query import Query, by_id
from gateway.schema.site import Site
from gateway.schema.study import Study

TYPENAME = "__typename"
KEYS: Mapping[str, tuple[str, ...]] = {
    "Site": ("id", "key"),
    "Campaign": ("id",),
    "PointOfInterest": ("id",),
    "Study": ("id",),
}
"""By entity, the fields that name one, each by itself; the first wins where both are told."""
MEMBERS = frozenset({TYPENAME}).union(*KEYS.values())
"""What a representation is read for. Anything else in it is not looked at."""
ARGUMENT = "representations"

Representation = NewType("Representation", object)
Entity = Annotated[
    Site | Campaign | PointOfInterest | Study,
    strawberry.union("_Entity", description="Whatever another subgraph may refer to by a key."),
]
Representations = Annotated[
    list[Representation],
    strawberry.argument(description="Entities by type and key, at most 1,000."),
]

SCALAR: Mapping[object, ScalarDefinition] = {
    Representation: strawberry.scalar(
        name="_Any",
        description="An entity as a router names it: an object of `__typename` and the fields of one of its keys.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    )
}


@strawberry.type(name="_Service", description="What a router must know of this subgraph.")
class Service:
    """Made from the schema as printed."""

    sdl: str = strawberry.field(description="The schema, marked for composition.")


async def _entities(info: Info, representations: Representations) -> list[Entity | None]:
    info.context.require(Scope.READ)
    if len(representations) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} entities can be asked.", (ARGUMENT,))

    async def one(index: int, representation: object) -> object | None:
        try:
            return await _entity(info, representation, index)
        except GatewayError as error:
            info.context.fail(error, info._raw_info, at=(index,))  # noqa: SLF001
            return None

    found = (one(index, each) for index, each in enumerate(representations))
    return list(await asyncio.gather(*found))  # type: ignore[arg-type]  # sources of the union's types


async def _entity(info: Info, representation: object, index: int) -> object | None:
    """What one representation names; None where there is none or it is not the caller's (rules.md 8)."""
    kind, field, value = _named(representation, (ARGUMENT, index))
    if field == "key":
        return await info.context.site(value)
    found = decode(value)
    return await by_id(info, value) if found is not None and found[0] == kind else None


def _named(representation: object, at: tuple[str | int, ...]) -> tuple[str, str, str]:
    """Type, key field and value. Raises InputError."""
    if not isinstance(representation, Mapping):
        raise InputError("A representation is an object.", at)
    kind = representation.get(TYPENAME)
    if not isinstance(kind, str) or kind not in KEYS:
        raise InputError(f"The {TYPENAME} of a representation is one of {', '.join(KEYS)}.", (*at, TYPENAME))
    for field in KEYS[kind]:
        value = representation.get(field)
        if value is not None:
            return kind, field, _text(value, field, (*at, field))
    raise InputError(f"A representation of {kind} has {' or '.join(KEYS[kind])}.", (*at, KEYS[kind][0]))


def _text(value: object, field: str, at: tuple[str | int, ...]) -> str:
    """As the key's scalar takes it: an ID may come as a whole number, a String may not."""
    if field == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InputError("A key of a representation is a text.", at)
    return value


def subgraph_query(sdl: Callable[[], str]) -> type[Any]:
    """Query with a router's fields beside its own. `sdl` is asked when somebody reads it."""

    def told() -> Service:
        return Service(sdl=sdl())

    @strawberry.type(name="Query", description="Everything that can be read.")
    class SubgraphQuery(Query):
        """Root of reads."""

        entities: list[Entity | None] = strawberry.field(
            resolver=_entities,
            name="_entities",
            description="For routers: entities in the order asked, null in place where there is none or it is not the "
            "caller's.",
        )
        service: Service = strawberry.field(
            resolver=told, name="_service", description="For routers: this subgraph. Needs scope `read`."
        )

    return SubgraphQuery
