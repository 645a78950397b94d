"""What was loaded at the start is moved onto large pages of memory, where the system has them (Linux).

Every question touches code and objects all over some fifty megabytes. In pages of 4 KB the processor spends more on
finding them than on reading them: up to a sixth of a small question (docs/performance.md). What cannot be moved stays.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

LARGE = 2 * 1024 * 1024
"""Bytes of a large page on the processors we know; where it is another, less is moved."""

_HUGEPAGE, _COLLAPSE = 14, 25  # of madvise(2): from now on, and what is there already (Linux 6.1)


def use_large_pages() -> int:
    """Bytes of the stretches that were moved, or are as soon as the system finds the time."""
    if sys.platform != "linux":
        return 0
    try:
        advise: Callable[..., int] = ctypes.CDLL(None).madvise
        advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)  # type: ignore[attr-defined]
        mappings = Path("/proc/self/maps").read_text()
    except (OSError, AttributeError):
        return 0
    moved = 0
    for start, end in stretches(mappings):
        if advise(start, end - start, _HUGEPAGE) == 0:
            advise(start, end - start, _COLLAPSE)
            moved += end - start
    return moved


def stretches(mappings: str) -> Iterator[tuple[int, int]]:
    """The whole large pages inside the process's own memory, from the text of /proc/self/maps.

    What begins behind a page that nobody may touch is the stack of a thread, and stays.
    """
    guarded = -1
    for line in mappings.splitlines():
        place, rights, _, _, inode, *path = line.split(maxsplit=5)
        first, last = (int(address, 16) for address in place.split("-"))
        if rights == "---p":
            guarded = last
        if rights != "rw-p" or inode != "0" or first == guarded or (path and path[0] != "[heap]"):
            continue
        start, end = -(-first // LARGE) * LARGE, last // LARGE * LARGE
        if start < end:
            yield start, end
