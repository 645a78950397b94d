"""Somebody who pastes a page's lines into a shell: the same lines on ports that are free, in a folder of their own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.docs.pages import ROOT

PATIENCE = 90.0
LISTENS = 2.0
"""Seconds a stream is listened to."""
TIMED_OUT = 28
"""How curl says that it was still listening."""


class Said(NamedTuple):
    """What came of a block."""

    status: int
    out: str
    err: str


class Newcomer:
    """A shell in a folder that looks like a clone after the first `./scripts/serve`, with `gateway` on its path."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._ports = {"8000": port} | {str(9100 + each): port + 1 + each for each in range(4)}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = clean | {"PATH": path}
        for name in ("docs", "gateway", "scripts"):
            if not (folder / name).exists():
                (folder / name).symlink_to(ROOT / name)

    def pastes(self, lines: str) -> Said:
        """Runs them to their end; a stream is left after a while."""
        listening = re.search(r"curl -\w*N", lines) is not None
        script = re.sub(r"\bcurl (?=-\w*N)", f"curl --max-time {LISTENS} ", self.moved(lines))
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=self._folder, env=self._environment, capture_output=True, timeout=PATIENCE
        )
        expected = TIMED_OUT if listening else 0  # a stream that ended was none
        return Said(done.returncode - expected, done.stdout.decode(), done.stderr.decode())

    @contextmanager
    def leaves_running(self, lines: str) -> Iterator[subprocess.Popen[bytes]]:
        """Runs them in a shell of their own until the `with` ends."""
        log = self._folder / "log"
        with log.open("ab") as told:
            process = subprocess.Popen(
                ["sh", "-eu", "-c", self.moved(lines)],
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=told,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            os.killpg(process.pid, 2)
            process.communicate(timeout=PATIENCE)

    def moved(self, lines: str) -> str:
        """On this newcomer's ports."""
        moved = re.sub(r"(?<=:)(8000|910[0-3])\b", lambda port: str(self._ports[port[1]]), lines)
        moved = moved.replace("--port-base 9100", f"--port-base {self._ports['9100']}")
        return re.sub(r"\bgateway serve\b", f"exec gateway serve --port {self._ports['8000']}", moved)


def free_port() -> int:
    """A port nobody listens on, nor on the four after it. Processes that look at the same time find different ones."""
    for port in range(20_000 + os.getpid() % 1_500 * 8, 60_000, 8):
        if all(_free(port + each) for each in range(5)):
            return port
    raise AssertionError("no port is free")


def _free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def ready(address: str, process: subprocess.Popen[bytes]) -> None:
    """Waits until something answers there."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {address}")


def printed(process: subprocess.Popen[bytes], last: str) -> str:
    """What a process prints, up to the line that holds `last`."""
    lines = [""]
    assert process.stdout is not None
    while last not in lines[-1]:
        lines.append(process.stdout.readline().decode())
        assert lines[-1], "it ended"
    return "".join(lines)
