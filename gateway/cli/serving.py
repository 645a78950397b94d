"""`gateway serve`: settings, a socket, then one process or a crew of them."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from gateway import runtime, settings, telemetry
from gateway.cli.simulators import played
from gateway.cli.workers import Crew
from gateway.http import server
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry import Telemetry, metrics


def serve(host: str, port: int, workers: int, config: Path | None) -> int:
    """Until a signal; the exit status. Raises ConfigurationError."""
    loaded = settings.load(config)
    telemetry.configure(loaded.log_level)
    with server.listen(host, port) as listener, figures_shared(workers):
        line = announcement(server.address_of(listener), loaded)
        if workers == 1:
            run(loaded, listener, line)
            return 0
        with played(loaded) if loaded.simulated else nullcontext(loaded) as shared:
            print(line, file=sys.stderr, flush=True)
            return Crew(partial(work, shared), listener, workers, loaded.drain_seconds, metrics.buried).run()


def work(loaded: Settings, listener: socket.socket) -> None:
    """One worker of a crew."""
    telemetry.configure(loaded.log_level)
    try:
        run(loaded, listener)
    except ConfigurationError as error:
        print(f"gateway: {error}", file=sys.stderr)
        sys.exit(2)


def run(loaded: Settings, listener: socket.socket, line: str = "") -> None:
    """This process serves, and is watched."""
    watched = Telemetry.configured(loaded.otlp_endpoint)
    server.run(loaded, partial(runtime.gateway, telemetry=watched), listener, line, watched)


@contextmanager
def figures_shared(workers: int) -> Iterator[None]:
    """A folder where the processes leave their figures for each other, empty at the start; none for one process."""
    given = os.environ.get(metrics.FOLDER)
    if given is not None:
        metrics.wipe(Path(given))
        yield
    elif workers == 1:
        yield
    else:
        with tempfile.TemporaryDirectory(prefix="gateway-metrics-") as folder:
            os.environ[metrics.FOLDER] = folder
            try:
                yield
            finally:
                del os.environ[metrics.FOLDER]


def announcement(address: str, loaded: Settings) -> str:
    """The one line of a start."""
    whose = "simulated vendors, synthetic data" if loaded.simulated else "live vendors"
    return f"Gateway ready ({whose}): open {address}/graphql in a browser for GraphiQL"
