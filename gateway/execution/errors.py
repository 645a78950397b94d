"""Errors as the caller sees them: one entry per field selection, always with a code, never with a value he sent.

What is not a GatewayError and not the caller's own mistake is a bug: its text never leaves this process. It becomes
INTERNAL with a correlation id, and an Incident for the one who writes the log.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec
from graphql import GraphQLError
from graphql.language import FieldNode
from strawberry.exceptions import StrawberryInputCoercionError

from gateway.domain.errors import GatewayError, InputError, UpstreamError, VendorError

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT = InputError.code
INTERNAL = GatewayError.code

MOST_ENTRIES = 100
LONGEST_MESSAGE = 400
MOST_LOCATIONS = 10

Entry: TypeAlias = dict[str, Any]
"""One member of `errors`, ready for JSON."""

_Selection: TypeAlias = tuple[tuple[str, ...], str, str | None]

_SYNTAX = re.compile(r"Syntax Error: (?:Expected .+?, found|Unexpected) (?:<EOF>|'\W{1,3}'|[A-Z][A-Za-z]+)")
_PLACE = re.compile(r"(?:Variable '\$\w+'|Argument '\w+') has invalid (?:default )?value(?: at [^:]*)?: ")
_NO_MEMBER = re.compile(r"(?s)(.* does not exist in '\w+' enum)")
_UNKNOWN_FIELD = re.compile(r"Expected value of type '[^']*' not to include unknown field '[_A-Za-z]\w{0,80}'")
_VALUE_BEGINS = re.compile(r', found|\. Found|, but encountered|: |"|unknown field \'')


class Incident(msgspec.Struct, frozen=True):
    """A bug met on the way, for the log."""

    correlation_id: str
    error: BaseException
    count: int = 1


def facts(error: GatewayError) -> Entry:
    """Members of `extensions` that an error carries, of `extensions.failures` too (rules.md 1 and 2)."""
    told: Entry = {"code": error.code}
    if isinstance(error, InputError) and error.argument:
        told["argument"] = list(error.argument)
    if isinstance(error, VendorError):
        told |= {"vendor": error.vendor.value, "retryable": error.retryable}
        if error.retry_after is not None:
            told["retryAfter"] = error.retry_after
    if isinstance(error, UpstreamError):
        given = {"vendorStatus": error.status, "vendorCode": error.vendor_code, "vendorErrorId": error.error_id}
        told |= {name: value for name, value in given.items() if value is not None}
    return told


def entry(message: str, code: str, **more: object) -> Entry:
    """An error that belongs to no field: the request itself is wrong."""
    return {"message": message[:LONGEST_MESSAGE], "extensions": {"code": code, **more}}


def incident(error: BaseException, count: int = 1) -> Incident:
    """A bug under a fresh correlation id."""
    return Incident(correlation_id=secrets.token_hex(8), error=error, count=count)


def internal(met: Incident) -> Entry:
    """What the caller is told of a bug."""
    message = "Something went wrong inside the gateway. Quote the correlation id when you report it."
    return entry(message, INTERNAL, correlationId=met.correlation_id)


def syntax(error: GraphQLError) -> Entry:
    """The document is not GraphQL. The place is told; the text there is not, it may be an argument's value."""
    found = _SYNTAX.match(error.message)
    message = found.group() if found else "Syntax Error: " + re.split(r"[:'\"]", error.message[14:], maxsplit=1)[0]
    return _located(_sentence(message), error, {"code": PARSE_FAILED})


def invalid(error: GraphQLError) -> Entry:
    """The document does not fit the schema. A value's own error, such as of a DateTime, is the caller's input."""
    cause = _cause(error)
    if isinstance(cause, GatewayError):
        return _located(cause.message, error, facts(cause))
    return _located(error.message, error, {"code": VALIDATION_FAILED})


def unfit(error: GraphQLError) -> Entry:
    """Variables that do not fit, found before anything ran."""
    cause = _cause(error)
    told = facts(cause) if isinstance(cause, GatewayError) else {"code": BAD_USER_INPUT}
    return _located(_fitting(error, cause), error, told)


