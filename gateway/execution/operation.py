"""One operation from its text to its outcome: prepare, choose, fit the variables, run.

Knows GraphQL, not our nouns and not HTTP. Strawberry's schema extensions are not run here: parsing, caching, masking
and limits are done in this room. A failure of the graph is in the outcome, never raised.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, Protocol

import msgspec
import strawberry
from graphql import ExecutionResult, FieldNode, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_variable_values
from msgspec import UNSET, UnsetType
from strawberry.execution import optimized_is_awaitable

from gateway.domain.errors import GatewayError
from gateway.execution.compiled import CompiledExecutor
from gateway.execution.documents import Document, Documents, core
from gateway.execution.errors import BAD_USER_INPUT, Entry, Incident, entry, facts, grouped, incident, internal, unfit
from gateway.execution.limits import Limits, size_of, too_complex
from gateway.execution.pricing import MOST_STEPS, Estimate, Prices, Tariff, TooManySteps, tariff

MOST_COERCION_ERRORS = 20
NO_VARIABLES = VariableValues({}, {})

READ_ONLY = frozenset({OperationType.QUERY})
READ_AND_WRITE = READ_ONLY | {OperationType.MUTATION}
READ_AND_FOLLOW = READ_ONLY | {OperationType.SUBSCRIPTION}
EVERYTHING = READ_AND_WRITE | READ_AND_FOLLOW


class GraphQLRequest(msgspec.Struct, frozen=True):
    """What a caller asks, however it came. `allowed`: the kinds of operation this way of asking may run.

    `document_id` names a trusted document, whose text then takes the place of `query`. `shown` names the members the
    caller wants in `extensions` beside the usual: `cost`, `explain`.
    """

    query: str
    variables: dict[str, Any] = {}
    operation_name: str | None = None
    extensions: dict[str, Any] = {}
    allowed: frozenset[OperationType] = READ_AND_WRITE
    shown: frozenset[str] = frozenset()
    document_id: str | None = None

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
    PERMIT = "permit"
    PRICE = "price"
    RAN = "ran"


class Outcome(msgspec.Struct):
    """The answer to an operation. `incidents`, `estimate` and `operation` (its name) are for the log.

    `unkept`: it is a write's, or raw identifiers may be in it. `timeless`: it hangs on the schema and on the caller's
    rights alone. `max_age`: seconds it stays good, None where it must not
    be kept; `age`: seconds since the oldest part that may still change was read.
    """

    phase: Phase
    data: dict[str, Any] | UnsetType | None = UNSET
    errors: list[Entry] = []
    extensions: dict[str, Any] = {}
    incidents: list[Incident] = []
    estimate: Estimate | None = None
    operation: str | None = None
    unkept: bool = True
    timeless: bool = False
    max_age: int | None = None
    age: int = 0


class House(Protocol):
    """What of the house's rules is about the graph's nouns."""

    prices: Prices

    def permit(
        self, document: Document, operation: OperationDefinitionNode, request: GraphQLRequest, context: Any
    ) -> None:
        """Raises GatewayError where this operation may not be asked at all, by this caller or in this way."""
        ...

    def shares(self, document: Document, variables: Mapping[str, Any]) -> bool:
        """Whether the answer may be another's too: False where the variables hold more than is asked by."""
        ...

    def explained(self, tariff: Tariff, request: GraphQLRequest, context: Any) -> Any:
        """`extensions.explain`; None where the caller may not see it."""
        ...


class Refused(Exception):
    """The operation will not run. `told` goes to the answer's `extensions`."""

    def __init__(self, phase: Phase, errors: list[Entry], told: dict[str, Any] | None = None) -> None:
        super().__init__(phase.value)
        self.phase = phase
        self.errors = errors
        self.told = told or {}


