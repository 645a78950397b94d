"""One operation's own state: the caller, the sites in reach, what failed, and the batches its fields share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from typing import Any, TypeAlias, TypeVar

from graphql import GraphQLError, GraphQLResolveInfo
from graphql.pyutils import Path

from gateway.access.principal import Principal, require
from gateway.access.pseudonyms import Pseudonyms
from gateway.access.scopes import Scope
from gateway.domain.errors import Forbidden, GatewayError, InputError, VendorError
from gateway.domain.site import Site
from gateway.federation.catalog import Catalog
from gateway.federation.directory import OKUBE_ONLY, Roster, by_reference
from gateway.loaders import records
from gateway.loaders.batch import Batch, LoadAll
from gateway.loaders.once import Once

Resolving: TypeAlias = GraphQLResolveInfo[Any]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MOST_MEMBERS = 1_000


class Request:
    """The context of one operation. `describe` turns an error into the members its entry shows.

    `by_get`: the operation came in a URL, where nothing of a person may stand (rules.md 12).
    """

    def __init__(
        self,
        catalog: Catalog,
        principal: Principal,
        pseudonyms: Pseudonyms,
        *,
        page_size: int = 50,
        by_get: bool = False,
        sandbox: bool = False,
        describe: Callable[[GatewayError], dict[str, Any]],
    ) -> None:
        self.catalog = catalog
        self.principal = principal
        self.pseudonyms = pseudonyms
        self.page_size = page_size
        self.by_get = by_get
        self.errors: list[GraphQLError] = []
        self._sandbox = sandbox
        self._describe = describe
        self._failures: dict[Hashable, dict[str, Any]] = {}
        self._failed: dict[Hashable, GraphQLError] = {}
        self._batches: dict[Hashable, Batch[Any, Any]] = {}
        self._rosters: dict[Hashable, Once[Roster]] = {}
        self._visible: tuple[Site, ...] | None = None

    # what failed ------------------------------------------------------------------------------------------------

    def fail(self, error: GatewayError, info: Resolving, count: int = 1, *, at: tuple[int, ...] = ()) -> None:
        """A field has no answer in `count` rows: null, with one `errors` entry per selection (rules.md 2).

        `at`: the place in the field's own list that has none.
        """
        key, path = _selection(info.path, error), [*info.path.as_list(), *at]
        told = self._failed.get(key)
        if told is None or _rows(path) < _rows(told.path or []):  # which row fails first is chance
            told = GraphQLError(error.message, info.field_nodes, path=path, original_error=error)
            self._failed[key] = told
        self.errors.extend([told] * count)

    def note(self, errors: Iterable[GatewayError], info: Resolving) -> None:
        """A field answers with part of its data: each missing vendor is one entry of `extensions.failures`."""
        for error in errors:
            key, path = _selection(info.path, error), info.path.as_list()
            told = self._failures.get(key)
            if told is None or _rows(path) < _rows(told["path"]):  # which row fails first is chance
                entry = {"path": path, "message": error.message, **self._describe(error)}
                if isinstance(error, VendorError):
                    entry.setdefault("retryAfter", error.retry_after)
                self._failures[key] = entry

    def forbid(self, info: Resolving, scope: Scope, count: int = 1) -> None:
        """A field masked in `count` rows (rules.md 12)."""
        self.fail(Forbidden(f"This field needs scope {scope}."), info, count)

    def extensions(self) -> dict[str, Any]:
        """What the answer's `extensions` say of this operation."""
        told: dict[str, Any] = {}
        if self._failures:
            told["failures"] = list(self._failures.values())
        if self._sandbox:
            told["sandbox"] = True
        return told

    # who sees what ----------------------------------------------------------------------------------------------

    def require(self, scope: Scope) -> None:
        require(self.principal, scope)

    @property
    def visible(self) -> tuple[Site, ...]:
        """The crosswalk's sites this caller sees, by key."""
        if self._visible is None:
            known = self.catalog.known
            sees = self.principal.sees
            self._visible = tuple(s for s in known if sees(s)) if self.principal.limited else known
        return self._visible

    @property
    def bound(self) -> str:
        """What cursors are bound to on the caller's side (rules.md 33)."""
        return self.principal.reach_key

    async def roster(self, application: str | None = None, *, kinds: bool = False) -> Roster:
        """Okube's sites joined to the crosswalk: read once per operation."""
        key = (application, kinds)
        found = self._rosters.get(key)
        if found is None:
            found = Once(partial(self.catalog.directory.roster, application, kinds=kinds))
            self._rosters[key] = found
        return await found.get()

    async def site(self, key: str) -> Site | None:
        """The site of a key, if there is one and the caller sees it (rules.md 8)."""
        site = self.catalog.crosswalk.by_key.get(key)
        if site is None and key.startswith(OKUBE_ONLY):
            site = await self.batch("site", self._okube_sites).load(key.removeprefix(OKUBE_ONLY))
        return site if site is not None and self.principal.sees(site) else None

    async def _okube_sites(self, references: list[str]) -> dict[str, Site | Exception | None]:
        """Sites by Okube's references: one is asked for by itself, several are looked up in the list."""

        async def one(text: str) -> Site | None:
            record = await self.catalog.supplies.records().site(None, text)
            return self.catalog.directory.joined(record) if record else None

        if len(references) == 1:
            return await records.each(references, one)
        roster = await self.roster()
        if roster.error is not None:
            raise roster.error
        listed = by_reference(roster.sites)
        known: dict[str, Site | Exception | None] = {text: listed[text] for text in references if text in listed}
        return {**known, **await records.each([text for text in references if text not in known], one)}

    async def application(self, reference: str | None) -> str | None:
        """An application a caller named; None is the configured one. Another than those is refused (rules.md 11)."""
        allowed = self.catalog.applications
        if reference is None or reference in allowed:
            return reference
        ask = self.catalog.supplies.records().application
        for name in allowed:
            record = await self.once(("application", name), partial(ask, name))
            if record is not None and reference in (record.id, record.key):
                return name
        raise InputError("There is no such application.", ("application",))

    async def sites(self, keys: list[str | None], argument: tuple[str | int, ...]) -> tuple[Site, ...]:
        """Sites of an argument, each once; an unknown one and another's are refused alike (rules.md 8)."""
        if len(keys) > MOST_MEMBERS:
            raise InputError(f"At most {MOST_MEMBERS} sites can be named.", argument)
        found = await asyncio.gather(*(self._named(key) for key in keys))
        for number, site in enumerate(found):
            if site is None:
                raise InputError("There is no such site.", (*argument, number))
        return tuple({site.key: site for site in found if site is not None}.values())

    async def _named(self, key: str | None) -> Site | None:
        return None if key is None else await self.site(key)

    def written(self) -> None:
        """Something was written, or may have been: what this operation has read before may no longer be true."""
        self._batches.clear()
        self._rosters.clear()

    # batches ----------------------------------------------------------------------------------------------------

    def batch(self, question: Hashable, load_all: LoadAll[Key, Value]) -> Batch[Key, Value]:
        """The batch of one question with its arguments; made when first asked."""
        found = self._batches.get(question)
        if found is None:
            found = self._batches[question] = Batch(load_all)
        return found

    async def once(self, question: Hashable, load: Callable[[], Awaitable[Value]]) -> Value:
        """A question without a key, asked once per operation."""

        async def load_all(keys: list[int]) -> dict[int, Value | Exception]:
            return {key: await load() for key in keys}

        return await self.batch(question, load_all).load(0)


def _rows(path: Iterable[str | int]) -> list[int]:
    return [part for part in path if isinstance(part, int)]


def _selection(path: Path, error: GatewayError) -> Hashable:
    """One field selection: the path without the list positions, the code, and the vendor."""
    names = tuple(part for part in path.as_list() if isinstance(part, str))
    return names, error.code, getattr(error, "vendor", None)
