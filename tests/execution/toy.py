"""A small graph that fails in every way the real one can, for tests of execution and of the edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import Enum
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from gateway.access.budget import Allowance
from gateway.access.principal import CallerKind, Principal
from gateway.bi.reading import Tables
from gateway.domain import instant
from gateway.domain.errors import InputError, NotConfigured, Unauthenticated, Unavailable
from gateway.domain.files import CsvEncoding, CsvList
from gateway.domain.vendor import VendorKey
from gateway.execution.errors import Incident
from gateway.execution.operation import GraphQLRequest, Operations, Outcome
from gateway.execution.streams import Outlet, Streams
from gateway.settings import Settings

Instant = NewType("Instant", int)


def parse_instant(value: object) -> int:
    """Raises InputError, as the real scalars do."""
    try:
        return instant.parse(str(value))
    except ValueError:
        raise InputError("not an RFC 3339 instant with an offset") from None


INSTANT = strawberry.scalar(name="DateTime", serialize=instant.text, parse_value=parse_instant)


@strawberry.enum
class Granularity(Enum):
    HOUR = "HOUR"
    DAY = "DAY"


@strawberry.input
class Window:
    start: Instant
    end: Instant


@strawberry.input(one_of=True)
class SiteBy:
    key: strawberry.Maybe[str]
    id: strawberry.Maybe[strawberry.ID]


@strawberry.type
class Row:
    number: int

    @strawberry.field
    def visits(self) -> int | None:
        raise Unavailable(VendorKey.BESPOT, "Bespot did not answer.", retry_after=2.5, status=503)

    @strawberry.field
    def broken(self) -> int | None:
        raise ValueError("secret of row")


@strawberry.type
class Query:
    @strawberry.field
    async def hello(self, name: str = "world") -> str:
        await asyncio.sleep(0)
        return f"hello {name}"

    @strawberry.field
    def rows(self, first: int = 3) -> list[Row]:
        return [Row(number=number) for number in range(first)]

    @strawberry.field
    def site(self, by: SiteBy) -> str | None:
        return by.key.value if by.key else None

    @strawberry.field
    def span(self, window: Window, granularity: Granularity = Granularity.HOUR) -> int:
        if window.end <= window.start:
            raise InputError("`start` must be before `end`.", ["window", "start"])
        return window.end - window.start

    @strawberry.field
    def never_null(self) -> int:
        return None  # type: ignore[return-value]

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    @strawberry.field
    def told(self, info: strawberry.Info) -> int | None:
        info.context.errors.append(GraphQLError("told aside", extensions={"code": "FORBIDDEN"}))
        info.context.failures.append({"vendor": "BESPOT"})
        return None


@strawberry.type
class Mutation:
    @strawberry.field
    def touch(self) -> bool:
        return True

    @strawberry.field
    def made(self) -> Row:
        return Row(number=1)


@strawberry.type
class Subscription:
    """A source gives bursts: lists of events."""

    @strawberry.subscription
    async def ticks(self, count: int = 3, burst: int = 1) -> AsyncIterator[int]:
        """`count` bursts of `burst` numbers; below 0: silence for ever."""
        for number in range(count):
            yield [number * burst + index for index in range(burst)]  # type: ignore[misc]
        if count < 0:
            await asyncio.Event().wait()

    @strawberry.subscription
    async def rows(self) -> AsyncIterator[Row]:
        yield [Row(number=1), Unavailable(VendorKey.BESPOT, "Bespot did not answer."), Row(number=2)]  # type: ignore[misc]

    @strawberry.subscription
    async def refused(self) -> AsyncIterator[int]:
        return _refused()

    @strawberry.subscription
    async def broken(self) -> AsyncIterator[int]:
        yield [1]  # type: ignore[misc]
        raise ValueError("secret of the source")


def _refused() -> AsyncIterator[int]:
    raise InputError("There is no such site.", ("sites", 0))


class ToyContext:
    def __init__(self) -> None:
        self.errors: list[GraphQLError] = []
        self.failures: list[dict[str, Any]] = []

    def extensions(self) -> dict[str, Any]:
        return {"failures": self.failures} if self.failures else {}


class ToySchema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        raise AssertionError("strawberry's own execution must not be used")


def schema() -> strawberry.Schema:
    return ToySchema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map={Instant: INSTANT}))


class ToyGraph:
    """Stands in for the gateway at the edge. `ran` counts executions."""

    def __init__(self, sandbox: bool = False) -> None:
        self.sandbox = sandbox
        self.operations = Operations(schema())
        self.ran = 0
        self.reported: list[Incident] = []
        self.streams = Streams(self.operations, seconds=5.0, report=self.reported.append)
        self.edited: str | None = None  # nothing is shared or kept unless a test says so

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        if "authorization" in headers:
            raise Unauthenticated("The credential is not valid here.")
        return Principal(kind=CallerKind.ANONYMOUS, label="anonymous")

    async def spend(self, principal: Principal) -> Allowance | None:
        return None

    async def execute(self, request: GraphQLRequest, principal: Principal) -> Outcome:
        self.ran += 1
        return await self.operations.run(request, ToyContext())

    async def follows(self, request: GraphQLRequest) -> bool:
        return await self.operations.follows(request)

    async def subscribe(self, request: GraphQLRequest, principal: Principal) -> Outlet | Outcome:
        return await self.streams.open(request, ToyContext, principal.rights_key)

    async def signature(self, request: GraphQLRequest) -> bytes | None:
        return await self.operations.signature(request)

    async def timeless(self, request: GraphQLRequest) -> bool:
        return await self.operations.timeless(request)

    async def edition(self) -> str | None:
        return self.edited

    def stranger(self) -> tuple[Principal, str] | None:
        return None

    def csv(self, which: CsvList, encoding: CsvEncoding) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise NotConfigured(VendorKey.OKUBE, "OKUBE is not configured.")

    @property
    def tables(self) -> Tables:
        raise NotConfigured(VendorKey.OKUBE, "OKUBE is not configured.")

    async def ready(self) -> Mapping[str, Any]:
        return {"BESPOT": {"state": "HEALTHY"}}


@asynccontextmanager
async def open_toy(settings: Settings) -> AsyncIterator[ToyGraph]:
    yield ToyGraph(sandbox=bool(settings.simulated))
