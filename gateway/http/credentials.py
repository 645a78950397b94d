"""Credentials out of a handshake's headers or a connection_init payload, as headers. Nothing else of either is kept."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {"authorization": "authorization", "x-api-key": "x-api-key", "apikey": "x-api-key"}
"""Header by the name it is sent under, in lower case."""


def of_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of the handshake; names in lower case."""
    return {name: headers[name] for name in ("authorization", "x-api-key") if name in headers}


def of_payload(payload: object) -> dict[str, str]:
    """`{"Authorization": "Bearer …"}`, `{"apiKey": "…"}`, or either under `headers`. Raises ValueError."""
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise ValueError("not an object")  # noqa: TRY004  # one error for whatever is wrong with it
    found: dict[str, str] = {}
    for members in (payload.get("headers"), payload):
        for name, value in members.items() if isinstance(members, dict) else ():
            header = NAMES.get(name.lower())
            if header is None or value is None:
                continue
            if not isinstance(value, str):
                raise ValueError("not a text")  # noqa: TRY004
            found[header] = value
    return found
