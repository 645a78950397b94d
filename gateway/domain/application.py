"""A client account at Okube: what its sites, campaigns, studies and points of interest belong to."""

from __future__ import annotations

import msgspec


class Application(msgspec.Struct, frozen=True):
    """An application. Its members beyond `_id` are not documented (okube.yaml, Application)."""

    id: str
    key: str | None = None
    name: str | None = None
