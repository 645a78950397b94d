"""The five rights a caller can hold. None implies another (rules.md 9, 36), and no other may be invented here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gateway.settings import ConfigurationError


class Scope(StrEnum):
    """What a caller may do."""

    READ = "read"
    WRITE = "write"
    PII_READ = "pii:read"
    CACHE_BYPASS = "cache:bypass"
    ADMIN = "admin"


EVERY_SCOPE = frozenset(Scope)


def parse_scopes(texts: Iterable[str], setting: str) -> frozenset[Scope]:
    """`setting` is named in the ConfigurationError for an unknown scope; the text itself is not repeated."""
    try:
        return frozenset(map(Scope, texts))
    except ValueError:
        known = ", ".join(Scope)
        raise ConfigurationError(f"{setting}: names an unknown scope; the scopes are {known}") from None
