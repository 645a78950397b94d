"""A graph in which everything can go wrong, and operations over it: for comparing two executors.

Every type of field the real graph has: plain attributes, sync and async resolvers, row rules, joins, interfaces,
connections, lists of lists. Its data holds nulls, wrong types and attributes that raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from enum import StrEnum
from random import Random
from typing import Annotated, Any, NewType

import msgspec
import strawberry
from graphql import GraphQLError
from strawberry import UNSET
from strawberry.schema.config import StrawberryConfig

from gateway.domain.columned import Columned
from gateway.execution.rows import JOINED, ROW, Infos, Reads, Row

Stamp = NewType("Stamp", str)


class ShowStamp:
    unchanged = str

    def __call__(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, int):
            return f"at {value}"
        raise ValueError("no stamp")


STAMP = strawberry.scalar(name="Stamp", serialize=ShowStamp(), parse_value=str)
Any_ = NewType("Any_", object)
ANY = strawberry.scalar(name="Anything", serialize=lambda value: value, parse_value=lambda value: value)


@strawberry.enum
class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


class Thing:
    """A source whose attributes are looked up in a dict; an exception there is raised."""

    __slots__ = ("kind", "told")

    def __init__(self, kind: str, **told: Any) -> None:
        self.kind = kind
        self.told = told

    def __getattr__(self, name: str) -> Any:
        try:
            value = self.told[name]
        except KeyError:
            raise AttributeError(name) from None
        if isinstance(value, Exception) and name.startswith("bad"):
            raise value
        return value


class Frozen(msgspec.Struct):
    """A source of the kind the domain has."""

    kind: str
    name: Any
    size: Any
    weight: Any
    on: Any
    ident: Any
    colour: Any
    stamp: Any
    anything: Any
    words: Any
    bad: Any = None
    friend: Any = None
    friends: Any = ()
    maybe: Any = ()


class PointSource(msgspec.Struct):
    x: Any
    y: Any
    label: Any
    site: Any
    hue: Any = None
    odd: Any = None


class OtherPoint(PointSource):
    """A second class that points are read from."""


class Later:
    """A value that must be waited for, as often as one likes."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class InColumns(Columned[Any]):
    """Rows that tell their attributes by column; `around` makes what stands around each of them."""

    def __init__(self, rows: list[Any], around: type | None = None) -> None:
        self.rows = rows
        self.item = around or PointSource
        self._around = around

    def column(self, name: str) -> Any:
        if self._around is None:
            return [getattr(row, name) for row in self.rows]
        return InColumns(self.rows) if name == "node" else [edge.cursor for edge in self]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index] if self._around is None else self._around(self.rows[index])


class PointEdgeSource:
    def __init__(self, node: PointSource) -> None:
        self.node = node

    @property
    def cursor(self) -> Any:
        if self.node.x == 5:
            raise ValueError("no cursor for five")
        return f"c{self.node.x}"


class Context:
    def __init__(self, *, allowed: bool = True) -> None:
        self.allowed = allowed
        self.errors: list[GraphQLError] = []

    def mask(self, info: Any, count: int) -> None:
        error = GraphQLError("masked", info.field_nodes, path=info.path.as_list())
        self.errors.extend([error] * count)

    def extensions(self) -> dict[str, Any]:
        return {}


Info = strawberry.Info[Context, None]


def _secret(root: strawberry.Parent[Any], info: Info) -> str | None:
    if info.context.allowed:
        return _read(root)  # type: ignore[no-any-return]
    info.context.mask(info._raw_info, 1)
    return None


def _read(root: Any) -> Any:
    return f"secret of {root.name}" if isinstance(root.name, str) else root.name


def _seal(root: strawberry.Parent[Any], info: Info) -> str:
    if info.context.allowed:
        return f"seal of {root.kind}"
    raise ValueError("sealed")


def _unsealed(root: Any) -> str:
    return f"seal of {root.kind}"


SEAL = Row(
    lambda context: _unsealed if context.allowed else None, lambda context, info, count: context.mask(info, count)
)
SECRET = Row(lambda context: _read if context.allowed else None, lambda context, info, count: context.mask(info, count))


def _mark(root: strawberry.Parent[Any], info: Info) -> str:
    return f"{root.kind} mark"


async def _slow(root: strawberry.Parent[Any], info: Info) -> str | None:
    await asyncio.sleep(0)
    if root.size == 3:
        raise ValueError("three is slow")
    return f"slow {root.kind}"


