"""Global object identification (Relay): ids name a type and a key, and nothing of a person."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import strawberry

_LONGEST = 1024


@strawberry.interface(description="A thing that can be fetched again by its id alone.")
class Node:
    """Implemented by types whose source has `key` or an Okube `_id`."""

    id: strawberry.ID = strawberry.field(
        description="Global id: opaque, stable, unique over all types; give it to `node`."
    )


def encode(kind: str, key: str) -> strawberry.ID:
    """`Site`, `ath-116500` as one opaque text."""
    return strawberry.ID(urlsafe_b64encode(f"{kind}:{key}".encode()).rstrip(b"=").decode())


def decode(text: str) -> tuple[str, str] | None:
    """Kind and key, or None for what is no id of this gateway."""
    if not 0 < len(text) <= _LONGEST or not text.isascii():
        return None
    try:
        kind, separator, key = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
    except ValueError:
        return None
    return (kind, key) if separator and encode(kind, key) == text else None


def site_key(text: str) -> str | None:
    """The key in the id of a Site, or None."""
    found = decode(text)
    return found[1] if found and found[0] == "Site" else None
