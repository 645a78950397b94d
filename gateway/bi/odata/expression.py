"""`$filter`: from its text to a tree, to a test of a row, and to what of it a vendor can be asked.

The supported part of OData 4.0 (contract/bi.md): eq ne gt ge lt le and or in contains startswith and parentheses. What
else the language has raises NotSupported; what is no such language raises InputError. A property is a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import msgspec

from gateway.bi.ask import nearest
from gateway.bi.odata.refusals import NotSupported
from gateway.bi.tables import Column, Kind
from gateway.domain import instant
from gateway.domain.errors import InputError

MOST_TOKENS = 5_000
DEEPEST = 50
COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "divby", "mod", "has"})
_FUNCTIONS = frozenset(
    [
        "endswith",
        "length",
        "indexof",
        "substring",
        "tolower",
        "toupper",
        "trim",
        "concat",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "fractionalseconds",
        "totalseconds",
        "date",
        "time",
        "totaloffsetminutes",
        "now",
        "mindatetime",
        "maxdatetime",
        "round",
        "floor",
        "ceiling",
        "cast",
        "isof",
        "any",
        "all",
        "matchespattern",
        "case",
        "geo.distance",
        "geo.intersects",
        "geo.length",
        "hassubset",
        "hassubsequence",
    ]
)
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<instant>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+\- ]\d\d:\d\d)?)
  | (?P<day>\d{4}-\d\d-\d\d)(?![\w:.])
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])
  | (?P<text>'(?:[^']|'')*')
  | (?P<word>[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)
  | (?P<mark>[(),])
)""",
    re.VERBOSE,
)
_KINDS = {
    Kind.TEXT: (str,),
    Kind.INTEGER: (int, float),
    Kind.FLOAT: (int, float),
    Kind.BOOLEAN: (bool,),
    Kind.DAY: (date,),
}

Row: TypeAlias = Sequence[Any]
Test: TypeAlias = Callable[[Row], bool]


class Moment(msgspec.Struct, frozen=True):
    """An instant of the text, in microseconds."""

    micros: int


class Compare(msgspec.Struct, frozen=True):
    """A property against a value; an instant is already in microseconds."""

    name: str
    operator: str
    value: Any


class Within(msgspec.Struct, frozen=True):
    """A property against a list."""

    name: str
    values: tuple[Any, ...]


class Matches(msgspec.Struct, frozen=True):
    """`contains` or `startswith`."""

    name: str
    function: str
    text: str


class Both(msgspec.Struct, frozen=True):
    """`and`."""

    parts: tuple[Node, ...]


class Either(msgspec.Struct, frozen=True):
    """`or`."""

    parts: tuple[Node, ...]


Node: TypeAlias = Compare | Within | Matches | Both | Either


def parse(text: str, columns: Sequence[Column]) -> Node:
    """The tree of a filter. Raises InputError or NotSupported."""
    return _Parser(list(_tokens(text)), {column.name: column for column in columns}).whole()


def test_of(node: Node, places: Mapping[str, int]) -> Test:
    """Whether a row is wanted; `places` of the properties in a row."""
    match node:
        case Both(parts):
            tests = [test_of(part, places) for part in parts]
            return lambda row: all(test(row) for test in tests)
        case Either(parts):
            tests = [test_of(part, places) for part in parts]
            return lambda row: any(test(row) for test in tests)
        case Within(name, values):
            at, wanted = places[name], frozenset(values)
            return lambda row: row[at] in wanted
        case Matches(name, function, text):
            at = places[name]
            if function == "contains":
                return lambda row: row[at] is not None and text in row[at]
            return lambda row: row[at] is not None and row[at].startswith(text)
        case Compare(name, operator, value):
            return _compared(places[name], operator, value)


def conjuncts(node: Node | None) -> tuple[Node, ...]:
    """What all must hold."""
    if node is None:
        return ()
    return tuple(inner for part in node.parts for inner in conjuncts(part)) if isinstance(node, Both) else (node,)


def names_in(node: Node) -> frozenset[str]:
    """Every property a tree looks at."""
    if isinstance(node, Both | Either):
        return frozenset().union(*(names_in(part) for part in node.parts))
    return frozenset({node.name})


def texts_of(node: Node, name: str) -> tuple[str, ...] | None:
    """The values a property may have, where a conjunct names them all."""
    match node:
        case Compare(of, "eq", value) if of == name and isinstance(value, str):
            return (value,)
        case Within(of, values) if of == name:
            return tuple(value for value in values if isinstance(value, str))
        case Either(parts):
            found = [texts_of(part, name) for part in parts]
            return None if None in found else tuple(dict.fromkeys(text for each in found for text in each or ()))
    return None


def _compared(at: int, operator: str, value: Any) -> Test:
    """Comparisons with null are false, but for eq and ne (OData 4.0, 5.1.1.1)."""
    match operator:
        case "eq":
            return lambda row: row[at] == value
        case "ne":
            return lambda row: row[at] != value
        case "gt":
            return lambda row: row[at] is not None and value is not None and row[at] > value
        case "ge":
            return lambda row: row[at] is not None and value is not None and row[at] >= value
        case "lt":
            return lambda row: row[at] is not None and value is not None and row[at] < value
    return lambda row: row[at] is not None and value is not None and row[at] <= value


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, count, end = 0, 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        count += 1
        if found is None or count > MOST_TOKENS:
            raise InputError("`$filter` cannot be read.", ("$filter",))
        kind = found.lastgroup
        assert kind is not None
        yield kind, found.group(kind)
        at = found.end()
    yield "end", ""