async def _sure(root: strawberry.Parent[Any], info: Info) -> str:
    await asyncio.sleep(0)
    if root.size == 4:
        raise ValueError("four is not sure")
    return "sure"


async def _twin(
    root: strawberry.Parent[Any], info: Info, times: int = 1
) -> Annotated[Node, strawberry.lazy(__name__)] | None:
    await asyncio.sleep(0)
    if root.size == 2:
        raise ValueError("two has no twin")
    return None if times == 0 else root


async def _twins(sources: list[Any], infos: Infos, /, times: int = 1) -> list[Any]:
    await asyncio.sleep(0)
    return [ValueError("two has no twin") if each.size == 2 else None if times == 0 else each for each in sources]


@strawberry.interface
class Node:
    kind: str
    name: str | None
    size: int
    weight: float | None
    on: bool | None
    ident: strawberry.ID
    colour: Colour | None
    stamp: Stamp | None
    anything: Any_ | None
    words: list[str] | None
    bad: str | None
    friend: Annotated[Node, strawberry.lazy(__name__)] | None
    friends: list[Annotated[Node, strawberry.lazy(__name__)]]
    maybe: list[Annotated[Node, strawberry.lazy(__name__)] | None] | None
    secret: str | None = strawberry.field(resolver=_secret, metadata={ROW: SECRET})
    seal: str = strawberry.field(resolver=_seal, metadata={ROW: SEAL})
    mark: str = strawberry.field(resolver=_mark, metadata={ROW: Row(lambda context: lambda row: f"{row.kind} mark")})
    slow: str | None = strawberry.field(resolver=_slow)
    sure: str = strawberry.field(resolver=_sure)
    twin: Annotated[Node, strawberry.lazy(__name__)] | None = strawberry.field(
        resolver=_twin, metadata={JOINED: _twins}
    )

    @strawberry.field
    def shout(root: strawberry.Parent[Any]) -> str | None:  # noqa: N805
        return root.name.upper()  # type: ignore[no-any-return]


@strawberry.type
class Cat(Node):
    lives: int = strawberry.field(resolver=lambda: 9)

    @classmethod
    def is_type_of(cls, source: Any, _: object) -> bool:
        return isinstance(source, Thing | Frozen) and source.kind == "cat"


@strawberry.type
class Dog(Node):
    @classmethod
    def is_type_of(cls, source: Any, _: object) -> bool:
        return isinstance(source, Thing | Frozen) and source.kind == "dog"


Pet = Annotated[Cat | Dog, strawberry.union("Pet")]


@strawberry.interface
class Resting:
    """An interface that says itself of which type a value is."""

    kind: str
    size: int

    @classmethod
    def resolve_type(cls, value: Any, *_: Any) -> str | None:
        return {"cat": "RestingCat", "dog": "RestingDog"}.get(value.kind)


@strawberry.type
class RestingCat(Resting):
    name: str | None


@strawberry.type
class RestingDog(Resting):
    pass


@strawberry.type
class Point:
    x: int
    y: float | None
    label: Stamp
    site: str | None
    hue: Colour | None
    odd: Any_ | None

    is_type_of = Reads(PointSource, OtherPoint)

    @strawberry.field
    def double(root: strawberry.Parent[Any], times: int = 2) -> int:  # noqa: N805
        return root.x * times  # type: ignore[no-any-return]

    @strawberry.field
    def told(root: strawberry.Parent[Any]) -> str:  # noqa: N805
        return f"{root.label}!"


@strawberry.type
class PointEdge:
    cursor: str
    node: Point


@strawberry.type
class Edge:
    cursor: str
    node: Node


@strawberry.type
class Page:
    edges: list[Edge]
    nodes: list[Node]
    strict: list[Cat]
    grid: list[list[int | None]]
    total: int | None
    points: list[Point]
    around: list[PointEdge]
    pets: list[Pet]
    resting: list[Resting]