def grouped(errors: Iterable[GraphQLError], most: int = MOST_ENTRIES) -> tuple[list[Entry], list[Incident]]:
    """One entry per selection, code and vendor, at the first of its places, with `count` where there are more."""
    groups: dict[_Selection, list[GraphQLError]] = {}
    for error in errors:
        cause = _cause(error)
        selection = tuple(step for step in error.path or () if isinstance(step, str))
        vendor = cause.vendor if isinstance(cause, VendorError) else None
        groups.setdefault((selection, _code(error, cause), vendor), []).append(error)
    entries: list[Entry] = []
    incidents: list[Incident] = []
    for group in sorted(groups.values(), key=_written)[:most]:
        first = min(group, key=_place)
        told, met = _told(first, len(group))
        if len(group) > 1:
            told["extensions"]["count"] = len(group)
        entries.append(told)
        if met is not None:
            incidents.append(met)
    return entries, incidents


def _written(group: list[GraphQLError]) -> tuple[int, int, str, str]:
    """Errors are told in the order of the document: which of several vendors fails first is a matter of time."""
    first = group[0]
    line, column = first.locations[0] if first.locations else (0, 0)
    cause = _cause(first)
    vendor = cause.vendor.value if isinstance(cause, VendorError) else ""
    return line, column, _code(first, cause), vendor


def without_values(message: str) -> str:
    """The message of graphql-core or of a scalar up to where it repeats the value: type and variable names stay."""
    place = _PLACE.match(message)
    where, what = (place.group(), message[place.end() :]) if place else ("", message)
    if _NO_MEMBER.match(what):
        return where + "The value does not exist in its enum."
    named = _UNKNOWN_FIELD.match(what)
    return where + _sentence(named.group() if named else _VALUE_BEGINS.split(what, maxsplit=1)[0])


def _told(error: GraphQLError, count: int) -> tuple[Entry, Incident | None]:
    cause = _cause(error)
    if isinstance(cause, GatewayError):
        return _located(cause.message, error, facts(cause)), None
    if _code(error, cause) != INTERNAL:
        told = dict(error.extensions or {}) or {"code": BAD_USER_INPUT}
        return _located(error.message if error.extensions else without_values(error.message), error, told), None
    met = incident(cause, count)
    masked = internal(met)
    return _located(masked["message"], error, masked["extensions"]), met


def _code(error: GraphQLError, cause: BaseException) -> str:
    if isinstance(cause, GatewayError):
        return cause.code
    if isinstance(cause, GraphQLError):
        if "code" in (error.extensions or {}):
            return str((error.extensions or {})["code"])
        of_arguments = any(not isinstance(node, FieldNode) for node in cause.nodes or ())
        if of_arguments or isinstance(cause, StrawberryInputCoercionError):
            return BAD_USER_INPUT
    return INTERNAL


def _cause(error: BaseException) -> BaseException:
    """What was raised in the first place. A task group that failed for one reason is that reason."""
    while True:
        if isinstance(error, GraphQLError) and error.original_error is not None:
            error = error.original_error
        elif isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        else:
            return error


def _fitting(error: GraphQLError, cause: BaseException) -> str:
    if not isinstance(cause, GatewayError):
        return without_values(error.message)
    place = _PLACE.match(error.message)
    return (place.group() if place else "") + cause.message


def _place(error: GraphQLError) -> list[int]:
    return [step for step in error.path or () if isinstance(step, int)]


def _located(message: str, error: GraphQLError, told: Entry) -> Entry:
    made: Entry = {"message": message[:LONGEST_MESSAGE]}
    if error.locations:
        made["locations"] = [location.formatted for location in error.locations[:MOST_LOCATIONS]]
    if error.path is not None:
        made["path"] = list(error.path)
    made["extensions"] = told
    return made


def _sentence(text: str) -> str:
    return text.rstrip(" .,:") + "."
