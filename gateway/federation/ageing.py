"""What the cache says of age, put on the coverage lines of an answer: nothing stale is ever told as fresh."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gateway.cache.freshness import Freshness
from gateway.domain.coverage import Coverage, CoverageState

_TOLD = frozenset({CoverageState.COMPLETE, CoverageState.PARTIAL})


def aged(lines: Iterable[Coverage], parts: Freshness) -> list[Coverage]:
    """The lines, each no younger than the oldest part of its vendor that was used."""
    return [_aged(line, parts) if line.state in _TOLD else line for line in lines]


def _aged(line: Coverage, parts: Freshness) -> Coverage:
    part = parts.by_vendor.get(line.vendor)
    if part is None or part.as_of is None:
        return line
    as_of = part.as_of if line.as_of is None else min(line.as_of, part.as_of)
    return msgspec.structs.replace(line, as_of=as_of, stale=line.stale or part.stale)