class PageSource(msgspec.Struct):
    nodes: Any
    total: Any
    grid: Any
    points: Any = ()
    wrong: Any = None

    @property
    def pets(self) -> Any:
        return self.nodes

    @property
    def resting(self) -> Any:
        return self.nodes

    @property
    def around(self) -> Any:
        return InColumns(list(self.points), PointEdgeSource)

    @property
    def edges(self) -> list[EdgeSource]:
        made: list[Any] = [EdgeSource(each) for each in self.nodes]
        if self.wrong is not None and made:
            made[len(made) // 2] = self.wrong
        return made

    @property
    def strict(self) -> Any:
        return [each for each in self.nodes if getattr(each, "kind", "") != "dog" or each.size == 5]


class EdgeSource(msgspec.Struct):
    node: Any

    @property
    def cursor(self) -> str:
        if self.node.size == 9:
            raise ValueError("no cursor")
        return f"c{self.node.size}"


ROOT: dict[str, Any] = {}

LONG_WORLDS = 0.004
"""Share of the worlds whose lists are longer than what is completed in one go: they take seconds each."""


@strawberry.type
class Query:
    @strawberry.field
    async def page(self, info: Info, flip: bool = False) -> Page | None:
        await asyncio.sleep(0)
        page: PageSource = ROOT["page"]
        return PageSource(page.nodes[::-1], page.total, page.grid, page.points, page.wrong) if flip else page  # type: ignore[return-value]

    @strawberry.field
    def many(self, first: int | None = UNSET) -> list[Node]:
        return ROOT["page"].nodes  # type: ignore[no-any-return]

    @strawberry.field
    def some(self) -> list[Node | None] | None:
        return ROOT["some"]  # type: ignore[no-any-return]

    @strawberry.field
    def one(self) -> Cat | None:
        return ROOT["one"]  # type: ignore[no-any-return]


def schema() -> strawberry.Schema:
    return strawberry.Schema(
        Query, types=[Cat, Dog, RestingCat, RestingDog], config=StrawberryConfig(scalar_map={Stamp: STAMP, Any_: ANY})
    )


# data -----------------------------------------------------------------------------------------------------------


class World:
    """Data drawn from `random`; `fault` of all values are not what the schema says."""

    def __init__(self, random: Random, fault: float) -> None:
        self._random = random
        self._fault = fault

    def fill(self) -> None:
        random = self._random
        nodes = [self.node(3) for _ in range(random.choice((0, 1, 2, 5, 40)))]
        if nodes and random.random() < LONG_WORLDS:
            nodes = [random.choice(nodes) for _ in range(1_100)]
        grid = self._value([[1, None, 2], [], [3]], [[1, "x"], None], ("oops",), 7)
        points = InColumns([self.point() for _ in range(random.choice((0, 1, 3, 40)))])
        wrong = self._value(None, ValueError("an edge"), Later(EdgeSource(self.node(0))), Later(ValueError("late")), 5)
        ROOT["page"] = PageSource(nodes, self._value(len(nodes), None, "many", 2**40), grid, points, wrong)
        ROOT["some"] = self._value([*nodes[:3], None], None, tuple(nodes), "text", {"a": 1})
        ROOT["one"] = self._value(self.node(2), None, self.node(0), 5)

    def point(self) -> PointSource:
        fault, self._fault = self._fault, self._fault / 5  # or hardly any column would be whole
        made = PointSource(
            self._value(self._random.randrange(20), None, 1.0, True, 2**31),
            self._value(0.5, None, 2, float("inf"), "x"),
            self._value("now", 7, None, 1.5),
            self._value("here", None, 3),
        )
        self._fault = fault
        return made

    def node(self, depth: int) -> Any:
        random = self._random
        kind = self._value(random.choice(("cat", "dog")), "cow")
        told = {
            "name": self._value("Tom", None, 5, b"x", True),
            "size": self._value(random.randrange(10), None, 1.0, 2.5, True, "4", 2**33),
            "weight": self._value(1.5, None, 2, float("nan"), "x", True),
            "on": self._value(True, None, 1, "yes"),
            "ident": self._value("a1", None, 12, 1.5, object()),
            "colour": self._value(Colour.RED, None, "BLUE", "GREEN", []),
            "stamp": self._value("now", None, 7, 1.5),
            "anything": self._value({"a": [1]}, None, 4, [None]),
            "words": self._value(["a", "b"], None, [None], ("c",), "text", [5], {}),
            "bad": self._value("fine", None, ValueError("bad attribute"), ValueError("bad")),
        }
        if depth:
            told["friend"] = self._value(self.node(depth - 1), None, 5)
            told["friends"] = self._value([self.node(0) for _ in range(random.randrange(3))], None, [None], "text")
            told["maybe"] = self._value([self.node(0), None], None, [5], [ValueError("an item")], [Later(self.node(0))])
        else:
            told |= {"friend": None, "friends": [], "maybe": None}
        if random.random() < 0.5:
            return Frozen(kind=kind, **told)
        return Thing(kind, **told)

    def _value(self, right: Any, *wrong: Any) -> Any:
        return self._random.choice(wrong) if self._random.random() < self._fault else right


# operations -----------------------------------------------------------------------------------------------------

LEAVES = (
    *("kind", "name", "size", "weight", "on", "ident", "colour", "stamp", "anything", "words", "bad"),
    *("secret", "seal", "mark", "slow", "sure", "shout", "__typename"),
)
TAIL = "t1: __typename @include(if: $yes) t2: __typename @skip(if: $no) t3: one { twin(times: $times) { kind } }"
"""Ends every operation, so that each variable is used."""

OBJECTS = ("friend", "friends", "maybe", "twin")


class Operation:
    """An operation drawn from `random`: aliases, fragments, directives and variables included."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._fragments: list[str] = []
        self.variables = {"yes": random.random() < 0.7, "no": random.random() < 0.3, "times": random.randrange(2)}
        parts = [self._root() for _ in range(random.choice((1, 1, 1, 2, 3)))]
        declared = "query Q($yes: Boolean! = true, $no: Boolean! = false, $times: Int! = 1)"
        if random.random() < 0.005:  # more selections than plans are kept for
            parts += [f"m{number}: one {{ {self._node(0, typed=True)} }}" for number in range(70)]
        body = " ".join(dict.fromkeys(parts))
        text = f"{declared} {{ {body} {TAIL} }}"
        while used := [each for each in self._fragments if each.split()[1] in text]:  # some parts were not drawn
            text = " ".join((text, *used))
            self._fragments = [each for each in self._fragments if each not in used]
        self.text = text

    def _root(self) -> str:
        random = self._random
        depth = random.choice((1, 2, 3))
        name = f"r{random.randrange(10_000)}"
        pick = random.randrange(5)
        if pick <= 1:
            flip = random.choice(("", "(flip: true)"))
            return f"{name}: page{flip} {{ {self._page(depth)} }}"
        if pick == 2:
            return f"{name}: many {{ {self._node(depth)} }}"
        if pick == 3:
            return f"{name}: some {{ {self._node(depth)} }}"
        return f"{name}: one {{ {self._node(depth, typed=True)} lives }}"

    def _page(self, depth: int) -> str:
        random = self._random
        parts = random.sample(
            (
                f"edges {{ cursor node {{ {self._node(depth)} }} }}",
                f"edges {{ node {{ {self._node(depth)} }} __typename }}",
                f"nodes {{ {self._node(depth)} }}",
                f"strict {{ {self._node(depth, typed=True)} lives }}",
                "grid",
                "total",
                "points { x y label site __typename }",
                "points { p: label x @include(if: $yes) }",
                "points { x double }",
                "points { x double(times: 3) told }",
                "points { x hue }",
                "points { x odd }",
                "around { node { x t: __typename label } }",
                f"pets {{ ... on Cat {{ {self._node(0, typed=True)} lives }} ... on Dog {{ kind }} }}",
                "resting { kind size ... on RestingCat { name } }",
                "around { cursor node { y } }",
                "__typename",
                f"e2: edges @include(if: $yes) {{ cursor {self._switch('node', depth)} }}",
            ),
            random.randrange(1, 5),
        )
        return " ".join(parts)

    def _switch(self, field: str, depth: int) -> str:
        directive = self._random.choice(("@skip(if: $no)", "@include(if: $yes)", ""))
        return f"{field} {directive} {{ {self._node(depth)} }}"

    def _node(self, depth: int, *, typed: bool = False) -> str:
        random = self._random
        parts = []
        for leaf in random.sample(LEAVES, random.randrange(1, 6)):
            alias = f"x{random.randrange(100)}{leaf.strip('_')}: " if random.random() < 0.2 else ""
            directive = random.choice(("", "", "", " @skip(if: $no)", " @include(if: $yes)"))
            parts.append(f"{alias}{leaf}{directive}")
        if depth and random.random() < 0.6:
            field = random.choice(OBJECTS)
            times = random.choice(("", "(times: 1)", "(times: $times)")) if field == "twin" else ""
            parts.append(f"o{random.randrange(10_000)}: {field}{times} {{ {self._node(depth - 1)} }}")
        if random.random() < 0.3 and not typed:
            parts.append(f"... on {random.choice(('Cat', 'Dog', 'Node'))} {{ {self._node(0, typed=True)} }}")
        if random.random() < 0.2:
            name = f"F{len(self._fragments)}x{random.randrange(10_000)}"
            self._fragments.append(f"fragment {name} on Node {{ {self._node(0, typed=True)} }}")
            parts.append(f"...{name}")
        random.shuffle(parts)
        return " ".join(parts)
