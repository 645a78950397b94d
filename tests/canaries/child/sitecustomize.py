"""Python runs this when it starts: a gateway that a test starts leaves a copy of its stderr and metrics to the test.

Does nothing in any other program. See tests/canaries/plugin.py.
"""

import atexit
import contextlib
import gc
import os
import sys
from typing import TextIO


class _Copied:
    """stderr, and a copy of it."""

    def __init__(self, stream: TextIO, copy: TextIO) -> None:
        self._stream = stream
        self._copy = copy

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._copy.write(text)
            self._copy.flush()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _metrics(copy: TextIO) -> None:
    watch = sys.modules.get("gateway.telemetry.watch")
    if watch is None:
        return
    gc.unfreeze()
    for each in gc.get_objects():
        if type(each) is watch.Telemetry:
            copy.write(each.metrics.text().decode())


def _begin(folder: str) -> None:
    copy = open(os.path.join(folder, f"{os.getpid()}.txt"), "a", encoding="utf-8", errors="replace")  # noqa: PTH118, PTH123, SIM115  # open until the end; pathlib takes its time
    sys.stderr = _Copied(sys.stderr, copy)
    atexit.register(_metrics, copy)


GATEWAYS = {"gateway", "tests.http.serving", "--multiprocessing-fork"}  # the last: workers of `serve --workers`

if "CANARY_NOTES" in os.environ and GATEWAYS & set(sys.orig_argv):
    with contextlib.suppress(OSError):
        _begin(os.environ["CANARY_NOTES"])
