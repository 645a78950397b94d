"""Who is asking, as a value: name, scopes and the sites in reach. It holds no credential, ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import orjson

from gateway.access.scopes import Scope
from gateway.domain.errors import Forbidden, Unauthenticated
from gateway.domain.site import Site


class CallerKind(StrEnum):
    """How a caller proved who they are."""

    ANONYMOUS = "anonymous"
    KEY = "key"
    TOKEN = "token"  # noqa: S105  # a word, not a credential


@dataclass(frozen=True)
class Principal:
    """A caller and their rights.

    `sites` (keys) and `tags` form a union; both None: every site; empty: none (rules.md 10). `name` is for the caller
    alone (`viewer`); `label` is what logs, metrics and budgets use: unique, and without personal data.
    """

    kind: CallerKind
    label: str
    name: str | None = None
    scopes: frozenset[Scope] = frozenset()
    sites: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    requests_per_minute: int | None = None

    @property
    def limited(self) -> bool:
        """Whether the caller sees some sites only."""
        return self.sites is not None or self.tags is not None

    def has(self, scope: str) -> bool:
        return scope in self.scopes

    def sees(self, site: Site) -> bool:
        """Okube's own tags open nothing, callers can write them; nor do its unclaimed sites (rules.md 10, 11)."""
        if not self.limited:
            return True
        if not site.claimed:
            return False
        return site.key in (self.sites or ()) or not (self.tags or frozenset()).isdisjoint(site.crosswalk_tags)

    @cached_property
    def reach_key(self) -> str:
        """Stable digest of the site set alone, for cursors (rules.md 33): more scopes do not end a walk."""
        return _digest([_listed(self.sites), _listed(self.tags)])

    @cached_property
    def rights_key(self) -> str:
        """Stable digest of scopes and site set, for cache keys. Two callers with equal rights share it."""
        return _digest([_listed(self.scopes), _listed(self.sites), _listed(self.tags)])


def require(principal: Principal, scope: Scope) -> None:
    """Raises Unauthenticated for a stranger to whom nothing is open, else Forbidden (rules.md 9)."""
    if scope in principal.scopes:
        return
    if principal.kind is CallerKind.ANONYMOUS and not principal.scopes:
        raise Unauthenticated("A key or token is needed here.")
    raise Forbidden(f"This needs scope {scope}.")


def _listed(members: frozenset[str] | None) -> list[str] | None:
    return None if members is None else sorted(str(member) for member in members)


def _digest(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:32]
