"""Selections as generated functions: plain data is completed in one loop instead of one call a field.

A plan never reports an error and never has a side effect: whatever is not exactly as expected raises, and the
reference executor does that subtree again. What is not plain (arguments, I/O, other resolvers) is left for later: the
plan only notes where its result belongs. How one is written stands in `writer`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import msgspec
from graphql import GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from gateway.execution.rows import Joined, Row

LONG = 1_000
"""Rows a plan completes in one go; more are completed in turns with whatever else waits for the loop."""
TURN = 0.004
"""Seconds a turn takes before others get theirs."""
MOST_PLANS = 64


class Surprise(Exception):
    """Something is not as the plan expects."""


class TooLong(Exception):
    """More rows than one turn takes."""


class Slot(msgspec.Struct, eq=False):
    """A field executed after the plan, for every object it stands on: as `row` or `joined` say, else one by one.

    `together` names the slots that are executed as one: those of one selection, whatever type they stand on.
    """

    key: str
    parent: GraphQLObjectType
    fields: FieldDetailsList
    definition: GraphQLField
    joined: Joined | None = None
    row: Row | None = None
    together: Hashable | None = None


Deferred = tuple[Slot, dict[str, Any], Any, Path]
"""A slot, the object its value goes to, the source, and the path of that object."""


class Plan(msgspec.Struct, eq=False):
    """`now` and `in_turns` complete a value: (value, path, row functions, deferred)."""

    now: Callable[..., Any]
    in_turns: Callable[..., Awaitable[Any]]
    rows: list[Row]


class Plans:
    """The plans of one document. Bounded, as a document is: by what can be selected in it."""

    def __init__(self, switches: tuple[str, ...] = ()) -> None:
        self.switches = switches
        self._found: dict[tuple[Any, ...], tuple[Plan | None, FieldDetailsList, Any] | None] = {}

    def find(self, key: tuple[Any, ...], write: Callable[[], Plan | None], kept: Any, *, at_once: bool) -> Plan | None:
        """The plan of a selection, written when it is met for the second time or `at_once`.

        `kept` holds what the key names by identity, so that no other object can take its place.
        """
        found = self._found.get(key, self)
        if found is self:
            if len(self._found) >= MOST_PLANS:
                return None
            self._found[key] = None
            found = None
            if not at_once:
                return None
        if found is None:
            found = self._found[key] = (write(), *kept)
        return found[0]  # type: ignore[index]
