"""What the BI clients are checked against: a gateway over a people counter that is counted, and may die on cue.

The gateway and the counter (bench/minutes.py) are processes of the gateway's own environment; this file needs nothing
but the standard library, for it runs among the clients. Settled minutes of a few days ago: nothing of them changes.
"""

# ruff: noqa: S603

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv" / "bin" / "python"
STORES, DAYS = 10, 3
MINUTES = DAYS * 1440
ROWS = STORES * MINUTES
MOST_ROWS = 10_000
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS + 1)
END = START + timedelta(days=DAYS)
FROM, TO = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (START, END))
SITE = '[[site]]\nkey = "s{0:04d}"\nname = "Store {0}"\ntimezone = "Europe/Athens"\nbespot = ["{0:06d}"]\n'

Row = tuple[str, datetime, int]


def expected() -> list[Row]:
    """Site, start and entries of every visit, as bench/minutes.py makes them."""
    return sorted(
        (f"s{store:04d}", START + timedelta(minutes=minute), (store + minute % 13) % 11)
        for minute in range(MINUTES)
        for store in range(STORES)
    )


class Counter:
    """The vendor's process, on a port that stays the same when it is started anew."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, dies: int | None = None) -> None:
        """A process that has been asked nothing. `dies`: pages after which it ends."""
        self.end()
        command = [str(PYTHON), "-m", "bench.minutes", str(self.port), str(STORES), str(MINUTES), "--start", FROM]
        self._process = subprocess.Popen(command + (["--dies", str(dies)] if dies is not None else []), cwd=ROOT)
        for _ in range(600):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("The counter does not start.")

    def asked(self) -> tuple[int, int]:
        """Pages and rows since the last time."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_calls") as answer:
            told = json.load(answer)
        return told["calls"], told["rows"]

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def environment(counter: Counter, folder: Path, cache: str) -> dict[str, str]:
    """Settings of a gateway over that counter alone."""
    sites = folder / "sites.toml"
    sites.write_text("".join(SITE.format(store) for store in range(STORES)), "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {
        **clean,
        "GATEWAY_SANDBOX": "none",
        "GATEWAY_PSEUDONYM_KEY": "5a" * 32,
        "GATEWAY_ANONYMOUS_SCOPES": "read",
        "GATEWAY_SITES": str(sites),
        "GATEWAY_CACHE": cache,
        "GATEWAY_LOG_LEVEL": "error",
        "GATEWAY_DRAIN_SECONDS": "0",
        "GATEWAY_VENDORS__BESPOT__BASE_URL": f"http://127.0.0.1:{counter.port}/api",
        "GATEWAY_VENDORS__BESPOT__USERNAME": "rig",
        "GATEWAY_VENDORS__BESPOT__PASSWORD": "rig",
    }


@contextmanager
def gateway(counter: Counter, cache: str = "on") -> Iterator[str]:
    """Its address. Each knows nothing when it begins."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(PYTHON), "-m", "gateway", "serve", "--port", "0"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment(counter, Path(folder), cache),
        )
        try:
            assert process.stderr is not None
            found = re.search(r"(http://127\.0\.0\.1:\d+)/graphql", process.stderr.readline())
            assert found is not None
            yield found[1]
        finally:
            process.terminate()
            process.wait()
