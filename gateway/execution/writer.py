"""Writes a plan: the function that completes one selection, as text. Every name in that text is ours."""

from __future__ import annotations

import asyncio
from inspect import getattr_static, isawaitable
from math import isfinite
from time import perf_counter
from typing import Any

import msgspec
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from gateway.domain.columned import COLUMNED
from gateway.execution.columns import COUNT, PAUSE, Collector, Columns
from gateway.execution.plans import LONG, TURN, Plan, Slot, Surprise, TooLong
from gateway.execution.rows import JOINED, ROW, Reads, Row

CHECKED_EVERY = 64
DEEPEST = 40


class _Unplanned(Exception):
    """This selection cannot be written as a function."""


def write(collector: Collector, type_: Any, fields: FieldDetailsList) -> Plan | None:
    """The plan that completes a value of `type_` (not null), or None where nothing in it is plain."""
    writer = _Writer(collector)
    try:
        lines, _ = writer.value(GraphQLNonNull(type_), "x", fields, _Place("path", chain=True))
    except _Unplanned:
        return None
    head = [f"    r{number} = rows[{number}]" for number in range(len(writer.rows))]
    whole = [*head, *_indented(writer.head), "    n = 0", f"    {_UNTIL}", *_indented(lines), "    return x"]
    names: dict[str, Any] = writer.names
    _made("def run(x, path, rows, later):", [_in_one_go(line) for line in whole], names)
    run = names["run"]
    _made("async def run(x, path, rows, later):", [_in_turns(line) for line in whole], names)
    return Plan(run, names["run"], writer.rows)


def _made(head: str, lines: list[str], names: dict[str, Any]) -> None:
    text = "\n".join([head, *(line for line in lines if line)])
    exec(compile(text, "<plan>", "exec"), names)  # noqa: S102  # every name in it is ours: see _Writer


_UNTIL = "until = now() + turn"


def _in_one_go(line: str) -> str:
    indent, mark, rest = line.partition(COUNT)
    if mark:
        return f"{indent}n += len({rest})\n{indent}if n > {LONG}: raise TooLong"
    return "" if PAUSE in line or line.endswith(_UNTIL) else line


def _in_turns(line: str) -> str:
    if COUNT in line:
        return ""
    indent, mark, _ = line.partition(PAUSE)
    if not mark:
        return line
    return (
        f"{indent}n += 1\n{indent}if not n % {CHECKED_EVERY} and now() > until:\n"
        f"{indent}    await pause(0)\n{indent}    until = now() + turn"
    )


class _Place(msgspec.Struct, frozen=True):
    """Where a value stands: the expression of its path; `chain`: no null can stand between it and the plan's root."""

    path: str
    chain: bool
    depth: int = 0

    def below(self, path: str, *, chain: bool) -> _Place:
        if self.depth >= DEEPEST:
            raise _Unplanned
        return _Place(path, self.chain and chain, self.depth + 1)


Lines = tuple[list[str], bool]
"""Lines of the function, and whether they read the path they were given."""


