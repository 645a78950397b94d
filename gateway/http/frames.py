"""Messages of graphql-transport-ws: read with suspicion, and the codes a socket is closed with.

A close reason never holds anything the caller sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from gateway.execution.operation import EVERYTHING, GraphQLRequest
from gateway.http import parameters
from gateway.http.reply import Message, Refusal

PROTOCOL = "graphql-transport-ws"
LONGEST_ID = 200

NORMAL, RESTART = 1000, 1012
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE = 4400, 4401, 4403, 4406
INIT_TIMEOUT, ALREADY_EXISTS, TOO_MANY_INITS = 4408, 4409, 4429


class Closing(Exception):
    """The socket is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def parsed(message: Message) -> dict[str, Any]:
    """The members of a message. Raises Closing."""
    text = message.get("text")
    if text is None:
        raise Closing(BAD_REQUEST, "Messages are text.")
    try:
        found = parameters.json(text.encode("utf-8", "surrogatepass"), "The message")
    except Refusal as refusal:
        raise Closing(BAD_REQUEST, str(refusal)) from None
    if not isinstance(found, dict):
        raise Closing(BAD_REQUEST, "A message is a JSON object.")
    return found


def id_of(message: Mapping[str, Any]) -> str:
    """Raises Closing."""
    found = message.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID:
        raise Closing(BAD_REQUEST, f"A message has an id, a text of 1 to {LONGEST_ID} characters.")
    return found


def request_of(message: Mapping[str, Any]) -> GraphQLRequest:
    """The question of a subscribe message. Raises Closing."""
    payload = message.get("payload")
    if not isinstance(payload, dict):
        raise Closing(BAD_REQUEST, "A subscribe message has a payload.")
    try:
        return structs.replace(parameters.of_members(payload), allowed=EVERYTHING)
    except Refusal as refusal:
        raise Closing(BAD_REQUEST, str(refusal)) from None
