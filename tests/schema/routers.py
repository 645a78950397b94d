"""How a router asks for entities, and what is there to be asked for."""

from __future__ import annotations

from typing import Any

from gateway.access.principal import Principal
from tests.schema.running import OPERATOR, Running

KNOWN_FIELDS = "... on Node { id } ... on Site { key }"
ENTITIES = f"query ($of: [_Any!]!) {{ _entities(representations: $of) {{ __typename {KNOWN_FIELDS} }} }}"
LISTS = {"Site": "sites", "Campaign": "campaigns", "PointOfInterest": "pointsOfInterest", "Study": "studies"}


async def entities(graph: Running, of: list[Any], caller: Principal = OPERATOR) -> Any:
    return (await graph.data(ENTITIES, {"of": of}, caller))["_entities"]


async def listed(graph: Running, kind: str) -> list[dict[str, Any]]:
    field = LISTS[kind]
    found: list[dict[str, Any]] = (await graph.data(f"{{ {field}(first: 1000) {{ nodes {{ id key }} }} }}"))[field][
        "nodes"
    ]
    return found


def told(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """As ENTITIES has a row of a list."""
    return {"__typename": kind, **(row if kind == "Site" else {"id": row["id"]})}


def of_ids(kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"__typename": kind, "id": row["id"]} for row in rows]
