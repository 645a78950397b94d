"""One operation from its text to its outcome: prepare, choose, fit the variables, run.

Knows GraphQL, not our nouns and not HTTP. Strawberry's schema extensions are not run here: parsing, caching, masking
and limits are done in this room. A failure of the graph is in the outcome, never raised.
"""

from __future__ import annotations

import enum
from inspect import isawaitable
from typing import Any, Protocol

import msgspec
import strawberry
from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution import Executor
from msgspec import UNSET, UnsetType
from strawberry.execution import optimized_is_awaitable

from gateway.execution.compiled import CompiledExecutor
from gateway.execution.documents import Document, Documents, core
from gateway.execution.errors import BAD_USER_INPUT, Entry, Incident, entry, grouped, incident, internal, unfit

MOST_COERCION_ERRORS = 20

READ_ONLY = frozenset({OperationType.QUERY})
READ_AND_WRITE = READ_ONLY | {OperationType.MUTATION}


class GraphQLRequest(msgspec.Struct, frozen=True):
    """What a caller asks, however it came. `allowed`: the kinds of operation this way of asking may run."""

    query: str
    variables: dict[str, Any] = {}
    operation_name: str | None = None
    extensions: dict[str, Any] = {}
    allowed: frozenset[OperationType] = READ_AND_WRITE

    @property
    def read_only(self) -> bool:
        """Asked in a way that may not write: by GET."""
        return OperationType.MUTATION not in self.allowed


class Context(Protocol):
    """What the graph keeps for one operation. Its errors and extensions are read after the run."""

    errors: list[GraphQLError]

    def extensions(self) -> dict[str, Any]:
        """Members for the answer's `extensions`, without the empty ones."""
        ...


class Phase(enum.Enum):
    """How far an operation came. Only RAN has `data`."""

    PARSE = "parse"
    VALIDATE = "validate"
    CHOOSE = "choose"
    NOT_ALLOWED = "not allowed"
    VARIABLES = "variables"
    RAN = "ran"


class Outcome(msgspec.Struct):
    """The answer to an operation. `incidents` are for the log, not for the caller."""

    phase: Phase
    data: dict[str, Any] | UnsetType | None = UNSET
    errors: list[Entry] = []
    extensions: dict[str, Any] = {}
    incidents: list[Incident] = []


class Refused(Exception):
    """The operation will not run."""

    def __init__(self, phase: Phase, errors: list[Entry]) -> None:
        super().__init__(phase.value)
        self.phase = phase
        self.errors = errors


class Operations:
    """Runs operations of one schema. `compiled` False: by the reference executor alone, for comparison."""

    def __init__(self, schema: strawberry.Schema, *, compiled: bool = True) -> None:
        self._schema = core(schema)
        self._documents = Documents(schema)
        self._compiled = compiled

    async def run(self, request: GraphQLRequest, context: Context) -> Outcome:
        """Never raises but for cancellation: a bug is an INTERNAL error and an incident of the outcome."""
        try:
            executor = self._prepare(request, context)
            result = executor.execute_operation()
            if isawaitable(result):
                result = await result
            return self._outcome(result, context)
        except Refused as refused:
            return Outcome(refused.phase, errors=refused.errors, extensions=context.extensions())
        except Exception as error:  # a bug here must not take the edge down
            met = incident(error)
            return Outcome(Phase.RAN, None, errors=[internal(met)], incidents=[met])

    def _prepare(self, request: GraphQLRequest, context: Context) -> Executor[Any]:
        document = self._documents.prepare(request.query)
        if document.errors:
            raise Refused(Phase.VALIDATE if document.parsed else Phase.PARSE, document.errors)
        operation = choose(document, request.operation_name)
        if operation.operation not in request.allowed:
            message = f"A {operation.operation.value} cannot be asked this way."
            raise Refused(Phase.NOT_ALLOWED, [entry(message, BAD_USER_INPUT)])
        assert document.tree is not None
        executor = CompiledExecutor.build(
            self._schema,
            document.tree,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MOST_COERCION_ERRORS,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # a predicate, not declared as a guard
            hide_suggestions=True,
            operation_extensions=request.extensions,
            plans=document.plans if self._compiled else None,
        )
        if isinstance(executor, list):
            raise Refused(Phase.VARIABLES, [unfit(error) for error in executor])
        return executor

    def _outcome(self, result: object, context: Context) -> Outcome:
        assert isinstance(result, ExecutionResult), "incremental delivery is not switched on"
        errors, incidents = grouped([*(result.errors or ()), *context.errors])
        return Outcome(Phase.RAN, result.data, errors, context.extensions(), incidents)


def choose(document: Document, name: str | None) -> OperationDefinitionNode:
    """The operation meant. Several and no name is an error, and so is a name nothing has."""
    operations = document.operations
    if name is not None:
        if name in operations:
            return operations[name]
        message = "The document has no operation of the name given in operationName."
    elif len(operations) == 1:
        return next(iter(operations.values()))
    elif operations:
        message = "The document has several operations: say which one to run in operationName."
    else:
        message = "The document has no operation to run."
    raise Refused(Phase.CHOOSE, [entry(message, BAD_USER_INPUT)])
