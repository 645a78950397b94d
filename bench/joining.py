"""The lever of look-ahead: the objects of a list loaded in one call, or by a DataLoader from a coroutine a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import strawberry
from strawberry.dataloader import DataLoader

from gateway.execution.operation import GraphQLRequest, Operations
from gateway.execution.rows import JOINED, Infos

ROWS = 100


class Shop(msgspec.Struct):
    key: int


class Keeper(msgspec.Struct):
    name: str


class Context:
    def __init__(self) -> None:
        self.errors: list[Any] = []
        self.keepers: DataLoader[int, Keeper] = DataLoader(load_fn=loaded)

    def extensions(self) -> dict[str, Any]:
        return {}


async def loaded(keys: list[int]) -> list[Keeper]:
    return [Keeper(f"keeper {key}") for key in keys]


async def _one(root: strawberry.Parent[Shop], info: strawberry.Info[Context, None]) -> Any:
    return await info.context.keepers.load(root.key)


async def _all(shops: list[Shop], _infos: Infos, /) -> list[Any]:
    return await loaded([shop.key for shop in shops])


@strawberry.type(name="Keeper")
class KeeperType:
    name: str


@strawberry.type(name="Shop")
class ShopType:
    key: int
    loaded: KeeperType = strawberry.field(resolver=_one)
    joined: KeeperType | None = strawberry.field(resolver=_one, metadata={JOINED: _all})


@strawberry.type
class Query:
    @strawberry.field
    def shops(self) -> list[ShopType]:
        return [Shop(number) for number in range(ROWS)]  # type: ignore[misc]


def levers() -> dict[str, Callable[[], Awaitable[int]]]:
    schema = strawberry.Schema(Query)

    def by(operations: Operations, field: str) -> Callable[[], Awaitable[int]]:
        request = GraphQLRequest(f"{{ shops {{ key {field} {{ name }} }} }}")

        async def run() -> int:
            for _ in range(10):
                outcome = await operations.run(request, Context())
                assert not outcome.errors, outcome.errors
            return 10 * ROWS

        return run

    return {
        "a DataLoader, reference executor": by(Operations(schema, compiled=False), "loaded"),
        "a DataLoader, generated functions": by(Operations(schema), "loaded"),
        "one call for the list": by(Operations(schema), "joined"),
    }
