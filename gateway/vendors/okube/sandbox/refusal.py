"""How the simulated Okube says no: a status of its list and a JSON body, as its document promises for every error."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from starlette.responses import Response


class Refusal(Exception):
    """One of 400, 401, 403, 404, 422. `errors`: (member, what is wrong with it), where members are to blame."""

    def __init__(self, status: int, message: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)

    def response(self) -> Response:
        """The members of the body are not documented; these are plausible ones."""
        body: dict[str, object] = {"success": False, "message": self.message}
        if self.errors:
            body["errors"] = [{"path": path, "message": message} for path, message in self.errors]
        return answer(body, self.status)


def answer(body: object, status: int = 200) -> Response:
    """JSON, as everything but the CSV mode."""
    return Response(orjson.dumps(body), status, media_type="application/json")


def malformed(path: str, message: str) -> Refusal:
    """400: invalid parameters or malformed syntax."""
    return Refusal(400, "Bad request", [(path, message)])


def unprocessable(path: str, message: str) -> Refusal:
    """422: well-formed, semantically wrong."""
    return Refusal(422, "Unprocessable entity", [(path, message)])


def not_found(what: str) -> Refusal:
    """404: the resource does not exist."""
    return Refusal(404, f"{what} not found")
