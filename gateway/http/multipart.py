"""A question with files: the GraphQL multipart request (jaydenseric's specification, version 2).

Bounded in bytes, parts, headers, files and places; all in memory, so that no file is left anywhere. A page of another
site can send this media type without asking first: the preflight header is what keeps it out (rules.md 32).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.domain.files import File
from gateway.execution.operation import GraphQLRequest
from gateway.http import negotiation, parameters
from gateway.http.reply import Receive, Refusal
from gateway.settings import Settings

MEDIA_TYPE = "multipart/form-data"
PREFLIGHTS = ("graphql-require-preflight", "apollo-require-preflight")
MOST_FILES = 20
MOST_PLACES = 100
SECONDS = 60.0
"""How long an upload may take to arrive: more than a question, for it is larger."""

_LONGEST_NAME = 200
_INDEX = re.compile(r"[0-9]{1,9}")


class Part(msgspec.Struct):
    """One part as it arrives. `filename` None: it is a field."""

    name: str = ""
    filename: str | None = None
    content_type: str = ""
    content: bytearray = msgspec.field(default_factory=bytearray)


def is_multipart(headers: Mapping[str, str]) -> bool:
    """Whether the body is a form."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def question(receive: Receive, headers: Mapping[str, str], settings: Settings) -> GraphQLRequest:
    """The question, its files in its variables. Raises Refusal."""
    if not any(headers.get(name) for name in PREFLIGHTS):
        raise Refusal(415, "A multipart request needs the header GraphQL-Require-Preflight.")
    negotiation.check_uncompressed(headers.get("content-encoding"))
    form = _Form(settings.max_body_bytes)
    parser = _parser(headers["content-type"], form)
    try:
        await parameters.take_body(
            receive, headers.get("content-length"), parser.write, most=settings.max_upload_bytes, seconds=SECONDS
        )
    except FormParserError:
        raise _broken() from None
    if not form.complete:
        raise _broken()
    return _request(form.parts)


class _Form:
    """Parts gathered from the parser's callbacks. `most_text`: bytes a field may have."""

    def __init__(self, most_text: int) -> None:
        self.parts: dict[str, Part] = {}
        self.complete = False
        self._most_text = most_text
        self._part = Part()
        self._header = b""
        self._value = b""

    def begin(self) -> None:
        if len(self.parts) >= MOST_FILES + 2:
            raise Refusal(400, f"A multipart request may have {MOST_FILES} files.")
        self._part = Part()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        name = self._header.lower()
        if name == b"content-disposition":
            _, options = parse_options_header(self._value.decode("latin-1"))
            self._part.name = _text(options.get(b"name", b""))
            self._part.filename = _text(options[b"filename"]) if b"filename" in options else None
        elif name == b"content-type":
            self._part.content_type = _text(self._value)
        self._header = self._value = b""

    def headers_end(self) -> None:
        if not self._part.name or self._part.name in self.parts:
            raise Refusal(400, "Each part of a multipart request has a name of its own.")
        self.parts[self._part.name] = self._part

    def data(self, data: bytes, start: int, end: int) -> None:
        self._part.content += data[start:end]
        if self._part.name in ("operations", "map") and len(self._part.content) > self._most_text:
            raise parameters.too_large(self._most_text)

    def end(self) -> None:
        self.complete = True


def _parser(content_type: str, form: _Form) -> MultipartParser:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise _broken()
    try:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_header_end": form.header_end,
                "on_headers_finished": form.headers_end,
                "on_part_data": form.data,
                "on_end": form.end,
            },
        )
    except FormParserError:
        raise _broken() from None


def _request(parts: dict[str, Part]) -> GraphQLRequest:
    """The question of `operations`, with the files put where `map` says."""
    operations, placed = parts.pop("operations", None), parts.pop("map", None)
    if operations is None or placed is None:
        raise Refusal(400, "A multipart request has the fields operations and map.")
    request = parameters.of_body(bytes(operations.content))
    places = _places(parameters.json(bytes(placed.content), "The field map"))
    if places.keys() != parts.keys():
        raise Refusal(400, "The field map must name every file of the request, and no other.")
    for name, paths in places.items():
        part = parts[name]
        if part.filename is None:
            raise Refusal(400, "A part that map names must be a file.")
        file = File(part.filename, part.content_type or "application/octet-stream", bytes(part.content))
        for path in paths:
            _put(request.variables, path, file)
    return request


def _places(value: object) -> dict[str, list[list[str]]]:
    """Paths below `variables`, by name of the part."""
    if not isinstance(value, dict):
        raise Refusal(400, "The field map must be an object of lists.")
    places: dict[str, list[list[str]]] = {}
    for name, paths in value.items():
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
            raise Refusal(400, "The field map must be an object of lists.")
        steps = [path.split(".") for path in paths]
        if any(step[0] != "variables" or not 2 <= len(step) <= parameters.DEEPEST for step in steps):
            raise Refusal(400, "A path in map starts with `variables.`: batches are not taken.")
        places[name] = [step[1:] for step in steps]
    if sum(map(len, places.values())) > MOST_PLACES:
        raise Refusal(400, f"The field map may name {MOST_PLACES} places.")
    return places


def _put(variables: dict[str, Any], path: list[str], file: File) -> None:
    """Puts a file where the variables hold null, and nowhere else."""
    holder: Any = variables
    for step in path[:-1]:
        holder = _below(holder, step)
    if _below(holder, path[-1]) is not None:
        raise _no_place()
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = file


def _below(holder: object, step: str) -> object:
    if isinstance(holder, dict) and step in holder:
        return holder[step]
    if isinstance(holder, list) and _INDEX.fullmatch(step) and int(step) < len(holder):
        return holder[int(step)]
    raise _no_place()


def _no_place() -> Refusal:
    return Refusal(400, "A path in map must lead to a null in the variables.")


def _broken() -> Refusal:
    return Refusal(400, "The body is not multipart/form-data as its header announces.")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")[:_LONGEST_NAME]
