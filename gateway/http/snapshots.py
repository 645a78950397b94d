"""Files made once for readers that ask for ranges: each range must not drain a vendor anew (contract/bi.md).

A snapshot belongs to one caller's rights and one question, lives a few minutes and never holds half a file. They lie in
a directory of this process that nobody else may read and that goes with it.
"""

from __future__ import annotations

import asyncio
import atexit
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic, time
from typing import IO

import msgspec

SECONDS = 300.0
MOST = 32
MOST_BYTES = 4 << 30


class Snapshot(msgspec.Struct, frozen=True):
    """A whole file. `tag` names its content; `mark` is the watermark that goes with it."""

    path: Path
    size: int
    tag: str
    made: float
    mark: str | None

    def read(self, start: int, count: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(count)


class Snapshots:
    """Snapshots by key, each made once at a time."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held: dict[str, Snapshot] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._folder: Path | None = None

    def find(self, key: str) -> Snapshot | None:
        """The file of this key, while it lives."""
        found = self._held.get(key)
        return found if found is not None and found.made + SECONDS > self._clock() else None

    async def get(self, key: str, make: Callable[[], AsyncIterator[bytes]], mark: Callable[[], str | None]) -> Snapshot:
        """The file of this key, made now where there is none. Raises what `make` raises."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                return self.find(key) or await self._made(key, make(), mark)
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    async def fresh(self, make: Callable[[], AsyncIterator[bytes]], mark: Callable[[], str | None]) -> Snapshot:
        """A file of its own, for one reader."""
        return await self._made(secrets.token_hex(12), make(), mark)

    async def _made(self, key: str, pieces: AsyncIterator[bytes], mark: Callable[[], str | None]) -> Snapshot:
        tag = secrets.token_hex(12)
        path = self._place() / tag
        size = 0
        try:
            with path.open("xb") as file:
                async for piece in pieces:
                    size += len(piece)
                    await asyncio.to_thread(_write, file, piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        made = Snapshot(path, size, tag, self._clock(), mark())
        self._held.pop(key, None)
        self._held[key] = made
        self._tidy()
        return made

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="gateway-snapshots-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _tidy(self) -> None:
        held, now = sum(each.size for each in self._held.values()), self._clock()
        kept = {each.path for each in self._held.values()}
        for key, each in list(self._held.items())[:-1]:
            if each.made + SECONDS <= now or len(self._held) > MOST or held > MOST_BYTES:
                del self._held[key]
                kept.discard(each.path)
                held -= each.size
        for path in self._place().iterdir():  # one still being read or written goes later
            if path not in kept and path.stat().st_mtime + 2 * SECONDS < time():
                path.unlink(missing_ok=True)


def _write(file: IO[bytes], piece: bytes) -> None:
    file.write(piece)
