"""The compiled executor against the reference, over generated operations and data with everything wrong in it.

`python -m bench.differential 20000` runs more cases than a test run has time for.
"""

from __future__ import annotations

import gc
import os
from random import Random

import pytest

from tests.execution.differential import compared

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("kind", "count"), [("maze", 250), ("drawn", 60), ("house", 100)])
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_no_operation_tells_the_compiled_executor_from_the_reference(kind: str, count: int) -> None:
    """DIFFERENTIAL_SEED repeats a run; another is drawn otherwise, and printed."""
    seed = int(os.environ.get("DIFFERENTIAL_SEED") or Random().randrange(2**40))
    print(f"DIFFERENTIAL_SEED={seed}")
    valid = sum([await compared(kind, seed + number) for number in range(count)])
    assert valid > count // 2, "most of what is drawn is refused before it runs: nothing is compared"
    gc.collect()  # graphql-core leaves what it cancels before its start unawaited: not past this test
