"""`gateway serve`: settings, a socket, then one process or a crew of them."""

from __future__ import annotations

import socket
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from gateway import runtime, settings, telemetry
from gateway.cli.simulators import played
from gateway.cli.workers import Crew
from gateway.http import server
from gateway.settings import ConfigurationError, Settings


def serve(host: str, port: int, workers: int, config: Path | None) -> int:
    """Until a signal; the exit status. Raises ConfigurationError."""
    loaded = settings.load(config)
    telemetry.configure(loaded.log_level)
    with server.listen(host, port) as listener:
        line = announcement(server.address_of(listener), loaded)
        if workers == 1:
            server.run(loaded, runtime.gateway, listener, line)
            return 0
        with played(loaded) if loaded.simulated else nullcontext(loaded) as shared:
            print(line, file=sys.stderr, flush=True)
            return Crew(partial(work, shared), listener, workers, loaded.drain_seconds).run()


def work(loaded: Settings, listener: socket.socket) -> None:
    """One worker of a crew."""
    telemetry.configure(loaded.log_level)
    try:
        server.run(loaded, runtime.gateway, listener)
    except ConfigurationError as error:
        print(f"gateway: {error}", file=sys.stderr)
        sys.exit(2)


def announcement(address: str, loaded: Settings) -> str:
    """The one line of a start."""
    whose = "simulated vendors, synthetic data" if loaded.simulated else "live vendors"
    return f"Gateway ready ({whose}): open {address}/graphql in a browser for GraphiQL"
