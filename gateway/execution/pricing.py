"""What an operation will cost, told before it runs: rows, values and calls to vendors. An upper bound where it can be.

The price of a field comes from a table that knows the nouns; here is only how prices multiply through lists and are
shared. Each field of a document is priced once however often its fragment is spread, so the work is linear in the
text even where the operation is exponential. Nothing here asks anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    value_from_ast_untyped,
)

from gateway.execution.limits import Limits, too_complex

LISTED = 10
"""Objects supposed in a list that no price knows."""
MOST_STEPS = 20_000
"""Merged selections looked at: only a document built to be expensive has more."""

LARGEST = 2**53 - 1
"""Told instead of anything larger: the figures of a bomb have hundreds of digits, JSON's numbers have not."""

Arguments: TypeAlias = Mapping[str, Any]
Calls: TypeAlias = Mapping[str, int]


class Price(msgspec.Struct, frozen=True):
    """What one field asks, for each object it stands on.

    `items`: objects of a list. `page`: rows of the connection it answers with. `calls` by vendor; those with a
    `share` are made once an operation, however many objects and fields share it.
    """

    items: int | None = None
    page: int | None = None
    calls: Calls = {}
    share: Hashable | None = None


Pricing: TypeAlias = Callable[[Any, Arguments, frozenset[str]], Price]
"""From the operation's context, the arguments as written (JSON) and the names selected below, to a price."""
Prices: TypeAlias = Mapping[str, Pricing]
"""By `Type.field`."""


class Line(msgspec.Struct, frozen=True):
    """Calls one field plans, for `gateway explain`."""

    path: str
    vendor: str
    calls: int
    shared: bool


class Estimate(msgspec.Struct):
    """The whole of an operation."""

    rows: int = 0
    values: int = 0
    calls: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: Estimate, times: int) -> None:
        self.rows += other.rows * times
        self.values += other.values * times
        for vendor, calls in other.calls.items():
            self.calls[vendor] = self.calls.get(vendor, 0) + calls * times

    def figures(self, limits: Limits) -> dict[str, Any]:
        """`extensions.cost` (rules.md 41)."""
        return {
            "rows": min(self.rows, LARGEST),
            "upstreamCalls": {vendor: min(calls, LARGEST) for vendor, calls in sorted(self.calls.items())},
            "limit": limits.rows,
            "values": min(self.values, LARGEST),
            "limits": {"rows": limits.rows, "upstreamCalls": limits.calls, "values": limits.values},
        }

    def refusal(self, limits: Limits) -> dict[str, Any] | None:
        """The errors entry of an operation that costs too much."""
        dearest = max(self.calls.values(), default=0)
        for measure, found, limit in (
            ("rows", self.rows, limits.rows),
            ("values", self.values, limits.values),
            ("upstreamCalls", dearest, limits.calls),
        ):
            if found > limit:
                figures = self.figures(limits)
                return too_complex(measure, min(found, LARGEST), limit, {**figures, "limit": limit})
        return None


class _Step(msgspec.Struct, eq=False):
    """One response key of a selection, its nodes merged. `paged`: a list that holds the rows of its connection."""

    key: str
    pricing: Pricing | None
    node: FieldNode
    listed: bool
    paged: bool
    steps: tuple[_Step, ...]

    @property
    def selected(self) -> frozenset[str]:
        return frozenset(step.node.name.value for step in self.steps)


class Tariff(msgspec.Struct, eq=False):
    """One operation, ready to be priced for any variables."""

    steps: tuple[_Step, ...]
    defaults: Mapping[str, Any]
    fixed: Estimate | None = None

    def estimate(self, context: Any, variables: Mapping[str, Any]) -> Estimate:
        """What it will cost with these variables (raw JSON), which fit already.

        Prices hang on the arguments and on what is configured, never on the caller: without variables they are fixed.
        """
        if variables or self.defaults:
            return self._estimate(context, variables)
        if self.fixed is None:
            self.fixed = self._estimate(context, variables)
        return self.fixed

    def _estimate(self, context: Any, variables: Mapping[str, Any]) -> Estimate:
        walk = _Walk(context, {**self.defaults, **variables})
        total = walk.cost(self.steps, None)
        for calls in walk.shared.values():
            total.add(Estimate(calls=dict(calls)), 1)
        return total

    def lines(self, context: Any, variables: Mapping[str, Any]) -> list[Line]:
        """Which fields plan the calls, in the order written."""
        walk = _Walk(context, {**self.defaults, **variables})
        return list(walk.lines(self.steps, (), 1, None, set()))


