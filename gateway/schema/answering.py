"""How a resolver answers when it cannot: null with one error per selection, never an exception per row (rules.md 2).

Fields of a non-null type let errors through: there is nothing to answer with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import strawberry

from gateway.access.scopes import Scope
from gateway.domain.errors import GatewayError
from gateway.execution.rows import Infos
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
    """As `nullable`, for a field that reads more than its parent holds: the caller needs scope `read`."""

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


def connections_of(infos: Infos, pages: Sequence[Page[Any] | Exception]) -> list[Any]:
    """The sources of the connections of a join: what `nullable` and `connection` make of each page."""
    return [_connection_of(infos, index, page) for index, page in enumerate(pages)]


def _connection_of(infos: Infos, index: int, page: Page[Any] | Exception) -> Any:
    if isinstance(page, Exception) or page.failures:
        info = infos[index]
        if isinstance(page, GatewayError):
            info.context.fail(page, info._raw_info)  # noqa: SLF001
            return None
        return page if isinstance(page, Exception) else connection(info, page)
    return ConnectionSource(page)