class _Writer:
    """Writes one function. Texts of the caller get into it only through `repr` of response keys."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._number = 0
        self.rows: list[Row] = []
        self.head: list[str] = []
        """What is the same for every value: done once, before all else."""
        self.names: dict[str, Any] = {
            "Surprise": Surprise,
            "TooLong": TooLong,
            "Path": Path,
            "now": perf_counter,
            "pause": asyncio.sleep,
            "turn": TURN,
            "infinity": float("inf"),
            "plain": set(),
            "look": _look,
            "COLUMNED": COLUMNED,
            "finite": isfinite,
        }

    def _name(self, value: Any = None) -> str:
        self._number += 1
        name = f"_{self._number}"
        if value is not None:
            self.names[name] = value
        return name

    def value(self, type_: Any, var: str, fields: FieldDetailsList, place: _Place) -> Lines:
        """Turns what `var` holds into its output value, in place."""
        if isinstance(type_, GraphQLNonNull):  # every check below refuses None
            return self._inner(type_.of_type, var, fields, place)
        lines, reads = self._inner(type_, var, fields, msgspec.structs.replace(place, chain=False))
        return [f"if {var} is not None:", *_indented(lines)], reads

    def _inner(self, type_: Any, var: str, fields: FieldDetailsList, place: _Place) -> Lines:
        if isinstance(type_, GraphQLList):
            return self._list(type_, var, fields, place)
        if isinstance(type_, GraphQLObjectType):
            return self._object(type_, var, fields, place)
        if isinstance(type_, GraphQLInterfaceType):
            return self._interface(type_, var, fields, place)
        if isinstance(type_, GraphQLEnumType):
            return self._enum(type_, var), False
        if isinstance(type_, GraphQLScalarType):
            return self._scalar(type_, var), False
        raise _Unplanned

    def _list(self, type_: GraphQLList[Any], var: str, fields: FieldDetailsList, place: _Place) -> Lines:
        item, done, index, path = self._name(), self._name(), self._name(), self._name()
        lines, reads = self.value(type_.of_type, item, fields, place.below(path, chain=True))
        each = f"for {index}, {item} in enumerate({var}):" if reads else f"for {item} in {var}:"
        body = [
            *([f"{path} = Path({place.path}, {index}, None)"] if reads else []),
            *lines,
            f"{done}.append({item})",
            PAUSE,
        ]
        rows = [
            f"if type({var}) is not list and type({var}) is not tuple: raise Surprise",
            f"{COUNT}{var}",
            f"{done} = []",
            each,
            *_indented(body),
            f"{var} = {done}",
        ]
        columns = None if reads else self._columns(place).of_list(type_.of_type, var, fields)
        if columns is None:
            return [f"if type({var}) in COLUMNED: {var} = list({var})", *rows], reads
        return [f"if type({var}) in COLUMNED:", *_indented(columns), "else:", *_indented(rows)], False

    def _columns(self, place: _Place) -> Columns:
        """For a list of which nothing reads its path: so no member of it does."""
        inside = place.below("", chain=True).below("", chain=False)

        def complete(type_: Any, var: str, fields: FieldDetailsList) -> list[str]:
            return self.value(type_, var, fields, inside)[0]

        return Columns(self._collector, self._name, complete)

    def _interface(self, type_: GraphQLInterfaceType, var: str, fields: FieldDetailsList, place: _Place) -> Lines:
        """By `is_type_of` of each possible type in turn, as graphql-core does where the value does not say itself."""
        definition = type_.extensions.get("strawberry-definition")
        if definition is None or definition.resolve_type is not None:
            return self._unplanned()
        says = self._name(lambda cls: _says_itself(cls, definition.origin))
        seen, kind = self._name(set()), self._name()
        lines = [f"{kind} = type({var})", f"if {kind} not in {seen}:", f"    {says}({kind}); {seen}.add({kind})"]
        reads, word = False, "if"
        for possible in self._collector.schema.get_possible_types(type_):
            if possible.is_type_of is None:
                continue
            found, reading = self._object(possible, var, fields, place, known=True)
            lines += [f"{word} {self._is(possible, var)}:", *_indented(found)]
            reads, word = reads or reading, "elif"
        if word == "if":
            return self._unplanned()
        return [*lines, "else: raise Surprise"], reads

    def _is(self, type_: GraphQLObjectType, var: str) -> str:
        """The condition under which a value is of this type."""
        says: Any = type_.is_type_of
        if isinstance(says, Reads):
            if len(says.classes) == 1:
                return f"type({var}) is {self._name(says.classes[0])}"
            return f"type({var}) in {self._name(says.classes)}"
        return f"{self._name(says)}({var}, None) is True"

    def _unplanned(self) -> Lines:
        raise _Unplanned

    def _object(
        self, type_: GraphQLObjectType, var: str, fields: FieldDetailsList, place: _Place, *, known: bool = False
    ) -> Lines:
        grouped, deferred, _ = self._collector.collect_subfields(type_, fields)
        if deferred:
            raise _Unplanned
        by_class = isinstance(type_.is_type_of, Reads)
        lines = [] if by_class else [f"if type({var}) not in plain: look({var}, plain)"]
        if type_.is_type_of is not None and not known:
            lines.append(f"if not ({self._is(type_, var)}): raise Surprise")
        out = self._name()
        members: list[tuple[str, str]] = []
        later = reads = False
        body: list[str] = []
        cls = _only(type_)
        for key, sub in grouped.items():
            same = self._same(cls, type_, sub)
            if same is not None:
                members.append((key, same))
                body.append(f"{out}[{key!r}] = {same}")
                continue
            member, written, reading, waits = self._field(type_, key, sub, var, out, place)
            reads, later = reads or reading, later or waits
            body += [*written, f"{out}[{key!r}] = {member}"] if not waits else written
            members.append((key, member))
        if later:  # what waits is noted where it stands, so that it runs in the order of the document
            return [*lines, f"{out} = {{}}", *body, f"{var} = {out}"], reads
        whole = ", ".join(f"{key!r}: {member}" for key, member in members)
        drop = {f"{out}[{key!r}] = {member}" for key, member in members}
        return [*lines, *(line for line in body if line not in drop), f"{var} = {{{whole}}}"], reads

    def _same(self, cls: type | None, parent: GraphQLObjectType, fields: FieldDetailsList) -> str | None:
        """The name of a leaf that stands on the class itself, and so is the same in every row; None for any other."""
        node = fields[0].node
        definition = parent.fields.get(node.name.value)
        if cls is None or definition is None or node.arguments or not is_leaf_type(get_named_type(definition.type)):
            return None
        field = definition.extensions.get("strawberry-definition")
        if field is None or not field.is_basic_field or not _stands_on(cls, field.python_name):
            return None
        how = self._reading(definition, Slot("", parent, fields, definition))
        if how is None:
            return None
        var = self._name()
        lines, _ = self.value(definition.type, var, fields, _Place("", chain=False))
        self.head += [f"{var} = {how.format(self._name(cls))}", *lines]
        return var

    def _field(
        self, parent: GraphQLObjectType, key: str, fields: FieldDetailsList, source: str, out: str, place: _Place
    ) -> tuple[str, list[str], bool, bool]:
        """The expression of a member, the lines before it, whether they read the path, and whether it waits."""
        node = fields[0].node
        name = node.name.value
        if name == "__typename":
            return repr(parent.name), [], False, False
        definition = parent.fields.get(name)
        if definition is None or any(each.defer_usage or each.fragment_variable_values for each in fields):
            raise _Unplanned
        rows = len(self.rows)
        slot = Slot(key, parent, fields, definition)
        how = self._reading(definition, slot) if not node.arguments else None
        if how is not None:
            var, path = self._name(), self._name()
            below = place.below(path, chain=isinstance(definition.type, GraphQLNonNull))
            try:
                lines, reads = self.value(definition.type, var, fields, below)
            except _Unplanned:
                del self.rows[rows:]
            else:
                way = [f"{path} = Path({place.path}, {key!r}, {parent.name!r})"] if reads else []
                return self._member(slot, how.format(source), var, [*way, *lines], source, out, place, reads)
        if isinstance(definition.type, GraphQLNonNull) and not place.chain:
            raise _Unplanned
        slot.joined = _metadata(definition).get(JOINED)
        if slot.joined is not None:
            slot.together = (id(slot.joined), *(id(each.node) for each in fields))
        return "None", self._note(slot, out, source, place), True, True

    def _member(
        self,
        slot: Slot,
        read: str,
        var: str,
        lines: list[str],
        source: str,
        out: str,
        place: _Place,
        reads: bool,
    ) -> tuple[str, list[str], bool, bool]:
        if slot.row is None or slot.row.masked is None:
            return var, [f"{var} = {read}", *lines], reads, False
        function = f"r{self.rows.index(slot.row)}"
        slot.together = (id(slot.row), *(id(each.node) for each in slot.fields))
        note = self._note(slot, out, source, place)
        shown = [f"{var} = {read}", *lines, f"{out}[{slot.key!r}] = {var}"]
        return var, [f"if {function} is None:", *_indented(note), "else:", *_indented(shown)], True, True

    def _note(self, slot: Slot, out: str, source: str, place: _Place) -> list[str]:
        name = self._name(slot)
        return [f"{out}[{slot.key!r}] = None", f"later.append(({name}, {out}, {source}, {place.path}))"]

    def _reading(self, definition: GraphQLField, slot: Slot) -> str | None:
        """How a field is read from its source: an expression with a place for it, or None where it is not plain."""
        field = definition.extensions.get("strawberry-definition")
        if field is None or definition.args or field.extensions or not getattr(definition, "resolve", None):
            return None
        if field.is_basic_field:
            plain = getattr(definition.resolve, "_is_default", False) and field.default_resolver is getattr
            return f"{{}}.{field.python_name}" if plain and field.python_name.isidentifier() else None
        row = field.metadata.get(ROW)
        if row is not None:
            if row.masked is not None and isinstance(definition.type, GraphQLNonNull):
                return None
            slot.row = row
            if row not in self.rows:
                self.rows.append(row)
            function = f"r{self.rows.index(row)}({{0}})"
            return function if row.made is None else f"({{0}}.{row.made} or {function})"
        resolver = field.base_resolver
        if resolver is None or field.is_async or resolver.info_parameter is not None or resolver.arguments:
            return None
        if sum(1 for _ in resolver.signature.parameters) != 1:
            return None
        return f"{self._name(resolver.wrapped_func)}({{}})"

    def _enum(self, type_: GraphQLEnumType, var: str) -> list[str]:
        cls = getattr(type_, "wrapped_cls", None)
        if cls is None:
            raise _Unplanned
        # by identity: members live for ever, and an enum's own hash is a function in Python
        names = self._name({id(member): type_.coerce_output_value(member) for member in cls})
        return [f"{var} = {names}[id({var})]"]  # nothing else has the identity of one of them

    def _scalar(self, type_: GraphQLScalarType, var: str) -> list[str]:
        if type_ is GraphQLString:
            return [f"if type({var}) is not str: raise Surprise"]
        if type_ is GraphQLInt:
            return [f"if type({var}) is not int or not -2147483648 <= {var} <= 2147483647: raise Surprise"]
        if type_ is GraphQLBoolean:
            return [f"if type({var}) is not bool: raise Surprise"]
        if type_ is GraphQLFloat:
            return [f"if type({var}) is not float or not -infinity < {var} < infinity: raise Surprise"]
        if type_ is GraphQLID:
            return [f"if type({var}) is not str: raise Surprise"]
        show = type_.coerce_output_value
        unchanged = getattr(_definition(type_), "serialize", None)
        kept = getattr(unchanged, "unchanged", None)
        lines = [
            f"if type({var}) not in plain: look({var}, plain)",
            f"{var} = {self._name(show)}({var})",
            f"if {var} is None: raise Surprise",
        ]
        return [f"if type({var}) is not {self._name(kept)}:", *_indented(lines)] if kept else lines


def _look(value: Any, plain: set[type]) -> None:
    """Whether values of this class are data; remembered in `plain`."""
    if value is None or value is Undefined or isinstance(value, Exception) or isawaitable(value):
        raise Surprise
    plain.add(type(value))


def _says_itself(cls: type, origin: type) -> None:
    """Raises for a class whose objects may name their own type."""
    told = issubclass(cls, origin | dict) or hasattr(cls, "__strawberry_definition__")
    if told or cls.__dictoffset__:
        raise Surprise


def _definition(type_: GraphQLScalarType) -> Any:
    return type_.extensions.get("strawberry-definition")


def _only(type_: GraphQLObjectType) -> type | None:
    """The one class whose objects are read as this type; None where there may be several."""
    says: Any = type_.is_type_of
    return says.classes[0] if isinstance(says, Reads) and len(says.classes) == 1 else None


def _stands_on(cls: type, name: str) -> bool:
    """Whether an attribute is one of the class and not of its objects."""
    found = getattr_static(cls, name, None)
    reads: Any = cls.__getattribute__
    plain = reads is object.__getattribute__ and not cls.__dictoffset__
    return plain and found is not None and not hasattr(type(found), "__get__")


def _metadata(definition: GraphQLField) -> Any:
    field = definition.extensions.get("strawberry-definition")
    return {} if field is None else field.metadata


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]
