"""Documents parsed and validated once, kept by their text within a bound.

A document that failed is kept too: asking it again must not cost more than the first time.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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

from gateway.execution.compiled import CompiledExecutor
from gateway.execution.errors import Entry, entry, invalid, syntax, without_values
from gateway.execution.limits import TOO_COMPLEX, Limits, Measures, exceeded, measured, too_complex
from gateway.execution.plans import Plans
from gateway.execution.pricing import Tariff
from gateway.execution.signature import Guards

MOST_DOCUMENTS = 1_000
MOST_CHARACTERS = 2_000_000  # a parsed document takes some fifty times its text
MOST_ERRORS = 20
LONG = 6_000
"""Characters from which a document is read beside the loop, so that nobody else waits for it."""

_TOKENS = re.compile(r"Syntax Error: Document contains more than \d+ tokens")
_NESTED = re.compile(r"Syntax Error: Document is nested too deeply")
_IN_PARTS = re.compile(r"Unknown directive '@(?:defer|stream)'\.")
_PARSER_DEPTH = 200


class Document(msgspec.Struct, frozen=True, eq=False):
    """A document ready to run, or why it never will. `operations` are by name, the nameless one under None.

    `plans` are how its selections were completed before, `tariffs` what its operations' prices are computed from,
    `runs` what every run of an operation begins with; all are filled when first needed and go with the document.
    """

    tree: DocumentNode | None
    operations: dict[str | None, OperationDefinitionNode]
    errors: list[Entry]
    parsed: bool
    plans: Plans = msgspec.field(default_factory=Plans)
    measures: Measures = msgspec.field(default_factory=Measures)
    tariffs: dict[str | None, Tariff] = msgspec.field(default_factory=dict)
    signatures: dict[str | None, bytes | None] = msgspec.field(default_factory=dict)
    runs: dict[str | None, CompiledExecutor] = msgspec.field(default_factory=dict)
    raw: bool = False

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """By name."""
        found = self.tree.definitions if self.tree else ()
        return {d.name.value: d for d in found if isinstance(d, FragmentDefinitionNode)}


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

    def __init__(self, schema: strawberry.Schema, limits: Limits | None = None) -> None:
        self._schema = core(schema)
        self._limits = limits or Limits()
        self.guards = Guards(self._schema)
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        # One reader: a flood of long documents queues up beside the loop instead of holding it.
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="documents")

    async def prepared(self, text: str) -> Document:
        """As `prepare`; a long document that is not known yet is read in a thread."""
        if len(text) < LONG or text in self._kept:
            return self.prepare(text)
        document = await asyncio.get_running_loop().run_in_executor(self._reader, self._read, text)
        self._keep(text, document)
        return document

    def prepare(self, text: str) -> Document:
        """Never raises for what is wrong with the document."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        document = self._read(text)
        self._keep(text, document)
        return document

    def _read(self, text: str) -> Document:
        if len(text) > self._limits.characters:
            over = too_complex("characters", len(text), self._limits.characters)
            return Document(tree=None, operations={}, errors=[over], parsed=False)
        try:
            tree = parse(text, max_lexical_tokens=self._limits.tokens)
        except GraphQLError as error:
            return Document(tree=None, operations={}, errors=[self._unread(error)], parsed=False)
        measures = measured(tree)
        refusal = exceeded(measures, self._limits)
        if refusal is not None:
            return Document(tree=None, operations={}, errors=[refusal], parsed=True, measures=measures)
        errors = validate(self._schema, tree, RULES, max_errors=MOST_ERRORS, hide_suggestions=True)
        operations = {
            node.name.value if node.name else None: node
            for node in tree.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        plans = Plans(tuple(sorted(set(_switches(tree)))))
        told = _once_each([_invalid(error) for error in errors])
        return Document(tree, operations, told, parsed=True, plans=plans, measures=measures, raw=self.guards.raw(text))

    def _unread(self, error: GraphQLError) -> Entry:
        """A document the parser gave up on for its size, or one that is not GraphQL."""
        if _TOKENS.match(error.message):
            return too_complex("tokens", self._limits.tokens + 1, self._limits.tokens)
        if _NESTED.match(error.message):
            return too_complex("depth", _PARSER_DEPTH + 1, min(_PARSER_DEPTH, self._limits.depth))
        return syntax(error)

    def _keep(self, text: str, document: Document) -> None:
        if len(text) > MOST_CHARACTERS // 10 or text in self._kept:
            return
        self._kept[text] = document
        self._characters += len(text)
        while len(self._kept) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            gone, _ = self._kept.popitem(last=False)
            self._characters -= len(gone)


def _once_each(told: list[Entry]) -> list[Entry]:
    """One entry for each message, at the first of its places, with `count` where there are more."""
    found: dict[str, Entry] = {}
    for each in told:
        first = found.setdefault(each["message"], each)
        if first is not each:
            first["extensions"]["count"] = first["extensions"].get("count", 1) + 1
    return list(found.values())


def _invalid(error: GraphQLError) -> Entry:
    """The library's own bounds on its work are bounds of ours."""
    if error.message == "Validation aborted.":
        return entry("The selections overlap in too many ways to be compared.", TOO_COMPLEX, measure="overlaps")
    told = invalid(error)
    if _IN_PARTS.fullmatch(error.message):  # clients and routers send them unasked; why not: docs/decisions/0050
        told["message"] += " Answers come whole here: leave it out, or ask for what is slow in an operation of its own."
    return told


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
