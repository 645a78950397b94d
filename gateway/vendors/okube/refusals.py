"""Okube's 400 and 422 as errors a caller can mend: the shape of its error bodies is not documented (quirk O29).

Pure. What is said is the vendor's (rules.md 30); where it points is turned into the graph's names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from gateway.domain.errors import Malformed, Rejected
from gateway.domain.vendor import VendorKey
from gateway.domain.writing import UserError, UserErrorCode
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Answer

Path: TypeAlias = tuple[str, ...]

# Names of the vendor's bodies that the graph's inputs spell otherwise.
NAMES: Final[Mapping[str, str]] = {
    "from": "startsOn",
    "to": "endsOn",
    "radius": "radiusMeters",
    "level": "floors",
    "pois": "pointsOfInterest",
    "online": "kind",
    "app": "application",
}

_MENDABLE: Final = frozenset({400, 404, 409, 422})
_SILENT: Final = "Okube refused this without saying why."
_LONGEST: Final = 500
_DEEPEST: Final = 8

_LISTS = ("errors", "details", "violations", "issues", "validation", "invalid", "error", "message")
_TEXTS = ("message", "msg", "detail", "reason", "error", "title")
_PLACES = ("path", "field", "param", "property", "instancePath", "dataPath", "loc", "location", "pointer")
_WRAPPERS = frozenset({"", "$", "body", "data", "payload"})
_STEPS = re.compile(r"[./\[\]'\"]+")
_SNAKE = re.compile(r"_([a-z])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_CODE = re.compile(r"[\w.-]{1,64}", re.ASCII)


def explain(answer: Answer) -> Rejected | None:
    """A refusal a caller or operator can act on, with the body kept; None: the pipeline reads the status itself."""
    if answer.status not in _MENDABLE:
        return None
    try:
        body: object = decode(VendorKey.OKUBE, answer, object)
    except Malformed:  # it says no more than its status
        body = None
    return Rejected(
        VendorKey.OKUBE,
        f"Okube refused the request with status {answer.status}.",
        body=body,
        status=answer.status,
        vendor_code=_token(body, "code", "error_code", "errorCode"),
        error_id=_token(body, "error_id", "errorId", "requestId"),
    )


def user_errors(refusal: Rejected, *, missing: str, several: bool = False) -> tuple[UserError, ...] | None:
    """What the caller must mend; None where mending the input does not help (401, 403, a redirect).

    `missing`: the member that names what a 404 did not find. `several`: a list was sent, so a leading number names one
    of its drafts.
    """
    if refusal.status not in _MENDABLE:
        return None
    if refusal.status == 404:
        return (UserError(UserErrorCode.NOT_FOUND, "Okube does not know this.", (missing,)),)
    code = UserErrorCode.CONFLICT if refusal.status == 409 else UserErrorCode.REFUSED
    return tuple(UserError(code, message, path) for message, path in complaints(refusal.body, several))


def complaints(body: object, several: bool = False) -> list[tuple[str, Path]]:
    """(message, path below the draft) of a body of any shape; one general complaint where it says nothing."""
    found = [(_clean(text), _named(steps, several)) for text, steps in _walk(body, (), 0)]
    return list(dict.fromkeys((text, path) for text, path in found if text)) or [(_SILENT, ())]


def _walk(node: object, at: Path, depth: int) -> Iterator[tuple[str, Path]]:
    """Texts, each with the steps to what they speak of."""
    if depth > _DEEPEST:
        return
    if isinstance(node, str):
        yield node, at
    elif isinstance(node, Mapping):
        yield from _walk_object(node, at, depth)
    elif isinstance(node, Sequence) and not isinstance(node, bytes):
        for item in node:
            yield from _walk(item, at, depth + 1)


def _walk_object(node: Mapping[str, object], at: Path, depth: int) -> Iterator[tuple[str, Path]]:
    index = node.get("index")
    if isinstance(index, int):
        at = (*at, str(index))
    at = _placed(node, at, depth)
    lists = [node[name] for name in _LISTS if isinstance(node.get(name), list | dict) and node[name]]
    if lists:
        for nested in lists:
            yield from _walk(nested, at, depth + 1)
        return
    text = next((node[name] for name in _TEXTS if isinstance(node.get(name), str)), None)
    if isinstance(text, str):
        yield text, at
        return
    for name, nested in node.items():  # members by name: {"key": ["is taken"]}
        if isinstance(nested, list | dict) or depth:
            yield from _walk(nested, (*at, *_steps(name)), depth + 1)


def _placed(node: Mapping[str, object], at: Path, depth: int) -> Path:
    """Where the node says it points. A path at the top of a body may be the URL's: it is not taken."""
    for name in _PLACES:
        place = node.get(name)
        if isinstance(place, str | list) and not (depth == 0 and str(place).startswith("/")):
            steps = _steps(place)
            return at if at[-1:] == steps[-1:] else (*at, *steps)
    return at


def _steps(place: object) -> Path:
    """`campaigns[0].key`, `/0/key` and ["body", "key"] as steps."""
    parts = place if isinstance(place, list) else [place]
    return tuple(step for part in parts for step in _STEPS.split(str(part)) if step not in _WRAPPERS)


def _named(steps: Path, several: bool) -> Path:
    """Steps in the graph's names. Only the draft's own members are renamed: `address.from` is the caller's word."""
    numbered = bool(steps) and steps[0].isdecimal() and several
    lead, members = (steps[:1], steps[1:]) if numbered else ((), steps)
    if not members:
        return lead
    first = NAMES.get(members[0]) or _SNAKE.sub(lambda found: found[1].upper(), members[0])
    rest = (
        [_SNAKE.sub(lambda found: found[1].upper(), step) for step in members[1:]] if first == "mapper" else members[1:]
    )
    return (*lead, first, *rest)


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_LONGEST]


def _token(body: object, *names: str) -> str | None:
    """A code or id, if it looks like one: prose is not passed on."""
    if not isinstance(body, Mapping):
        return None
    return next((text for name in names if isinstance(text := body.get(name), str) and _CODE.fullmatch(text)), None)
