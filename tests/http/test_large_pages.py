"""Only the process's own memory is moved, in whole pages, and nothing is lost by it."""

from __future__ import annotations

import sys

import pytest

from gateway.http.large_pages import LARGE, stretches, use_large_pages

MAPS = """\
00400000-00800000 r--p 00000000 08:01 1234                       /usr/bin/python3
01000000-01900000 rw-p 00000000 00:00 0                          [heap]
7f0000100000-7f0000900000 rw-p 00000000 00:00 0
7f0000a00000-7f0000a01000 ---p 00000000 00:00 0
7f0000a01000-7f0001000000 rw-p 00000000 00:00 0
7f0001100000-7f0001200000 rw-p 00000000 00:00 0
7f0002000000-7f0002800000 rw-p 00000000 08:01 77                 /srv/a file
7f0003000000-7f0003800000 rw-s 00000000 00:05 9                  /dev/shm/shared
7f0004000000-7f0004800000 r-xp 00000000 00:00 0
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0                  [stack]
"""


def test_whole_pages_of_its_own_memory() -> None:
    assert list(stretches(MAPS)) == [(0x1000000, 0x1800000), (0x7F0000200000, 0x7F0000800000)]


@pytest.mark.skipif(sys.platform != "linux", reason="large pages are asked for on Linux only")
def test_nothing_is_lost_by_it() -> None:
    held = [bytes([number % 251]) * 1000 for number in range(20_000)]
    moved = use_large_pages()
    assert moved % LARGE == 0
    assert all(value == bytes([number % 251]) * 1000 for number, value in enumerate(held))
