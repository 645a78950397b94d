"""The compiled executor against the reference, over generated operations and data with everything wrong in it.

`python -m tests.execution.test_differential COUNT [SEED]` runs more cases than a test run has time for.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import warnings
from inspect import isawaitable
from random import Random
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, parse, validate
from strawberry.execution import optimized_is_awaitable

from gateway.execution.compiled import CompiledExecutor
from gateway.execution.documents import Documents, core
from gateway.execution.errors import grouped
from gateway.execution.plans import Plans
from tests.execution.maze import TAIL, Context, Operation, World, schema

pytestmark = pytest.mark.anyio

SCHEMA = schema()
CORE = core(SCHEMA)
DOCUMENTS = Documents(SCHEMA)


def shown(error: GraphQLError) -> tuple[Any, ...]:
    cause = type(error.original_error).__name__
    return error.message, tuple(error.path or ()), tuple(map(tuple, error.locations or ())), cause


async def ran(text: str, variables: dict[str, Any], plans: Plans | None, *, allowed: bool) -> tuple[Any, ...]:
    """Data, errors as a caller is told them, and raw ones; order counts. A masked field is one entry with its count."""
    context = Context(allowed=allowed)
    executor = CompiledExecutor.build(
        CORE,
        parse(text) if plans is None else KEPT[text],
        context_value=context,
        raw_variable_values=variables,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # a predicate, not declared as a guard
        hide_suggestions=True,
        operation_extensions={},
        plans=plans,
    )
    assert not isinstance(executor, list), executor
    result = executor.execute_operation()
    if isawaitable(result):
        result = await result
    assert isinstance(result, ExecutionResult)
    errors = [shown(error) for error in result.errors or ()]
    masked = list(context.errors)
    if any(word in text.replace(TAIL, "") for word in ("slow", "sure", "twin")):
        # Where fields are waited for, it is a matter of time which fails first, and what else was met below an object
        # before another field took it away: the order of those that are left is that of the document, in `told`.
        errors = sorted((error for error in errors if there(result.data, error[1])), key=repr)
        masked = [error for error in masked if there(result.data, tuple(error.path or ()))]
    told, _ = grouped([*(error for error in result.errors or () if shown(error) in errors), *masked])
    for entry in told:
        entry["extensions"].pop("correlationId", None)
    return repr(result.data), told, errors


def there(data: Any, path: tuple[Any, ...]) -> bool:
    """Whether the object that an error's field stands on is in the answer."""
    for step in path[:-1]:
        data = data[step] if data is not None else None
    return data is not None


KEPT: dict[str, Any] = {}


async def compared(seed: int) -> bool:
    """One case; True where it was a valid operation. Raises AssertionError where the executors differ."""
    random = Random(seed)
    World(random, random.choice((0.0, 0.02, 0.1, 0.3))).fill()
    operation = Operation(random)
    tree = parse(operation.text)
    if validate(CORE, tree):
        return False
    KEPT.clear()
    KEPT[operation.text] = tree
    allowed = random.random() < 0.5
    plans = DOCUMENTS.prepare(operation.text).plans
    expected = await ran(operation.text, operation.variables, None, allowed=allowed)
    for sight in ("first", "second", "third"):
        found = await ran(operation.text, operation.variables, plans, allowed=allowed)
        assert found == expected, (
            f"seed {seed}, {sight} sight:\n{operation.text}\n{operation.variables}\n{expected}\n{found}"
        )
    other = {**operation.variables, "yes": not operation.variables["yes"], "no": not operation.variables["no"]}
    expected = await ran(operation.text, other, None, allowed=not allowed)
    for _ in range(2):
        found = await ran(operation.text, other, plans, allowed=not allowed)
        assert found == expected, f"seed {seed}, other variables:\n{operation.text}\n{other}\n{expected}\n{found}"
    return True


async def cases(first: int, count: int) -> int:
    return sum([await compared(first + number) for number in range(count)])


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_no_operation_tells_the_compiled_executor_from_the_reference() -> None:
    seed = int(os.environ.get("DIFFERENTIAL_SEED") or Random().randrange(2**40))
    print(f"DIFFERENTIAL_SEED={seed}")
    assert await cases(seed, 300) > 150
    gc.collect()  # graphql-core leaves what it cancels before its start unawaited: not past this test


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    wanted, at = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(f"{asyncio.run(cases(at, wanted))} valid operations of {wanted}, seeds from {at}: no difference")
