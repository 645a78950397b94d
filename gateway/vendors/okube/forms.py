"""Bodies of requests: JSON, and multipart forms for what carries a file (quirk O27).

Pure but for the random boundary. A file's name and type are the caller's words: nothing of them can break out of its
header.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping

import msgspec

from gateway.domain.files import File

_MEDIA_TYPE = re.compile(r"[\w.+-]{1,80}/[\w.+-]{1,80}", re.ASCII)
_UNSAFE = dict.fromkeys([*range(32), 127]) | {ord(char): f"%{ord(char):02X}" for char in '"\\'}


class Body(msgspec.Struct, frozen=True):
    """Content of a request and its media type."""

    content: bytes
    content_type: str


def json(value: object) -> Body:
    """Members in the order given; days as YYYY-MM-DD."""
    return Body(msgspec.json.encode(value), "application/json")


def multipart(members: Mapping[str, object], files: Mapping[str, File]) -> Body:
    """Lists as repeated parts, objects in brackets (`address[city]`), as the document prints `mapper[name]`."""
    boundary = secrets.token_hex(16)
    chunks: list[bytes] = []
    for name, value in members.items():
        for path, text in _fields(name, value):
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_safe(path)}"\r\n\r\n'
            chunks += [head.encode(), text.encode(), b"\r\n"]
    for name, file in files.items():
        kind = file.content_type if _MEDIA_TYPE.fullmatch(file.content_type) else "application/octet-stream"
        disposition = f'Content-Disposition: form-data; name="{_safe(name)}"; filename="{_safe(file.name) or "file"}"'
        head = f"--{boundary}\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n"
        chunks += [head.encode(), file.content, b"\r\n"]
    chunks.append(f"--{boundary}--\r\n".encode())
    return Body(b"".join(chunks), f"multipart/form-data; boundary={boundary}")


def _fields(path: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for name, member in value.items():
                yield from _fields(f"{path}[{name}]", member)
        case list() | tuple():
            plain = not any(isinstance(item, Mapping | list | tuple) for item in value)
            for index, item in enumerate(value):
                yield from _fields(path if plain else f"{path}[{index}]", item)
        case None:
            return
        case bool():
            yield path, "true" if value else "false"
        case _:
            yield path, str(value)


def _safe(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_UNSAFE)
