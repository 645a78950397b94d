"""Runs the edge on a socket: start, drain, stop (rules.md 47).

SIGTERM must never cut a request that could still finish, and must always end the process: in the drain time plus 15
seconds at most.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from signal import SIGTERM
from time import monotonic
from types import FrameType

import uvicorn

from gateway.http.app import Edge
from gateway.http.large_pages import use_large_pages
from gateway.http.lifecycle import Graph, Lifecycle
from gateway.http.protocol import punctual, punctual_socket
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry import Telemetry
from gateway.telemetry.sampling import sampling

OpenGraph = Callable[[Settings], AbstractAsyncContextManager[Graph]]
"""Opens everything the graph needs and closes it again."""

FINISH = 12
"""Seconds for requests in flight after the drain; three are left for closing the graph."""
BACKLOG = 2048
COLLECTED_EVERY = 200_000
"""New objects between two looks of the garbage collector."""


class Server(uvicorn.Server):
    """uvicorn's, with a drain before its shutdown and an exit status of 0 after it."""

    def __init__(
        self,
        config: uvicorn.Config,
        lifecycle: Lifecycle,
        drain_seconds: float,
        announcement: str = "",
        dismiss: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(config)
        self._dismiss = dismiss
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._stop_at: float | None = None
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Then says where the gateway is."""
        await super().startup(sockets)
        if self._announcement and self.started:
            print(self._announcement, file=sys.stderr, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM begins the drain. A second one, or Ctrl-C, ends it; the next Ctrl-C does not wait for anybody.

        uvicorn would raise the signal again after its shutdown: the status would not be 0.
        """
        if sig == SIGTERM and not self._lifecycle.draining:
            self._lifecycle.draining = True
            self._stop_at = monotonic() + self._drain_seconds
            return
        self._lifecycle.draining = True
        self.force_exit = self.force_exit or self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Those who listen are told before the connections are closed."""
        for server in self.servers:
            server.close()
        began = monotonic()
        leaving = asyncio.ensure_future(self._dismiss()) if self._dismiss is not None else None
        while leaving is not None and not leaving.done() and not self.force_exit:
            await asyncio.wait({leaving}, timeout=0.1)
        self.config.timeout_graceful_shutdown = max(1, FINISH - int(monotonic() - began))
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second. True: shut down now."""
        if self._stop_at is not None and monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


def listen(host: str, port: int) -> socket.socket:
    """A listening address, taken before anything is started. Raises ConfigurationError where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as undo:
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            undo.pop_all()
    except (OSError, OverflowError) as error:
        reason = (getattr(error, "strerror", None) or "not an address").lower()
        raise ConfigurationError(f"--host, --port: cannot listen there ({reason})") from None
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket) -> str:
    """As a URL for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def run(
    settings: Settings,
    open_graph: OpenGraph,
    listener: socket.socket,
    announcement: str = "",
    telemetry: Telemetry | None = None,
) -> None:
    """Serves until a signal. What goes wrong in the start is raised as it is."""
    watched = telemetry or Telemetry()
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # it would log a second line beside the request's own
    logging.getLogger("uvicorn.error").addFilter(_has_no_line_of_its_own)
    lifecycle = Lifecycle()
    edge = Edge(settings, lifecycle, watched)
    config = configured(edge, settings)
    server = Server(config, lifecycle, settings.drain_seconds, announcement, edge.audience.dismiss)

    async def served() -> None:
        async with open_graph(settings) as graph, sampling(watched):
            collect_rarely()
            use_large_pages()
            lifecycle.graph = graph
            await server.serve(sockets=[listener])
            lifecycle.graph = None

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(served())


def configured(edge: Edge, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the edge: no banner, no log of its own, nobody's word for an address, a clock on heads."""
    return uvicorn.Config(
        edge,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws=punctual_socket(settings.send_timeout),
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,  # tens of kilobytes a socket, for messages of some hundred bytes
        http=punctual(settings.header_timeout, settings.send_timeout, edge.instant),
        proxy_headers=False,  # origin.py reads them, of trusted addresses only
        timeout_graceful_shutdown=FINISH,
        timeout_keep_alive=int(settings.keep_alive),
    )


def collect_rarely() -> None:
    """What is there after the start is not looked through again, and new objects only by the tens of thousands.

    An answer is thousands of small objects without cycles. Measured in docs/performance.md.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_EVERY, 20, 50)


def _has_no_line_of_its_own(record: logging.LogRecord) -> bool:
    """An export that is cut on purpose has a line already (http/csv_export.py)."""
    return not record.getMessage().startswith("ASGI callable returned without completing response")
