"""Two replicas for programs that are no tests of ours, run by scripts/check-live: `python -m tests.live.stage PROGRAM`.

The program gets the replicas' addresses after its own arguments and says on stdout, a line each, what shall happen;
each line is answered by one on its stdin:

    publish   the people counter publishes the next quarter hour
    cut       both replicas close everything that listens, as for a restart
    revoke    the key `wall` is taken out of the keys file
    calls     how often the people counter was asked since the last `calls`

Every other line is passed on to stdout.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from gateway import telemetry
from gateway.domain import instant
from gateway.domain.instant import MINUTE
from tests.cache.valkey import Valkey
from tests.live.replicas import Replicas, replicas

KEYS = {"wall": "W" * 43, "other": "Z" * 43}
PUBLISHED = instant.parse("2026-11-02T12:16:00Z")


def write(file: Path, *names: str) -> None:
    """A keys file of these callers."""
    hashes = {name: hashlib.sha256(KEYS[name].encode()).hexdigest() for name in names}
    entries = [
        f'[[key]]\nname = "{name}"\nscopes = ["read"]\nhash = "sha256:{hash_}"\n' for name, hash_ in hashes.items()
    ]
    file.write_text("\n".join(entries), "utf-8")


class Stage:
    """What the program may move."""

    def __init__(self, running: Replicas, keys: Path) -> None:
        self._running = running
        self._keys = keys
        self._published = PUBLISHED

    async def done(self, wanted: str) -> str | None:
        """The answer; None where it is no command."""
        if wanted == "publish":
            self._running.hands.now = self._published
            self._published += 15 * MINUTE
        elif wanted == "cut":
            for replica in self._running.running:
                await replica.cut()
        elif wanted == "revoke":
            write(self._keys, "other")
        elif wanted == "calls":
            told = sum(self._running.calls().values())
            self._running.faults().calls.clear()
            return str(told)
        else:
            return None
        return "done"


async def played(command: list[str]) -> int:
    """The exit status of the program."""
    with tempfile.TemporaryDirectory() as folder:
        keys, store = Path(folder) / "keys.toml", Valkey(Path(folder))
        write(keys, *KEYS)
        store.start()
        try:
            options: dict[str, Any] = {"cache_url": store.url, "api_keys": keys, "anonymous_scopes": []}
            async with replicas(Path(folder), 2, **options) as running:
                addresses = [f"http://127.0.0.1:{replica.port}" for replica in running.running]
                program = await asyncio.create_subprocess_exec(*command, *addresses, stdin=PIPE, stdout=PIPE)
                await _served(program, Stage(running, keys))
                return await program.wait()
        finally:
            store.kill()


async def _served(program: Process, stage: Stage) -> None:
    assert program.stdin is not None
    assert program.stdout is not None
    async for line in program.stdout:
        said = line.decode().rstrip()
        answer = await stage.done(said)
        if answer is None:
            print(said, flush=True)
        else:
            program.stdin.write(f"{answer}\n".encode())
            await program.stdin.drain()


if __name__ == "__main__":
    telemetry.configure("error")
    sys.exit(asyncio.run(played(sys.argv[1:])))
