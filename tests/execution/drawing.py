"""Operations drawn by hypothesis-graphql, and given what it does not draw: directives, variables, named fragments,
aliases, fields asked twice. Arguments that would mostly be refused are replaced by ones that fit the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse_value,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

REMOVE: Any = Ellipsis
"""graphql-core's word for leaving a node out."""

Fitting = Mapping[str, tuple[str | None, ...]]
"""By argument: texts of values that fit, and None where it is better left out."""


class Drawn:
    """Operations of one schema. `roots`: how often each field of the query is the only one asked; `depth`: how far
    below a selection more is selected than hypothesis does.
    """

    def __init__(
        self,
        sdl: str,
        fitting: Fitting,
        roots: tuple[str, ...],
        scalars: Mapping[str, st.SearchStrategy[ValueNode]],
        depth: int,
    ) -> None:
        self._depth = depth
        self._schema = build_schema(sdl)
        self._fitting = fitting

        def of(*fields: str) -> st.SearchStrategy[DocumentNode]:
            return queries(
                self._schema, fields=fields or None, custom_scalars=dict(scalars), print_ast=lambda tree: tree
            )

        self._trees = st.one_of(*(of(root) for root in roots), of())

    def several(self, number: int, count: int) -> list[tuple[str, dict[str, Any]]]:
        """`count` operations with their variables; the same for the same `number`."""
        random, found = Random(number), []

        @seed(number)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self._trees)
        def draw(tree: DocumentNode) -> None:
            found.append(_Reworked(self._schema, self._fitting, random, self._depth).of(tree))

        draw()
        return found


class _Reworked(Visitor):
    """One document. Not every one it makes is valid: what was drawn apart may not merge."""

    def __init__(self, schema: GraphQLSchema, fitting: Fitting, random: Random, depth: int) -> None:
        super().__init__()
        self._depth = depth
        self._schema = schema
        self._types = TypeInfo(schema)
        self._fitting = fitting
        self._random = random
        self._fragments: list[FragmentDefinitionNode] = []
        self._declared: list[str] = ["$yes: Boolean! = true", "$no: Boolean! = false"]
        self._variables: dict[str, Any] = {"yes": random.random() < 0.8, "no": random.random() < 0.2}

    def of(self, tree: DocumentNode) -> tuple[str, dict[str, Any]]:
        tree = visit(tree, TypeInfoVisitor(self._types, self))
        bodies = [
            print_ast(each.selection_set) for each in tree.definitions if isinstance(each, OperationDefinitionNode)
        ]
        used = "t1: __typename @include(if: $yes) t2: __typename @skip(if: $no)"
        text = f"query Drawn({', '.join(self._declared)}) {{ ... on Query {bodies[0]} {used} }}"
        return "\n".join((text, *(print_ast(each) for each in self._fragments))), self._variables

    def leave_argument(self, node: ArgumentNode, *_: Any) -> Any:
        name, random = node.name.value, self._random
        argument = self._types.get_argument()
        if name in self._fitting and random.random() < 0.95:
            chosen = random.choice(self._fitting[name])
            if chosen is None and not isinstance(argument and argument.type, GraphQLNonNull):
                return REMOVE
            if chosen is not None:
                node = ArgumentNode(name=node.name, value=parse_value(chosen))
        if argument is None or random.random() < 0.7 or self._types.get_directive() is not None:
            return node
        variable = f"v{len(self._declared)}"
        self._declared.append(f"${variable}: {argument.type}")
        self._variables[variable] = value_from_ast_untyped(node.value)
        return ArgumentNode(name=node.name, value=VariableNode(name=NameNode(value=variable)))

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        random = self._random
        alias = node.alias
        if alias is None and random.random() < 0.1:
            alias = NameNode(value=f"a{random.randrange(1_000)}")
        return FieldNode(
            name=node.name,
            alias=alias,
            arguments=node.arguments,
            directives=self._directives(),
            selection_set=node.selection_set,
        )

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
        return InlineFragmentNode(
            type_condition=node.type_condition, directives=self._directives(), selection_set=node.selection_set
        )

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> Any:
        random, parent = self._random, self._types.get_parent_type()
        selections = list(node.selections)
        if random.random() < 0.6:
            selections += self._richer(parent, self._depth)
        if random.random() < 0.25:
            selections.insert(random.randrange(len(selections) + 1), _field("__typename"))
        if random.random() < 0.1:
            selections.append(random.choice(selections))
        if parent is not None and parent.name != "Query" and random.random() < 0.2:
            cut = random.randrange(len(selections))
            selections = [*selections[:cut], *self._apart(parent.name, selections[cut:])]
        return SelectionSetNode(selections=tuple(selections))

    def _richer(self, parent: Any, depth: int) -> Iterator[SelectionNode]:
        """More fields of a type that need no argument: hypothesis draws few of them."""
        fields = {} if not hasattr(parent, "fields") or parent.name == "Query" else parent.fields
        for name, field in fields.items():
            type_ = get_named_type(field.type)
            if self._random.random() < 0.5 or any(map(is_required_argument, field.args.values())):
                continue
            if is_leaf_type(type_):
                yield _field(name)
            elif depth and not field.args and hasattr(type_, "fields"):
                below = tuple(self._richer(type_, depth - 1))
                yield _field(name, SelectionSetNode(selections=(*below, _field("__typename"))))

    def _apart(self, on: str, selections: list[SelectionNode]) -> Iterator[SelectionNode]:
        """The selections as a fragment of their type, named or in place."""
        condition = NamedTypeNode(name=NameNode(value=on))
        held = SelectionSetNode(selections=tuple(selections))
        if self._random.random() < 0.3:
            yield InlineFragmentNode(type_condition=condition, directives=self._directives(), selection_set=held)
            return
        name = NameNode(value=f"F{len(self._fragments)}")
        self._fragments.append(
            FragmentDefinitionNode(name=name, type_condition=condition, directives=(), selection_set=held)
        )
        yield FragmentSpreadNode(name=name, directives=self._directives())
        if self._random.random() < 0.2:
            yield FragmentSpreadNode(name=name, directives=())

    def _directives(self) -> tuple[DirectiveNode, ...]:
        random = self._random
        if random.random() > 0.15:
            return ()
        word = random.choice(("skip", "include"))
        usual = word == "include"
        value = random.choice((_variable("yes" if usual else "no"), _variable("yes"), BooleanValueNode(value=usual)))
        condition = ArgumentNode(name=NameNode(value="if"), value=value)
        return (DirectiveNode(name=NameNode(value=word), arguments=(condition,)),)


def _variable(name: str) -> VariableNode:
    return VariableNode(name=NameNode(value=name))


def _field(name: str, below: SelectionSetNode | None = None) -> FieldNode:
    return FieldNode(name=NameNode(value=name), alias=None, arguments=(), directives=(), selection_set=below)
