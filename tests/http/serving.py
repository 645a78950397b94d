"""A real process that serves the toy graph: `python -m tests.http.serving WORKERS DRAIN_SECONDS`; prints its port."""

from __future__ import annotations

import socket
import sys
from functools import partial

from gateway.cli.workers import Crew
from gateway.http import server
from gateway.settings import Settings
from tests.execution.toy import open_toy
from tests.http.conftest import live


def work(settings: Settings, listener: socket.socket) -> None:
    server.run(settings, open_toy, listener)


def main() -> int:
    workers, drain = int(sys.argv[1]), float(sys.argv[2])
    settings = live(drain_seconds=drain)
    with server.listen("127.0.0.1", 0) as listener:
        print(listener.getsockname()[1], flush=True)
        if workers == 1:
            server.run(settings, open_toy, listener, "toy ready")
            return 0
        return Crew(partial(work, settings), listener, workers, drain).run()


if __name__ == "__main__":
    sys.exit(main())
