"""Loads all visits with every client of the BI world, from a whole vendor and from one that dies halfway.

Run by scripts/check-bi-clients. Whole: every row as the vendor has it, typed, for as many of the vendor's calls and
rows as hold them. Dying: the load fails. A client that gives a short table without an error fails the check.
"""

# ruff: noqa: S603

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bi_loads import EXPORTS, FEEDS, NODE_FEEDS, Load
from bi_rig import FROM, MOST_ROWS, PYTHON, ROOT, ROWS, TO, Counter, environment, expected, gateway

FULL = -(-ROWS // MOST_ROWS)
DIES_AFTER = 2
COUNTER = Counter()
WANTED = expected()


def whole(name: str, load: Load) -> None:
    COUNTER.begin()
    feed = name not in EXPORTS
    with gateway(COUNTER) as base:
        rows = load(base)
    calls, read = COUNTER.asked()
    assert len(rows) == ROWS, f"{len(rows)} rows of {ROWS}"
    assert sorted(rows) == WANTED, "rows are not those of the vendor"
    if feed:
        assert read <= 1.2 * ROWS, f"{read} rows read for {ROWS}"
        assert calls <= 1.2 * FULL + 3, f"{calls} calls for {FULL} pages"
    else:
        assert (calls, read) == (FULL, ROWS), f"{calls} calls and {read} rows"
    print(f"ok    {name}: {ROWS:,} rows, {calls} calls, {read:,} rows read", flush=True)


def dying(name: str, load: Load) -> None:
    COUNTER.begin(dies=DIES_AFTER)
    with gateway(COUNTER, "off") as base:
        try:
            rows = load(base)
        except (AssertionError, ImportError):
            raise
        except Exception as error:
            print(f"ok    {name}: a vendor that dies is {type(error).__name__}", flush=True)
            return
    raise AssertionError(f"{len(rows)} rows of {ROWS} and no error")


def command() -> None:
    """`gateway export -o`: nothing is left behind."""
    COUNTER.begin(dies=DIES_AFTER)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        out.mkdir()
        asked = ["export", "visits", "--from", FROM, "--to", TO, "-o", str(out / "visits.csv")]
        told = environment(COUNTER, Path(folder), "off")
        done = subprocess.run(
            [str(PYTHON), "-m", "gateway", *asked], check=False, capture_output=True, text=True, cwd=ROOT, env=told
        )
        assert done.returncode == 1, done.returncode
        assert not list(out.iterdir()), list(out.iterdir())
    print("ok    gateway export -o: a vendor that dies leaves no file", flush=True)


def main() -> int:
    loads = EXPORTS | FEEDS | (NODE_FEEDS if os.environ.get("BI_NODE") else {})
    checks: list[tuple[str, Callable[[], None]]] = []
    for name, load in loads.items():
        checks += [(name, partial(whole, name, load)), (name, partial(dying, name, load))]
    checks.append(("gateway export -o", command))
    chosen = sys.argv[1:] or [name for name, _ in checks]
    failed = 0
    try:
        for name, check in checks:
            if name in chosen:
                failed += not passed(name, check)
    finally:
        COUNTER.end()
    return 1 if failed else 0


def passed(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:
        print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
        if os.environ.get("BI_TRACE"):
            traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
