"""The differential test at length: the compiled executor against the reference, until COUNT operations were compared.

    nice .venv/bin/python -m bench.differential 20000 [--seed N] [--shards 2]
    .venv/bin/python -m bench.differential --kind house --case 123456      one case again

Stops at the first difference, tells how to see it again, and exits with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from random import Random
from time import perf_counter, process_time

from tests.execution.differential import BATCH, compared

KINDS = ("maze", "house", "maze", "drawn", "house")
"""Whose turn it is, over and over: see tests/execution/differential.py."""


def chunk(kind: str, first: int, count: int = BATCH) -> tuple[str, int, float, str | None]:
    """Kind, valid cases, CPU seconds, and the first difference."""
    warnings.simplefilter("ignore")
    began = process_time()

    async def run() -> tuple[int, str | None]:
        valid = 0
        for number in range(first, first + count):
            try:
                valid += await compared(kind, number)
            except Exception as error:  # whatever it is, it is what this is looking for
                again = f"python -m bench.differential --kind {kind} --case {number}"
                return valid, f"{type(error).__name__}: {error}\n\nSee it again: {again}"
        return valid, None

    valid, difference = asyncio.run(run())
    return kind, valid, process_time() - began, difference


def chunks(seed: int) -> Iterator[tuple[str, int]]:
    first = seed - seed % BATCH
    while True:
        for kind in KINDS:
            yield kind, first
            first += BATCH


def run(wanted: int, seed: int, shards: int) -> str | None:
    """Runs until `wanted` cases were compared. The first difference, or None."""
    valid: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    began, left = perf_counter(), chunks(seed)
    with ProcessPoolExecutor(shards, max_tasks_per_child=40) as pool:
        running = {pool.submit(chunk, *next(left)) for _ in range(shards)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                kind, count, seconds, difference = future.result()
                valid[kind] += count
                spent[kind] += seconds  # type: ignore[assignment]  # a Counter of floats
                if difference is not None:
                    return difference
                if valid.total() // 1_000 > (valid.total() - count) // 1_000:
                    print(f"{valid.total()} compared after {perf_counter() - began:.0f} s", flush=True)
                if valid.total() + BATCH * len(running) < wanted or (not running and valid.total() < wanted):
                    running.add(pool.submit(chunk, *next(left)))
    for kind in sorted(valid):
        print(f"{kind}: {valid[kind]} compared, {spent[kind] / valid[kind] * 1000:.0f} s of CPU a thousand")
    each = spent.total() / valid.total() * 1000
    print(f"{valid.total()} operations compared in {perf_counter() - began:.0f} s ({each:.0f} s of CPU a thousand)")
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=1_000)
    parser.add_argument("--seed", type=int, default=Random().randrange(2**40))
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--kind", choices=sorted(set(KINDS)))
    parser.add_argument("--case", type=int)
    asked = parser.parse_args()
    if asked.case is not None:
        difference = chunk(asked.kind or "maze", asked.case, 1)[3]
    else:
        print(f"seed {asked.seed}", flush=True)
        difference = run(asked.count, asked.seed, asked.shards)
    print(difference or "No difference.")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