class Operations:
    """Runs operations of one schema. `compiled` False: by the reference executor alone, for comparison.

    Without a `house` nothing is priced and every operation is permitted.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        limits: Limits | None = None,
        house: House | None = None,
        compiled: bool = True,
    ) -> None:
        self._schema = core(schema)
        self._limits = limits or Limits()
        self._documents = Documents(schema, self._limits)
        self._house = house
        self._compiled = compiled

    async def run(self, request: GraphQLRequest, context: Context) -> Outcome:
        """Never raises but for cancellation: a bug is an INTERNAL error and an incident of the outcome."""
        try:
            return await self._ran(request, context)
        except Refused as refused:
            return Outcome(refused.phase, errors=refused.errors, extensions=context.extensions() | refused.told)
        except Exception as error:  # a bug here must not take the edge down
            met = incident(error)
            return Outcome(Phase.RAN, None, errors=[internal(met)], incidents=[met])

    async def _ran(self, request: GraphQLRequest, context: Context) -> Outcome:
        document, executor, estimate, told = await self.admitted(request, context)
        result = executor.execute_operation()
        if isawaitable(result):
            result = await result
        outcome = self.outcome(result, context)
        outcome.estimate = estimate
        outcome.operation = request.operation_name or next(iter(document.operations))
        outcome.extensions |= told
        wrote = executor.operation.operation is not OperationType.QUERY
        outcome.unkept = wrote or document.raw or self._documents.guards.raw_variables(request.variables)
        outcome.timeless = timeless(executor.operation)
        return outcome

    async def signature(self, request: GraphQLRequest) -> bytes | None:
        """Equal for requests that ask the same by the same variables; None for what is asked for one caller alone."""
        document = await self._documents.prepared(request.query)
        name = request.operation_name
        if name not in document.signatures:
            operation = None if document.errors or document.tree is None else _meant(document, name)
            if operation is None:
                return None
            signature = self._documents.guards.signature(request.query, operation, document.fragments)
            document.signatures[name] = signature
        if self._house is not None and not self._house.shares(document, request.variables):
            return None
        return document.signatures[name]

    async def timeless(self, request: GraphQLRequest) -> bool:
        """Whether its answer hangs on the schema and on the caller's rights alone."""
        document = await self._documents.prepared(request.query)
        operation = None if document.errors else _meant(document, request.operation_name)
        return operation is not None and timeless(operation)

    async def follows(self, request: GraphQLRequest) -> bool:
        """Whether it is a subscription that may be one."""
        document = await self._documents.prepared(request.query)
        operation = None if document.errors else _meant(document, request.operation_name)
        kind = None if operation is None else operation.operation
        return kind is OperationType.SUBSCRIPTION and kind in request.allowed

    async def reads(self, request: GraphQLRequest) -> bool:
        """Whether it is a query."""
        document = await self._documents.prepared(request.query)
        operation = None if document.errors else _meant(document, request.operation_name)
        return operation is not None and operation.operation is OperationType.QUERY

    async def admitted(
        self, request: GraphQLRequest, context: Context
    ) -> tuple[Document, Executor[Any], Estimate | None, dict[str, Any]]:
        """Ready to run: prepared, permitted and priced; and what of its price is told. Raises Refused."""
        document = await self._documents.prepared(request.query)
        executor = self._prepare(document, request, context)
        return document, executor, *self._judged(document, executor.operation, request, context)

    async def explain(self, request: GraphQLRequest, context: Context) -> Outcome:
        """As `run`, but nothing is run: only what it would cost is told, in `extensions`."""
        try:
            _, _, estimate, told = await self.admitted(request, context)
            return Outcome(Phase.PRICE, extensions=told, estimate=estimate)
        except Refused as refused:
            return Outcome(refused.phase, errors=refused.errors, extensions=refused.told)

    def _prepare(self, document: Document, request: GraphQLRequest, context: Context) -> Executor[Any]:
        if document.errors:
            raise Refused(Phase.VALIDATE if document.parsed else Phase.PARSE, document.errors)
        size = size_of(request.variables, self._limits.variables) if request.variables else 0
        if size > self._limits.variables:
            raise Refused(Phase.VARIABLES, [too_complex("variables", size, self._limits.variables)])
        operation = choose(document, request.operation_name)
        if operation.operation not in request.allowed:
            message = f"A {operation.operation.value} cannot be asked this way."
            raise Refused(Phase.NOT_ALLOWED, [entry(message, BAD_USER_INPUT)])
        kept = document.runs.get(request.operation_name)
        if kept is None:
            return self._begun(document, request, context)
        variables: Any = NO_VARIABLES
        if operation.variable_definitions:
            variables = get_variable_values(
                self._schema,
                operation.variable_definitions,
                request.variables,
                max_errors=MOST_COERCION_ERRORS,
                hide_suggestions=True,
            )
            if isinstance(variables, list):
                raise Refused(Phase.VARIABLES, [unfit(error) for error in variables])
        return kept.again(context, variables, request.extensions)

    def _begun(self, document: Document, request: GraphQLRequest, context: Context) -> Executor[Any]:
        """The first run of an operation; what the others will share of it is kept with the document."""
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
        assert isinstance(executor, CompiledExecutor)
        if self._compiled:
            document.runs[request.operation_name] = executor.kept()
        return executor

    def _judged(
        self, document: Document, operation: OperationDefinitionNode, request: GraphQLRequest, context: Context
    ) -> tuple[Estimate | None, dict[str, Any]]:
        """What the operation will cost, and what of it the caller wants to see. Raises Refused."""
        if self._house is None:
            return None, {}
        try:
            self._house.permit(document, operation, request, context)
        except GatewayError as error:
            refused = entry(error.message, **facts(error))
            raise Refused(Phase.PERMIT, [refused]) from None
        priced = self._tariff(document, operation, self._house.prices)
        estimate = priced.estimate(context, request.variables)
        refusal = estimate.refusal(self._limits)
        if refusal is not None:
            raise Refused(Phase.PRICE, [refusal], {"cost": estimate.figures(self._limits)})
        told = {"cost": estimate.figures(self._limits)} if "cost" in request.shown else {}
        explained = self._house.explained(priced, request, context) if "explain" in request.shown else None
        return estimate, told if explained is None else {**told, "explain": explained}

    def _tariff(self, document: Document, operation: OperationDefinitionNode, prices: Prices) -> Tariff:
        name = operation.name.value if operation.name else None
        found = document.tariffs.get(name)
        if found is None:
            try:
                found = document.tariffs[name] = tariff(self._schema, operation, document.fragments, prices)
            except TooManySteps:
                raise Refused(Phase.PRICE, [too_complex("selections", MOST_STEPS + 1, MOST_STEPS)]) from None
        return found

    def outcome(self, result: object, context: Context) -> Outcome:
        """What a run came to, its errors masked and grouped."""
        assert isinstance(result, ExecutionResult), "incremental delivery is not switched on"
        errors, incidents = grouped([*(result.errors or ()), *context.errors], self._limits.errors)
        return Outcome(Phase.RAN, result.data, errors, context.extensions(), incidents)


def timeless(operation: OperationDefinitionNode) -> bool:
    """Whether a query asks for nothing but the schema: `__typename`, `__schema`, `__type`."""
    if operation.operation is not OperationType.QUERY:
        return False
    for selection in operation.selection_set.selections:  # asked of every operation, and mostly over at once
        if not isinstance(selection, FieldNode) or not selection.name.value.startswith("__"):
            return False
    return True


def _meant(document: Document, name: str | None) -> OperationDefinitionNode | None:
    try:
        return choose(document, name)
    except Refused:
        return None


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
