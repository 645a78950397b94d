"""A read of one window: all that is there, or an honest sample of it."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from gateway.domain.instant import Micros

Body = TypeVar("Body")


class Slice(msgspec.Struct, Generic[Body]):
    """What one read of a window brought.

    `complete`: `body` is all the vendor holds in the window. Otherwise more rows were there than the budget allowed;
    `body` is what was read and `sample` the instants of the rows in the order the vendor sent them, so that the next,
    narrower window can be chosen. `total` is the vendor's own count for the window over all codes asked; None where it
    tells none. `moved`: the vendor's count kept changing while paging, so rows may be missing (quirk B18).
    """

    body: Body
    complete: bool
    total: int | None = None
    sample: list[Micros] = msgspec.field(default_factory=list)
    moved: bool = False
