"""Several processes on one socket, started afresh when they die, drained together.

The parent holds no graph: it starts, watches and stops. A worker that cannot start must stop everything, not spin.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from time import monotonic
from types import FrameType

LONGEST_DRAIN = 15.0
TOO_SOON = 5.0
"""Seconds: a worker that ends earlier than that could not start."""

Work = Callable[[socket.socket], None]


class Crew:
    """`count` processes that each run `work(listener)`; `work` must be importable in a fresh interpreter.

    `buried` is told the id of each that has died."""

    def __init__(
        self,
        work: Work,
        listener: socket.socket,
        count: int,
        drain_seconds: float,
        buried: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self._work = work
        self._buried = buried
        self._listener = listener
        self._count = count
        self._patience = drain_seconds + LONGEST_DRAIN
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[SpawnProcess, float] = {}
        self._stopping = threading.Event()

    def run(self) -> int:
        """Until SIGTERM or Ctrl-C; the exit status."""
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, self._stop)
        while len(self._workers) < self._count:
            self._start()
        status = 0
        while not self._stopping.wait(0.2):
            dead = [worker for worker in self._workers if not worker.is_alive()]
            if any(monotonic() - self._workers[worker] < TOO_SOON and worker.exitcode for worker in dead):
                status = 2
                break
            for worker in dead:
                del self._workers[worker]
                self._buried(worker.pid or 0)
                self._start()
        self._end()
        return status

    def _start(self) -> None:
        worker = self._context.Process(target=self._work, args=(self._listener,))
        worker.start()
        self._workers[worker] = monotonic()

    def _stop(self, _sig: int, _frame: FrameType | None) -> None:
        """Passed on at once, so that every worker says 503 to readiness from now on."""
        self._stopping.set()
        for worker in self._workers:
            if worker.is_alive():
                worker.terminate()

    def _end(self) -> None:
        latest = monotonic() + self._patience
        for worker in self._workers:
            if not self._stopping.is_set():
                worker.terminate()
            worker.join(max(0.0, latest - monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()