class _Walk:
    """One evaluation."""

    def __init__(self, context: Any, variables: dict[str, Any]) -> None:
        self._context = context
        self._variables = variables
        self._known: dict[tuple[int, int | None], Estimate] = {}
        self._prices: dict[int, Price] = {}
        self.shared: dict[Hashable, Calls] = {}

    def cost(self, steps: tuple[_Step, ...], page: int | None) -> Estimate:
        """Of one object's selection; what is shared is gathered aside. `page`: rows of the connection it is in."""
        key = (id(steps), page)
        known = self._known.get(key)
        if known is not None:
            return known
        total = self._known[key] = Estimate(values=len(steps))
        for step in steps:
            price = self._price(step)
            if price.share is None:
                total.add(Estimate(calls=dict(price.calls)), 1)
            else:
                self.shared[price.share] = price.calls
            if step.steps or step.listed:
                count = _count(step, price, page)
                total.rows += count if step.listed else 0
                total.add(self.cost(step.steps, price.page), count)
        return total

    def lines(
        self, steps: tuple[_Step, ...], path: tuple[str, ...], parents: int, page: int | None, seen: set[Hashable]
    ) -> Iterable[Line]:
        for step in steps:
            price, here = self._price(step), (*path, step.key)
            if price.share is None or price.share not in seen:
                seen.add(price.share)
                times = 1 if price.share is not None else parents
                for vendor, calls in price.calls.items():
                    yield Line(".".join(here), vendor, calls * times, price.share is not None)
            if id(step) not in seen:  # a fragment spread many times is told once
                seen.add(id(step))
                yield from self.lines(step.steps, here, parents * _count(step, price, page), price.page, seen)

    def _price(self, step: _Step) -> Price:
        if step.pricing is None:
            return _FREE
        price = self._prices.get(id(step))
        if price is None:
            arguments = step.node.arguments or ()
            given = {each.name.value: value_from_ast_untyped(each.value, self._variables) for each in arguments}
            price = self._prices[id(step)] = step.pricing(self._context, given, step.selected)
        return price


_FREE = Price()


def _count(step: _Step, price: Price, page: int | None) -> int:
    if not step.listed:
        return 1
    if price.items is not None:
        return price.items
    return page if step.paged and page is not None else LISTED


class TooManySteps(Exception):
    """The selections merge in more ways than are looked at."""


def tariff(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    prices: Prices,
) -> Tariff:
    """Of a valid document. Raises TooManySteps."""
    root = schema.get_root_type(operation.operation)
    defaults = {
        variable.variable.name.value: value_from_ast_untyped(variable.default_value)
        for variable in operation.variable_definitions or ()
        if variable.default_value is not None
    }
    return Tariff(_Merge(schema, fragments, prices).steps(root, [operation.selection_set]), defaults)


class _Merge:
    """Selections put together as execution will, each set of merged nodes once."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], prices: Prices) -> None:
        self._schema = schema
        self._fragments = fragments
        self._prices = prices
        self._known: dict[tuple[int, ...], tuple[_Step, ...]] = {}
        self._left = MOST_STEPS

    def steps(self, parent: Any, selected: list[SelectionSetNode]) -> tuple[_Step, ...]:
        key = tuple(sorted({id(each) for each in selected}))
        known = self._known.get(key)
        if known is not None:
            return known
        found: dict[str, list[tuple[Any, FieldNode]]] = {}
        visited: set[str] = set()
        for each in selected:
            self._collect(parent, each, found, visited)
        made = self._known[key] = tuple(self._step(name, group) for name, group in found.items())
        return made

    def _collect(
        self, parent: Any, selected: SelectionSetNode, found: dict[str, list[tuple[Any, FieldNode]]], visited: set[str]
    ) -> None:
        for selection in selected.selections:
            self._left -= 1
            if self._left < 0:
                raise TooManySteps
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                found.setdefault(key, []).append((parent, selection))
                continue
            below: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                if selection.name.value in visited:
                    continue
                visited.add(selection.name.value)
                below = self._fragments[selection.name.value]
            narrowed = self._schema.get_type(below.type_condition.name.value) if below.type_condition else parent
            self._collect(narrowed, below.selection_set, found, visited)

    def _step(self, key: str, group: list[tuple[Any, FieldNode]]) -> _Step:
        parent, node = group[0]
        field = _field(self._schema, parent, node.name.value)
        type_ = get_nullable_type(field.type) if field else None
        named: Any = get_named_type(field.type) if field else None
        below = [each.selection_set for _, each in group if each.selection_set]
        return _Step(
            key=key,
            pricing=self._prices.get(f"{parent.name}.{node.name.value}"),
            node=node,
            listed=is_list_type(type_) and is_composite_type(named),
            paged=node.name.value in ("nodes", "edges"),
            steps=self.steps(named, below) if below else (),
        )


def _field(schema: GraphQLSchema, parent: Any, name: str) -> GraphQLField | None:
    if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
        return schema.get_field(parent, name)
    return None