class _Parser:
    """`or` binds least, then `and`, then comparisons."""

    def __init__(self, tokens: list[tuple[str, str]], columns: Mapping[str, Column]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._tokens[self._at][0] != "end":
            raise self._malformed()
        return node

    def _either(self) -> Node:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Node:
        kind, text = self._next()
        if (kind, text) == ("mark", "("):
            return self._inner()
        if kind == "word" and text not in ("true", "false", "null"):
            if text == "not":
                raise NotSupported("`not` is not supported: turn the comparison round.")
            if self._tokens[self._at] == ("mark", "("):
                return self._function(text)
            return self._comparison(self._column(text))
        return self._turned(self._literal(kind, text))

    def _inner(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InputError("`$filter` is nested too deep.", ("$filter",))
        node = self._either()
        self._expect(")")
        self._depth -= 1
        return node

    def _function(self, name: str) -> Node:
        if name not in ("contains", "startswith"):
            if name in _FUNCTIONS:
                raise NotSupported("This function is not supported: contains and startswith are.")
            raise InputError("`$filter` names no function of OData.", ("$filter",))
        self._expect("(")
        column = self._column(self._next_word())
        self._expect(",")
        value = self._literal(*self._next())
        self._expect(")")
        if column.kind is not Kind.TEXT or not isinstance(value, str):
            raise InputError(f"`{name}` takes a text property and a text.", ("$filter",))
        node = Matches(column.name, name, value)
        if self._word("eq") and self._literal(*self._next()) is not True:
            raise NotSupported("A function can only be compared with true.")
        return node

    def _comparison(self, column: Column) -> Node:
        kind, operator = self._tokens[self._at]
        if column.kind is Kind.BOOLEAN and (kind == "end" or operator in (")", "and", "or")):
            return Compare(column.name, "eq", True)
        self._at += 1
        if operator == "in":
            return Within(column.name, self._list(column))
        if operator in _ARITHMETIC or (kind == "mark" and operator == "("):
            raise NotSupported("Arithmetic is not supported.")
        if operator not in COMPARISONS:
            raise self._malformed()
        kind, text = self._next()
        if kind == "word" and text not in ("true", "false", "null"):
            raise NotSupported("A property can only be compared with a value.")
        return Compare(column.name, operator, _fitting(column, self._literal(kind, text)))

    def _turned(self, value: Any) -> Node:
        operator = self._next_word()
        if operator in _ARITHMETIC:
            raise NotSupported("Arithmetic is not supported.")
        if operator not in COMPARISONS:
            raise self._malformed()
        column = self._column(self._next_word())
        return Compare(column.name, _MIRRORED[operator], _fitting(column, value))

    def _list(self, column: Column) -> tuple[Any, ...]:
        self._expect("(")
        values = []
        while True:
            values.append(_fitting(column, self._literal(*self._next())))
            if self._tokens[self._at] != ("mark", ","):
                break
            self._at += 1
        self._expect(")")
        return tuple(values)

    def _column(self, name: str) -> Column:
        if "/" in name:
            raise NotSupported("There are no paths below a property.")
        column = self._columns.get(name)
        if column is None:
            raise InputError(f"There is no such property.{nearest(name, self._columns)}", ("$filter",))
        if column.raw:
            raise InputError("Raw identifiers cannot be filtered on.", ("$filter",))
        return column

    def _literal(self, kind: str, text: str) -> Any:
        match kind:
            case "text":
                return text[1:-1].replace("''", "'")
            case "number":
                return float(text) if any(c in text for c in ".eE") else int(text)
            case "instant":
                return _moment(text)
            case "day":
                return _day(text)
            case "word" if text in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[text]
            case "word" if self._tokens[self._at] == ("mark", "("):
                raise NotSupported("Functions of values are not supported.")
        raise self._malformed()

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        if token[0] == "end":
            raise self._malformed()
        self._at += 1
        return token

    def _next_word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise self._malformed()
        return text

    def _word(self, text: str) -> bool:
        met = self._tokens[self._at] == ("word", text)
        self._at += met
        return met

    def _expect(self, mark: str) -> None:
        if self._next() != ("mark", mark):
            raise self._malformed()

    def _malformed(self) -> InputError:
        return InputError("`$filter` cannot be read.", ("$filter",))


def _moment(text: str) -> Moment:
    written = text.replace(" ", "+")
    if re.fullmatch(r"[^Tt]+[Tt]\d\d:\d\d(?:[Zz]|[+-]\d\d:\d\d)?", written):
        written = written[:16] + ":00" + written[16:]  # OData lets seconds be left out
    try:
        return Moment(instant.parse(written))
    except ValueError as problem:
        raise InputError(f"A value of `$filter` is {problem}.", ("$filter",)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("A value of `$filter` is no day of the calendar.", ("$filter",)) from None


def _fitting(column: Column, value: Any) -> Any:
    """The value as rows of this column hold it. Raises InputError where it is of another type."""
    if value is None:
        return None
    if column.kind is Kind.INSTANT:
        if isinstance(value, Moment):
            return value.micros
    elif isinstance(value, _KINDS[column.kind]) and (column.kind is Kind.BOOLEAN or not isinstance(value, bool)):
        return value
    raise InputError(f"`{column.name}` holds {column.kind.value}: a value of `$filter` does not fit.", ("$filter",))
