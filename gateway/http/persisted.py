"""Questions that are known by a name: trusted documents and automatic persisted queries (rules.md 42).

Trusted documents come from the operator's file and never change while the process lives; what callers register is kept
in a bounded store beside it and can never take a trusted document's place.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson
from graphql import GraphQLError, OperationDefinitionNode, parse

from gateway.execution.errors import BAD_USER_INPUT, Entry, entry
from gateway.execution.operation import GraphQLRequest
from gateway.settings import ConfigurationError, Settings

NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
SETTING = "GATEWAY_TRUSTED_DOCUMENTS"
APOLLO_FORMAT = "apollo-persisted-query-manifest"
MOST_DOCUMENTS = 1_000
MOST_CHARACTERS = 2_000_000
MOST_BYTES = 50_000_000

NO_HASH = "extensions.persistedQuery is {version: 1, sha256Hash: 64 hexadecimal digits}."

_HASH = re.compile(r"[0-9a-f]{64}")


class Unnamed(Exception):
    """The name leads to no question. `told` is the errors entry."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(code)
        self.told: Entry = entry(message, code)


class Persisted:
    """Gives a request its text. Raises ConfigurationError where the manifest is broken."""

    def __init__(self, settings: Settings) -> None:
        path = settings.trusted_documents
        self._trusted: Mapping[str, str] = {} if path is None else manifest(path)
        self._only = settings.trusted_documents_only
        self._automatic = settings.persisted_queries and not self._only
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    @property
    def names(self) -> frozenset[str]:
        """Of the trusted documents' operations."""
        definitions = (node for text in set(self._trusted.values()) for node in parse(text).definitions)
        return frozenset(
            node.name.value for node in definitions if isinstance(node, OperationDefinitionNode) and node.name
        )

    def resolved(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with its text. Raises Unnamed."""
        if self._only and request.query:
            raise Unnamed("Only trusted documents are run here: name one by its id.", "FORBIDDEN")
        if request.document_id is not None:
            if request.query:
                raise Unnamed("A question comes by its text or by documentId, not by both.", BAD_USER_INPUT)
            return self._named(request, self._trusted.get(request.document_id))
        persisted = request.extensions.get("persistedQuery")
        if persisted is None:
            return request
        sent = _sent(persisted)
        if not request.query and sent in self._trusted:  # Apollo's tool may give ids that are no hashes
            return self._named(request, self._trusted[sent])
        digest = _digest(sent)
        if not request.query:
            return self._named(request, self._trusted.get(digest) or self._known(digest))
        if hashlib.sha256(request.query.encode()).hexdigest() != digest:
            raise Unnamed("The hash is not of the question that came with it.", BAD_USER_INPUT)
        if self._automatic:
            self._keep(digest, request.query)
        return request

    def _named(self, request: GraphQLRequest, text: str | None) -> GraphQLRequest:
        if text is None:
            raise Unnamed("PersistedQueryNotFound", NOT_FOUND)  # the words Apollo's clients look for
        return msgspec.structs.replace(request, query=text)

    def _known(self, digest: str) -> str | None:
        text = self._kept.get(digest) if self._automatic else None
        if text is not None:
            self._kept.move_to_end(digest)
        return text

    def _keep(self, digest: str, text: str) -> None:
        if digest in self._kept or len(text) > MOST_CHARACTERS // 10:
            return
        self._kept[digest] = text
        self._characters += len(text)
        while len(self._kept) > MOST_DOCUMENTS or self._characters > MOST_CHARACTERS:
            self._characters -= len(self._kept.popitem(last=False)[1])


def manifest(path: Path) -> dict[str, str]:
    """Text by id, of Relay's or Apollo's form, and by SHA-256 of the text. Raises ConfigurationError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigurationError(f"{SETTING}: larger than {MOST_BYTES} bytes")
        listed = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{SETTING}: cannot be read ({error.strerror})") from None
    except orjson.JSONDecodeError:
        raise ConfigurationError(f"{SETTING}: not JSON in UTF-8") from None
    texts: dict[str, str] = {}
    for number, (name, text) in enumerate(_operations(listed)):
        if not isinstance(name, str) or not name or not isinstance(text, str):
            raise ConfigurationError(f"{SETTING}: operation {number} has no id or no text")
        if texts.get(name, text) != text:
            raise ConfigurationError(f"{SETTING}: operation {number} has the id of another")
        try:
            parse(text)
        except GraphQLError:
            raise ConfigurationError(f"{SETTING}: operation {number} is not a GraphQL document") from None
        texts[name] = text
    return {**{hashlib.sha256(text.encode()).hexdigest(): text for text in texts.values()}, **texts}


def _operations(listed: object) -> list[tuple[object, object]]:
    if not isinstance(listed, dict):
        raise ConfigurationError(f"{SETTING}: neither Relay's nor Apollo's form of a manifest")
    if "operations" not in listed:
        return list(listed.items())
    operations: Any = listed["operations"]
    if listed.get("format") != APOLLO_FORMAT or listed.get("version") != 1 or not isinstance(operations, list):
        raise ConfigurationError(f"{SETTING}: not version 1 of Apollo's manifest")
    return [(each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None) for each in operations]


def _sent(persisted: object) -> str:
    """What stands in the place of the hash. Raises Unnamed."""
    if isinstance(persisted, dict) and persisted.get("version", 1) == 1:
        sent = persisted.get("sha256Hash")
        if isinstance(sent, str):
            return sent
    raise Unnamed(NO_HASH, BAD_USER_INPUT)


def _digest(sent: str) -> str:
    """The hash asked for, in lower case. Raises Unnamed."""
    if _HASH.fullmatch(sent.lower()):
        return sent.lower()
    raise Unnamed(NO_HASH, BAD_USER_INPUT)
