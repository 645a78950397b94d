"""The cases of the differential test, by number: the same number is the same case on every machine.

maze    a graph in which everything can go wrong, operations of its own grammar
drawn   the same graph, operations drawn by hypothesis-graphql
house   the gateway's own schema over vendors in memory, operations drawn by hypothesis-graphql
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis_graphql import nodes

from gateway.execution.documents import Documents, core
from tests.execution import house, maze
from tests.execution.comparing import Case
from tests.execution.drawing import Drawn

BATCH = 100
"""Operations hypothesis draws at once: it is slow to start, and slower with every one it remembers."""
FAULTS = (0.0, 0.02, 0.1, 0.3)
WAITING = ("slow", "sure", "twin", "seal")
"""Fields of the maze that are waited for or left until the plain ones are there: what fails first is then chance."""

MAZE = maze.schema()
HOUSE = house.SCHEMA
NUMBERS = ("0", "1", "3", "40", "1500", None)


@cache
def _documents(schema: Any) -> Documents:
    return Documents(schema)


@cache
def _maze_drawn() -> Drawn:
    scalars = {"Stamp": st.just(nodes.String("now")), "Anything": st.just(nodes.Int(1))}
    return Drawn(MAZE.as_str(), {"first": NUMBERS, "times": ("0", "1")}, ("page", "many", "some", "one"), scalars, 1)


@cache
def _house_drawn() -> Drawn:
    window = f'{{from: "{house.FROM}", to: "{house.TO}"}}'
    ids = [f'"{each}"' for each in house.IDS]
    left_out = dict.fromkeys(("last", "after", "before", "application", "filters", "sites"), (None,))
    fitting: Mapping[str, tuple[str | None, ...]] = {
        **left_out,
        "window": (window,),
        "days": ('{from: "2026-11-01", to: "2026-11-02"}',),
        "first": NUMBERS,
        "filter": (None, None, None, "{}"),
        "orderBy": (None, None, "{by: NAME}"),
        "by": ('{key: "s1"}', '{key: "s0"}', '{key: "none"}'),
        "id": tuple(ids),
        "ids": (f"[{', '.join(ids)}]",),
        "study": ('"Study1"', ids[5]),
        "addresses": ('["10.0.0.1", "10.0.0.2"]',),
        "kpis": ("[ATTENDANCE, TIMESPENT]", None),
        "scopes": ("[GLOBAL]", "[GLOBAL, SITES]", None),
        "bounceThreshold": (None,),
        "engagementThreshold": (None,),
    }
    instants = st.sampled_from((house.FROM, house.TO)).map(nodes.String)
    scalars = {
        "DateTime": instants,
        "Date": st.just(nodes.String("2026-11-01")),
        **dict.fromkeys(("JSON", "BigInt", "Upload"), st.just(nodes.Int(1))),
    }
    roots = ("sites", "sites", "site", "node", "nodes", "sessions", "sessions", "visits", "occupancy", "campaigns")
    return Drawn(HOUSE.as_str(), fitting, roots, scalars, 3)


@cache
def _batch(drawn: Callable[[], Drawn], number: int) -> list[tuple[str, dict[str, Any]]]:
    return drawn().several(number, BATCH)


def _operation(drawn: Callable[[], Drawn], number: int) -> tuple[str, dict[str, Any]]:
    found = _batch(drawn, number // BATCH)
    return found[number % len(found)]


async def compared(kind: str, number: int) -> bool:
    """One case; False where its operation is not valid. Raises AssertionError where the executors differ."""
    return await {"maze": _maze, "drawn": _drawn, "house": _house}[kind](number)


async def _maze(number: int) -> bool:
    random = Random(number)
    maze.World(random, random.choice(FAULTS)).fill()
    operation = maze.Operation(random)
    waits = any(word in operation.text.replace(maze.TAIL, "") for word in WAITING)
    return await _in_maze(f"maze {number}", random, operation.text, operation.variables, waits=waits)


async def _drawn(number: int) -> bool:
    random = Random(number)
    maze.World(random, random.choice(FAULTS)).fill()
    text, variables = _operation(_maze_drawn, number)
    return await _in_maze(f"drawn {number}", random, text, variables, waits=any(word in text for word in WAITING))


async def _in_maze(what: str, random: Random, text: str, variables: dict[str, Any], *, waits: bool) -> bool:
    allowed = random.random() < 0.5
    document = _documents(MAZE).prepare(text)
    if document.errors:
        return False
    what = f"{what}\n{text}\n"
    case = Case(core(MAZE), document, lambda: maze.Context(allowed=allowed), waits=waits)
    await case.compare(variables, random.choice((2, 2, 2, 3)), what)
    case = Case(core(MAZE), document, lambda: maze.Context(allowed=not allowed), waits=waits)
    await case.compare(_turned(variables), 2, what)
    return True


async def _house(number: int) -> bool:
    random = Random(number)
    text, variables = _operation(_house_drawn, number)
    document = _documents(HOUSE).prepare(text)
    if document.errors:
        return False
    world = house.House(random, random.choice(FAULTS))
    caller = random.choice((0, 0, 0, 1, 1, 2, 2, 3))  # who may do nothing tells little
    what = f"house {number}\n{text}\n"
    case = Case(core(HOUSE), document, lambda: world.context(caller), waits=True)
    await case.compare(variables, random.choice((2, 2, 2, 3)), what)
    case = Case(core(HOUSE), document, lambda: world.context(caller + 1), waits=True)
    await case.compare(_turned(variables), 2, what)
    return True


def _turned(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Other branches of @skip and @include."""
    return {**variables, "yes": not variables["yes"], "no": not variables["no"]}
