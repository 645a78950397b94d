"""What a bench stands on: the vendor of bench/vendor.py in a process of its own, and a gateway's settings over it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from bench.vendor import crosswalk


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listening(port: int) -> None:
    """Returns when somebody listens there, or after a minute."""
    for _ in range(600):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.1)


@contextmanager
def vendor(sites: int, rows: int) -> Iterator[int]:
    """The vendor's port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.vendor", str(port), str(sites), str(rows)]
    process = subprocess.Popen(command)
    try:
        listening(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def configured_for(
    port: int,
    sites: int,
    folder: Path,
    cache: str = "off",
    put: Callable[[str, str], object] = os.environ.__setitem__,
) -> None:
    """Sets the environment for a gateway over the vendor on that port; the crosswalk goes to `folder`."""
    path = folder / "sites.toml"
    path.write_text(crosswalk(sites))
    for name, value in {
        "GATEWAY_SITES": str(path),
        "GATEWAY_SANDBOX": "none",
        "GATEWAY_PSEUDONYM_KEY": "00" * 32,
        "GATEWAY_ANONYMOUS_SCOPES": "read",
        "GATEWAY_CACHE": cache,
        "GATEWAY_REQUEST_TIMEOUT": "60",
        "GATEWAY_VENDORS__BESPOT__BASE_URL": f"http://127.0.0.1:{port}/api",
        "GATEWAY_VENDORS__BESPOT__USERNAME": "bench",
        "GATEWAY_VENDORS__BESPOT__PASSWORD": "bench",
        "GATEWAY_VENDORS__OKUBE__BASE_URL": f"http://127.0.0.1:{port}",
        "GATEWAY_VENDORS__OKUBE__API_KEY": "bench",
        "GATEWAY_VENDORS__OKUBE__APPLICATION": "bench",
    }.items():
        put(name, value)
