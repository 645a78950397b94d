"""Where something is, and of which kind: what sites and points of interest share."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class SiteKind(StrEnum):
    """Physical store or online property."""

    PHYSICAL = "PHYSICAL"
    ONLINE = "ONLINE"


class Coordinates(msgspec.Struct, frozen=True):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float
