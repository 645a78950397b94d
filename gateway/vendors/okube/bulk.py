"""Several records in one request: which answer belongs to which draft. The shape of the answer is not documented.

Pure. An item is matched by its key, which every draft of these lists has; by position only where the answer has as many
items as were sent and does not say its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.domain.errors import Malformed, Rejected
from gateway.domain.vendor import VendorKey
from gateway.domain.writing import UserError, UserErrorCode
from gateway.vendors.okube.refusals import complaints, user_errors

_ALONG = "Not created: another item of the list was refused."
_SILENT = "Okube did not say that it created this."


def items(answer: object, keys: Sequence[str]) -> list[Mapping[str, object] | None]:
    """The vendor's item for each draft, in the order of `keys`; None where there is none."""
    found = _listed(answer)
    by_key = {item.get("key"): item for item in found if "_id" in item}
    ordered: list[Mapping[str, object] | None] = []
    for index, key in enumerate(keys):
        item = by_key.get(key)
        if item is None and len(found) == len(keys) and ("_id" not in found[index] or not found[index].get("key")):
            item = found[index]
        ordered.append(item)
    return ordered


def complaint(item: Mapping[str, object] | None, at: tuple[str, ...]) -> list[UserError]:
    """Why an item of an accepted list is not a record."""
    if item is None:
        return [UserError(UserErrorCode.REFUSED, _SILENT, at)]
    return [UserError(UserErrorCode.REFUSED, message, (*at, *path)) for message, path in complaints(item)]


def refused(refusal: Rejected, name: str, sent: Sequence[int]) -> list[UserError] | None:
    """A refusal of the whole list, an entry for every draft of it; None where mending the input does not help.

    `sent` are the indexes of the drafts in the caller's list: the vendor counts only those it got.
    """
    errors = user_errors(refusal, several=len(sent) > 1, missing="application")
    if errors is None or errors[0].code is UserErrorCode.NOT_FOUND:
        return None if errors is None else list(errors)
    if len(sent) == 1:
        return [_moved(error, (name, str(sent[0])), error.path) for error in errors]
    placed: list[UserError] = []
    general: list[UserError] = []
    for error in errors:
        index = int(error.path[0]) if error.path and error.path[0].isdecimal() else len(sent)
        if index < len(sent):
            placed.append(_moved(error, (name, str(sent[index])), error.path[1:]))
        else:
            general.append(error)
    named = {error.path[1] for error in placed}
    for index in sent:
        if str(index) not in named:
            why = general or [UserError(UserErrorCode.REFUSED, _ALONG)]
            placed += [_moved(error, (name, str(index)), error.path) for error in why]
    return sorted(placed, key=lambda error: int(error.path[1]))


def _moved(error: UserError, prefix: tuple[str, ...], path: tuple[str, ...]) -> UserError:
    return UserError(error.code, error.message, (*prefix, *path))


def _listed(answer: object) -> list[Mapping[str, object]]:
    if isinstance(answer, Mapping):
        inner = answer.get("documents")
        answer = [answer] if inner is None else inner
    if not isinstance(answer, list) or not all(isinstance(item, Mapping) for item in answer):
        raise Malformed(VendorKey.OKUBE, "Okube answered a creation with something else than records.", member="$")
    return answer
