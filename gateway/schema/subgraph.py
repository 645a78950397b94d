"""The SDL as a router composes it: the graph's own, with the marks of Federation 2 on it.

The marks stand here and nowhere else: the graph that is served without a router knows nothing of them.
"""

from __future__ import annotations

from dataclasses import replace

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    parse,
    print_ast,
)

from gateway.schema.entities import KEYS

LINK = """extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@inaccessible"])
"""
VALUES = frozenset({"PageInfo", "Coordinates", "UserError"})
"""Plain values that mean the same in any graph: another subgraph may have them too."""
EVERYWHERE = frozenset({"node", "nodes"})
"""Root fields every Relay graph has. A global id does not tell a router whose it is, so none of them can answer for
all: they may stand beside others' and are out of callers' sight. A caller reaches an entity by the root field of its
kind; a caller of this gateway itself still has them."""


def marked(sdl: str) -> str:
    """`sdl` with the marks."""
    document = parse(sdl, no_location=True)
    return LINK + "\n" + "\n\n".join(print_ast(_marked(each)) for each in document.definitions) + "\n"


def _marked(definition: DefinitionNode) -> DefinitionNode:
    if not isinstance(definition, ObjectTypeDefinitionNode):
        return definition
    name = definition.name.value
    marks = [f'@key(fields: "{field}")' for field in KEYS.get(name, ())]
    if name in VALUES:
        marks.append("@shareable")
    fields = definition.fields or ()
    if name == "Query":
        shared = _directives("@shareable", "@inaccessible")
        fields = tuple(
            replace(each, directives=(*(each.directives or ()), *shared)) if each.name.value in EVERYWHERE else each
            for each in fields
        )
    return replace(definition, directives=(*(definition.directives or ()), *_directives(*marks)), fields=fields)


def _directives(*marks: str) -> tuple[ConstDirectiveNode, ...]:
    (carrier,) = parse(f"scalar X {' '.join(marks)}", no_location=True).definitions
    assert isinstance(carrier, ScalarTypeDefinitionNode)
    return tuple(carrier.directives or ())
