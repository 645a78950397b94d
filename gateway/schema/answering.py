"""How a resolver answers when it cannot: null with one error per selection, never an exception per row (rules.md 2).

Fields of a non-null type let errors through: there is nothing to answer with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import strawberry

from gateway.access.scopes import Scope
from gateway.domain.errors import GatewayError
from gateway.federation.paging import Page
from gateway.loaders.request import Request
from gateway.schema.connection import ConnectionSource

P = ParamSpec("P")
R = TypeVar("R")
Row = TypeVar("Row")


def nullable(resolve: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R | None]]:
    """A resolver of a nullable field: what it raises becomes null and an error. It needs an `info` argument."""

    @wraps(resolve)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return await resolve(*args, **kwargs)
        except GatewayError as error:
            info: Any = kwargs["info"]
            info.context.fail(error, info._raw_info)  # noqa: SLF001
            return None

    return answered


def rooted(resolve: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R | None]]:
    """As `nullable`, for a field of Query: the caller needs scope `read`."""

    @wraps(resolve)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> R | None:
        info: Any = kwargs["info"]
        try:
            info.context.require(Scope.READ)
            return await resolve(*args, **kwargs)
        except GatewayError as error:
            info.context.fail(error, info._raw_info)  # noqa: SLF001
            return None

    return answered


def connection(info: strawberry.Info[Request, object], page: Page[Row] | GatewayError) -> Any:
    """The source of a connection; vendors that are missing from it are noted (rules.md 1)."""
    if isinstance(page, GatewayError):
        raise page
    if page.failures:
        info.context.note(page.failures, info._raw_info)  # noqa: SLF001
    return ConnectionSource(page)
