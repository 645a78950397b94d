"""Documents parsed and validated once, kept by their text within a bound.

A document that failed is kept too: asking it again must not cost more than the first time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import msgspec
import strawberry
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ASTValidationRule, ValuesOfCorrectTypeRule
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from gateway.execution.errors import Entry, invalid, syntax, without_values
from gateway.execution.plans import Plans

MOST_DOCUMENTS = 1_000
MOST_CHARACTERS = 2_000_000  # a parsed document takes some fifty times its text
MOST_TOKENS = 15_000
MOST_ERRORS = 20


class Document(msgspec.Struct, frozen=True, eq=False):
    """A document ready to run, or why it never will. `operations` are by name, the nameless one under None.

    `plans` are how its selections were completed before; they go with the document.
    """

    tree: DocumentNode | None
    operations: dict[str | None, OperationDefinitionNode]
    errors: list[Entry]
    parsed: bool
    plans: Plans = msgspec.field(default_factory=Plans)


class ValuesWithoutEcho(ValuesOfCorrectTypeRule):
    """The library's rule, which would repeat the value in its message (rules.md 43)."""

    def report_error(self, error: GraphQLError) -> None:
        """Told without the value, at the same place and with the same cause."""
        message = without_values(error.message)
        super().report_error(GraphQLError(message, error.nodes, original_error=error.original_error))


RULES: tuple[type[ASTValidationRule], ...] = (
    *(ValuesWithoutEcho if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules),
    MaybeNullValidationRule,
)


class Documents:
    """Least recently used documents go first when either bound is reached."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = core(schema)
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def prepare(self, text: str) -> Document:
        """Never raises for what is wrong with the document."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        document = self._read(text)
        if len(text) <= MOST_CHARACTERS // 10:
            self._keep(text, document)
        return document

    def _read(self, text: str) -> Document:
        try:
            tree = parse(text, max_lexical_tokens=MOST_TOKENS)
        except GraphQLError as error:
            return Document(tree=None, operations={}, errors=[syntax(error)], parsed=False)
        errors = validate(self._schema, tree, RULES, max_errors=MOST_ERRORS, hide_suggestions=True)
        operations = {
            node.name.value if node.name else None: node
            for node in tree.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        plans = Plans(tuple(sorted(set(_switches(tree)))))
        return Document(tree, operations, [invalid(error) for error in errors], parsed=True, plans=plans)

    def _keep(self, text: str, document: Document) -> None:
        self._kept[text] = document
        self._characters += len(text)
        while len(self._kept) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            gone, _ = self._kept.popitem(last=False)
            self._characters -= len(gone)


def _switches(tree: DocumentNode) -> Iterator[str]:
    """Names of the variables that decide by @skip or @include what is selected."""
    pending: list[SelectionSetNode] = [
        node.selection_set
        for node in tree.definitions
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while pending:
        for selection in pending.pop().selections:
            below: SelectionSetNode | None = getattr(selection, "selection_set", None)
            if below is not None:
                pending.append(below)
            for directive in selection.directives or ():
                yield from (
                    argument.value.name.value
                    for argument in directive.arguments or ()
                    if isinstance(argument.value, VariableNode)
                )


def core(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema inside, told which inputs are @oneOf.

    Strawberry checks @oneOf by a rule of its own that breaks on variables inside fragments; graphql-core's does not,
    but needs the mark.
    """
    inner = schema._schema  # noqa: SLF001  # strawberry has no public name for it
    for type_ in inner.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition = type_.extensions.get("strawberry-definition")
            type_.is_one_of = type_.is_one_of or bool(definition and definition.is_one_of)
    return inner
