"""Long lists are completed in turns: whoever else waits for the loop is served in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.execution.operation import GraphQLRequest, Operations
from tests.execution.maze import ROOT, Context, Frozen, PageSource, schema

pytestmark = pytest.mark.anyio

ROWS = 20_000


def rows(*, wrong: int | None = None) -> list[Any]:
    """Plain rows; the one at `wrong` has a size that is none."""
    made = [Frozen("cat", "Tom", number, 1.5, True, f"i{number}", None, "now", None, ["a"]) for number in range(ROWS)]
    if wrong is not None:
        made[wrong].size = "none"
    return made


async def turns_while(query: str, operations: Operations) -> tuple[int, Any]:
    """How often another task came to its turn while the operation ran, and its outcome."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    before = turns
    outcome = await operations.run(GraphQLRequest(query), Context())
    task.cancel()
    return turns - before, outcome


@pytest.mark.parametrize(
    ("query", "least"),
    [
        pytest.param("{ many { size name ident stamp } }", 1, id="one function"),
        pytest.param("{ many { size shout mark words } }", 1, id="one function that calls"),
        pytest.param("{ page { edges { cursor node { name kind } } } }", 1, id="below an object"),
        pytest.param("{ many { size slow } }", 10, id="a coroutine a row"),
    ],
)
async def test_a_long_list_does_not_hold_the_loop(query: str, least: int) -> None:
    ROOT["page"] = PageSource([row for row in rows() if row.size not in (3, 9)], 1, [])
    operations = Operations(schema())
    await operations.run(GraphQLRequest(query), Context())
    turns, outcome = await turns_while(query, operations)
    assert outcome.errors == []
    assert turns >= least


async def test_one_wrong_row_among_many_costs_itself_alone() -> None:
    ROOT["page"] = PageSource(rows(wrong=7), None, [])
    ROOT["some"] = rows(wrong=7)
    turns, outcome = await turns_while("{ some { size name } }", Operations(schema()))
    assert [error["path"] for error in outcome.errors] == [["some", 7, "size"]]
    assert outcome.data["some"][6:9] == [{"size": 6, "name": "Tom"}, None, {"size": 8, "name": "Tom"}]
    assert len(outcome.data["some"]) == ROWS
    assert turns >= 1
