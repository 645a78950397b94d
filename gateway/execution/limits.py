"""How large a document may be, measured before it is validated: validation itself must never be the expensive part.

Every measure is linear in the text and every refusal is a QUERY_TOO_COMPLEX that tells the number found and the one
allowed. What an operation will cost once it runs is `pricing`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from gateway.execution.errors import Entry, entry

TOO_COMPLEX = "QUERY_TOO_COMPLEX"


VALUE = 10
"""Characters one value weighs: a long list costs more than its text."""


class Limits(msgspec.Struct, frozen=True):
    """The largest of each. `variables` is a weight (`size_of`), `calls` are per vendor, `errors` caps what is listed.

    `rows` are the objects lists may hold in all, `values` the fields that may be completed in all.
    """

    characters: int = 200_000
    tokens: int = 10_000
    depth: int = 20
    selections: int = 2_000
    repeats: int = 50
    aliases: int = 100
    directives: int = 100
    fragments: int = 75
    operations: int = 20
    variables: int = 500_000
    errors: int = 100
    rows: int = 250_000
    values: int = 2_500_000
    calls: int = 1_000


class Measures(msgspec.Struct):
    """What a document is made of. `names`: fields selected; `members`: members of literal input objects."""

    depth: int = 0
    selections: int = 0
    repeats: int = 0
    aliases: int = 0
    directives: int = 0
    fragments: int = 0
    operations: int = 0
    names: set[str] = msgspec.field(default_factory=set)
    members: set[str] = msgspec.field(default_factory=set)


CHECKED = ("depth", "selections", "repeats", "aliases", "directives", "fragments", "operations")
_WORDS = {
    "depth": "levels of depth",
    "selections": "selections",
    "repeats": "repeats of one field",
    "aliases": "aliases",
    "directives": "directives",
    "fragments": "fragments",
    "operations": "operations",
    "characters": "characters",
    "variables": "characters of variables",
    "rows": "rows",
    "values": "values",
    "upstreamCalls": "calls to one vendor",
    "tokens": "tokens",
}


def measured(tree: DocumentNode) -> Measures:
    """Counts over the whole text, each node once; the depth is of the operations, through their fragments."""
    found = Measures()
    fragments = {d.name.value: d for d in tree.definitions if isinstance(d, FragmentDefinitionNode)}
    found.fragments = sum(isinstance(d, FragmentDefinitionNode) for d in tree.definitions)
    found.operations = len(tree.definitions) - found.fragments
    stack: list[Node] = list(tree.definitions)
    while stack:
        node = stack.pop()
        if isinstance(node, FieldNode):
            found.names.add(node.name.value)
            found.aliases += node.alias is not None
        elif isinstance(node, DirectiveNode):
            found.directives += 1
        elif isinstance(node, ObjectFieldNode):
            found.members.add(node.name.value)
        elif isinstance(node, SelectionSetNode):
            found.selections += len(node.selections)
            names = Counter(key for key in map(_key, node.selections) if key is not None)
            found.repeats = max(found.repeats, max(names.values(), default=1) - 1)
        stack.extend(_below(node))
    depths: dict[str, int] = {}
    for definition in tree.definitions:
        if isinstance(definition, OperationDefinitionNode):
            found.depth = max(found.depth, _depth(definition.selection_set, fragments, depths))
    return found


def exceeded(found: Measures, limits: Limits) -> Entry | None:
    """The refusal of a document that is too large in one way; None for a good one."""
    for measure in CHECKED:
        value, limit = getattr(found, measure), getattr(limits, measure)
        if value > limit:
            return too_complex(measure, value, limit)
    return None


def too_complex(measure: str, found: int, limit: int, figures: Mapping[str, Any] | None = None) -> Entry:
    """`figures`: what the operation would have cost, where that is known (rules.md 41)."""
    message = f"The operation has {found} {_WORDS[measure]}; at most {limit} are allowed."
    return entry(message, TOO_COMPLEX, measure=measure, found=found, **{"limit": limit, **(figures or {})})


def size_of(variables: object, most: int) -> int:
    """Characters of texts and names, and ten for every value; no further than `most`. Files weigh nothing here."""
    size, stack = 0, [variables]
    while stack and size <= most:
        value = stack.pop()
        size += VALUE
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict):
            size += sum(map(len, value))
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return size


def _key(selection: SelectionNode) -> str | None:
    """The name a field is answered under; None for a fragment."""
    if not isinstance(selection, FieldNode):
        return None
    return selection.alias.value if selection.alias else selection.name.value


def _below(node: Node) -> list[Node]:
    below: list[Node] = []
    for key in node.keys:
        value = getattr(node, key, None)
        if isinstance(value, Node):
            below.append(value)
        elif isinstance(value, (list, tuple)):
            below.extend(value)
    return below


def _depth(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], depths: dict[str, int]) -> int:
    """Levels of fields; a fragment is measured once, and one that spreads itself is left to validation."""
    deepest = 0
    for selection in selected.selections:
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in depths and name in fragments:
                depths[name] = 0
                depths[name] = _depth(fragments[name].selection_set, fragments, depths)
            deepest = max(deepest, depths.get(name, 0))
            continue
        below = getattr(selection, "selection_set", None)
        own = int(isinstance(selection, FieldNode))
        deepest = max(deepest, own + (_depth(below, fragments, depths) if below else 0))
    return deepest
