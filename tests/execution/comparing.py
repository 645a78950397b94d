"""One operation through the reference executor and through the compiled one: the same answer, to the last error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema
from strawberry.execution import optimized_is_awaitable

from gateway.execution.compiled import CompiledExecutor
from gateway.execution.documents import Document
from gateway.execution.errors import grouped
from gateway.execution.plans import Plans

Told = tuple[Any, ...]
"""Data, errors as a caller is told them, raw errors, and what else the answer says; order counts."""


class Case:
    """An operation of `schema`. `context` makes what one run is given; `waits`: some of its fields are waited for."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: Document,
        context: Callable[[], Any],
        *,
        waits: bool,
    ) -> None:
        self._schema = schema
        self._document = document
        self._context = context
        self._waits = waits

    async def compare(self, variables: Mapping[str, Any], sights: int, what: str) -> None:
        """Raises AssertionError where the executors differ at any of the first `sights`."""
        tree = self._document.tree
        assert tree is not None
        expected = await self._ran(tree, variables, None)
        for sight in range(1, sights + 1):
            found = await self._ran(tree, variables, self._document.plans)
            assert found == expected, f"{what}, sight {sight}, {variables}:\n{expected}\n{found}"

    async def _ran(self, tree: DocumentNode, variables: Mapping[str, Any], plans: Plans | None) -> Told:
        context = self._context()
        executor = CompiledExecutor.build(
            self._schema,
            tree,
            context_value=context,
            raw_variable_values=dict(variables),
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # a predicate, not declared as a guard
            hide_suggestions=True,
            operation_extensions={},
            plans=plans,
        )
        if isinstance(executor, list):
            return tuple(map(str, executor))
        result = executor.execute_operation()
        if isawaitable(result):
            result = await result
        assert isinstance(result, ExecutionResult)
        return self._told(result, context)

    def _told(self, result: ExecutionResult, context: Any) -> Told:
        raw, masked = list(result.errors or ()), list(context.errors)
        if self._waits:
            # Where fields are waited for, it is a matter of time which fails first, and what else was met below an
            # object before another field took it away: the order of those that are left is that of the document.
            raw = sorted((error for error in raw if _there(result.data, error)), key=lambda error: repr(_shown(error)))
            masked = [error for error in masked if _there(result.data, error)]
        told, _ = grouped([*raw, *masked])
        for entry in told:
            entry["extensions"].pop("correlationId", None)
        more = sorted(map(repr, context.extensions().get("failures", ())))
        return repr(result.data), told, [_shown(error) for error in raw], more


def _shown(error: GraphQLError) -> tuple[Any, ...]:
    cause = type(error.original_error).__name__
    return error.message, tuple(error.path or ()), tuple(map(tuple, error.locations or ())), cause


def _there(data: Any, error: GraphQLError) -> bool:
    """Whether the object that an error's field stands on is in the answer."""
    for step in (error.path or ())[:-1]:
        data = data[step] if data is not None else None
    return data is not None
