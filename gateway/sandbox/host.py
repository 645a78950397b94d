"""Plays simulators on real loopback sockets, in one background thread with an event loop of its own.

Only 127.0.0.1 is ever bound. uvicorn's protocol is used without its server, which would install signal handlers and
log beside the gateway's own.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation
from gateway.sandbox.stage import CONNECTION, Stage
from gateway.sandbox.world import World
from gateway.settings import PREFIX, ConfigurationError

__all__ = ["Hosted", "HostedVendor", "Simulation", "announce", "start"]

_LOOPBACK = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class HostedVendor:
    """One simulator that listens. `settings`: what a gateway needs, `base_url` included, by settings member."""

    address: str
    base_url: str
    settings: Mapping[str, str]
    faults: Faults


class Hosted:
    """Simulators that listen, by the vendor's folder (`guest_wifi`), until `stop()`."""

    def __init__(self, world: World, vendors: Mapping[str, HostedVendor], stop: Callable[[], None]) -> None:
        self.world = world
        self.vendors = vendors
        self.stop = stop

    def environment(self) -> dict[str, str]:
        """The settings a gateway needs to talk to the simulators, as environment variables."""
        return {
            f"{PREFIX}VENDORS__{folder.upper()}__{name.upper()}": value
            for folder, vendor in self.vendors.items()
            for name, value in vendor.settings.items()
        }


def start(world: World, modules: Iterable[str], port_base: int = 0) -> Hosted:
    """Play the simulators of `modules` (`gateway.vendors.bespot.sandbox`), ready when this returns.

    The n-th listens on `port_base` + n, or on any free port where `port_base` is 0. Raises ConfigurationError where a
    port is taken.
    """
    cast: dict[str, tuple[Simulation, Faults, socket.socket]] = {}
    try:
        for turn, module in enumerate(modules):
            faults = Faults(world.seed)
            simulation: Simulation = importlib.import_module(module).simulate(world, faults)
            cast[module.split(".")[-2]] = simulation, faults, _listen(port_base and port_base + turn)
    except BaseException:
        for _, _, listener in cast.values():
            listener.close()
        raise
    vendors = {folder: _vendor(simulation, faults, listener) for folder, (simulation, faults, listener) in cast.items()}
    stages = [(Stage(simulation, faults, world), listener) for simulation, faults, listener in cast.values()]
    theatre = _Theatre(stages)
    theatre.start()
    return Hosted(world, vendors, theatre.stop)


def announce(hosted: Hosted) -> str:
    """Addresses and credentials of the simulators, ready to paste into a shell."""
    lines = ["Simulated vendors, synthetic data only, on this machine only:", ""]
    lines += [f"  {folder:<12} {vendor.base_url}" for folder, vendor in hosted.vendors.items()]
    lines += ["", "Settings of a gateway that talks to them:", ""]
    lines += [f"  export {name}={value}" for name, value in hosted.environment().items()]
    lines += [
        "  export GATEWAY_ANONYMOUS_SCOPES=read",
        "  export GATEWAY_PSEUDONYM_KEY=$(python3 -c 'import secrets; print(secrets.token_hex(32))')",
    ]
    address = next((vendor.address for vendor in hosted.vendors.values()), "http://127.0.0.1")
    lines += [
        "",
        f"Their crosswalk:  curl -s {address}/_crosswalk > sites.toml && export GATEWAY_SITES=sites.toml",
        f"Calls they got:   curl -s {address}/_calls",
        f'A fault, for all: curl -s {address}/_faults -d \'{{"kind": "status", "status": 503}}\'',
        f"Faults off:       curl -s -X DELETE {address}/_faults",
    ]
    return "\n".join(lines)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only where the protocol is named
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
    except (OSError, OverflowError):
        listener.close()
        raise ConfigurationError(f"--port-base: port {port} of 127.0.0.1 cannot be used") from None
    listener.listen(1024)
    listener.setblocking(False)
    return listener


def _vendor(simulation: Simulation, faults: Faults, listener: socket.socket) -> HostedVendor:
    address = f"http://{_LOOPBACK}:{listener.getsockname()[1]}"
    base_url = address + simulation.prefix
    return HostedVendor(address, base_url, {"base_url": base_url, **simulation.settings}, faults)


class _Theatre:
    """The background thread, its loop and the servers in it."""

    def __init__(self, stages: list[tuple[Stage, socket.socket]]) -> None:
        self._stages = stages
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._open = threading.Event()

    def start(self) -> None:
        self._thread.start()
        self._open.wait()

    def stop(self) -> None:
        """Idempotent; requests in flight are cut."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._open.set()  # a thread that failed must not leave `start` waiting

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        state = ServerState()
        servers = [await self._loop.create_server(_protocol(app, state), sock=sock) for app, sock in self._stages]
        self._open.set()
        await self._closing.wait()
        for server in servers:
            server.close()
        for connection in list(state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # connections learn that they are lost, so that nothing is logged about their tasks
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _protocol(app: Stage, state: ServerState) -> Callable[[], asyncio.Protocol]:
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False, timeout_keep_alive=75)
    config.load()
    return lambda: _Connection(config, state, {})


class _Connection(HttpToolsProtocol):
    """uvicorn's protocol, without an access log, that lets the app end the connection (`stage.py`)."""

    def __init__(self, config: uvicorn.Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self.access_log = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: {"close": self._close, "reset": self._reset}}

    def _close(self) -> None:
        self.transport.close()

    def _reset(self) -> None:
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()
