"""Which fields the caller selects below the one being resolved: what nobody reads is not fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode


def selected(info: strawberry.Info[Any, Any]) -> frozenset[str]:
    """Names of the fields selected directly below, through fragments. A field under @skip counts as selected."""
    raw = info._raw_info  # noqa: SLF001  # the AST; strawberry's own selection objects cost far more
    names: set[str] = set()
    for node in raw.field_nodes:
        if node.selection_set:
            _collect(node.selection_set.selections, raw.fragments, names, set())
    return frozenset(names)


def _collect(
    selections: Iterable[SelectionNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    names: set[str],
    seen: set[str],
) -> None:
    for selection in selections:
        if isinstance(selection, FieldNode):
            names.add(selection.name.value)
        elif isinstance(selection, InlineFragmentNode):
            _collect(selection.selection_set.selections, fragments, names, seen)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            fragment: Any = fragments.get(selection.name.value)
            fragment = getattr(fragment, "definition", fragment)
            if fragment is not None:
                _collect(fragment.selection_set.selections, fragments, names, seen)


def selected_within(info: strawberry.Info[Any, Any], *through: str) -> frozenset[str]:
    """Names selected below any of the fields `through`, at any depth of them: `edges { node { kind } }`."""
    raw = info._raw_info  # noqa: SLF001
    names: set[str] = set()
    for node in raw.field_nodes:
        if node.selection_set:
            _below(node.selection_set.selections, raw.fragments, frozenset({*through, "edges"}), names, set())
    return frozenset(names)


def _below(
    selections: Iterable[SelectionNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    through: frozenset[str],
    names: set[str],
    seen: set[str],
) -> None:
    for selection in selections:
        if isinstance(selection, FieldNode):
            names.add(selection.name.value)
            if selection.name.value in through and selection.selection_set:
                _below(selection.selection_set.selections, fragments, through, names, seen)
        elif isinstance(selection, InlineFragmentNode):
            _below(selection.selection_set.selections, fragments, through, names, seen)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            fragment: Any = fragments.get(selection.name.value)
            fragment = getattr(fragment, "definition", fragment)
            if fragment is not None:
                _below(fragment.selection_set.selections, fragments, through, names, seen)
