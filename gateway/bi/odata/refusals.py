"""What an OData feed answers when it cannot: `{error: {code, message}}`. Messages never repeat a value."""

from __future__ import annotations

from gateway.domain.errors import GatewayError


class NotSupported(GatewayError):
    """OData knows it, this feed does not (501)."""

    code = "NOT_SUPPORTED"


class NotThere(GatewayError):
    """No such set or entity (404)."""

    code = "NOT_FOUND"


class ReadOnly(GatewayError):
    """Nothing can be written here (405)."""

    code = "READ_ONLY"
    allow = "GET, HEAD"
