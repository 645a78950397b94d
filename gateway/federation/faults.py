"""What a draft must be before any vendor is asked: limits of the contract, beside those the vendor's own room checks.

Pure. Paths start at the draft, in the graph's names. Messages never repeat a value the caller sent (rules.md 43).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from gateway.domain.campaign import CampaignDraft
from gateway.domain.okube_site import SiteDraft, SiteImport
from gateway.domain.point_of_interest import PointOfInterestDraft
from gateway.domain.study import StudyDraft
from gateway.domain.writing import UserError, UserErrorCode

Draft = SiteDraft | PointOfInterestDraft | CampaignDraft | StudyDraft

MOST_MEMBERS = 1_000
_LARGEST = 2**63
_NEED_A_NAME = (SiteDraft, PointOfInterestDraft)
_LISTS = ("tags", "costs", "sites", "points_of_interest")
_JSON = ("delivery_contact", "modules", "address", "extra", "costs", "indoor_indexes", "outdoor_indexes")
_NO_DELIMITER = frozenset('\r\n"')


def of(draft: Draft, *, creating: bool) -> list[UserError]:
    """Everything wrong with one draft."""
    return [
        *_name(draft, creating=creating),
        *_keys(draft),
        *_lists(draft),
        *_zone(draft),
        *_floors(draft),
        *_json(draft),
    ]


def of_several(drafts: Sequence[Draft]) -> dict[int, list[UserError]]:
    """Everything wrong with each new draft of a list, by its index: its own faults, and a key that stands twice."""
    seen: set[object] = set()
    found: dict[int, list[UserError]] = {}
    for index, draft in enumerate(drafts):
        errors = of(draft, creating=True)
        if draft.key in seen:
            errors.append(error(UserErrorCode.CONFLICT, "Another item of the list has this key.", "key"))
        seen.add(draft.key)
        if errors:
            found[index] = errors
    return found


def of_import(what: SiteImport) -> list[UserError]:
    """How a file is read: a delimiter of one character, and at least one column."""
    found = []
    if len(what.delimiter) != 1 or what.delimiter in _NO_DELIMITER:
        found.append(error(UserErrorCode.INVALID, "Must be one character, and no quote or line end.", "delimiter"))
    columns = {name: getattr(what.columns, name) for name in what.columns.__struct_fields__}
    if not any(columns.values()):
        found.append(error(UserErrorCode.REQUIRED, "Name at least one column.", "mapper"))
    found += [
        error(UserErrorCode.INVALID, "May not be empty.", "mapper", graph_name(name))
        for name, column in columns.items()
        if column == ""
    ]
    return found


def of_size(members: Sequence[object], name: str) -> list[UserError]:
    """A bulk that is empty, or too long."""
    if not members:
        return [error(UserErrorCode.REQUIRED, "Name at least one.", name)]
    return [_too_many(name)] if len(members) > MOST_MEMBERS else []


def error(code: UserErrorCode, message: str, member: str, *rest: str) -> UserError:
    """`member` by its name in the domain."""
    return UserError(code, message, (graph_name(member), *rest))


def graph_name(member: str) -> str:
    """`radius_meters` as `radiusMeters`."""
    head, *tail = member.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _name(draft: Draft, *, creating: bool) -> Iterator[UserError]:
    if isinstance(draft, _NEED_A_NAME) and isinstance(draft.name, str) and not draft.name.strip():
        if creating:
            yield error(UserErrorCode.REQUIRED, "Is required.", "name")
        else:
            yield error(UserErrorCode.INVALID, "May not be empty.", "name")


def _keys(draft: Draft) -> Iterator[UserError]:
    if isinstance(draft, SiteDraft) and draft.keys == ():
        yield error(UserErrorCode.INVALID, "Must hold 1 to 10 keys; leave it out for none.", "keys")


def _lists(draft: Draft) -> Iterator[UserError]:
    for member in _LISTS:
        listed = getattr(draft, member, UNSET)
        if isinstance(listed, tuple) and len(listed) > MOST_MEMBERS:
            yield _too_many(member)
    if isinstance(draft.tags, tuple):
        for index, tag in enumerate(draft.tags):
            if not tag:
                yield error(UserErrorCode.INVALID, "May not be empty.", "tags", str(index))


def _zone(draft: Draft) -> Iterator[UserError]:
    name = getattr(draft, "timezone", UNSET)
    if not isinstance(name, str) or not name:
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield error(UserErrorCode.INVALID, "Not an IANA time zone, such as Europe/Athens.", "timezone")


def _floors(draft: Draft) -> Iterator[UserError]:
    if isinstance(draft, SiteDraft) and isinstance(draft.floors, int) and draft.floors < 0:
        yield error(UserErrorCode.OUT_OF_RANGE, "May not be below 0.", "floors")


def _json(draft: Draft) -> Iterator[UserError]:
    for member in _JSON:
        value = getattr(draft, member, UNSET)
        if value is not UNSET and not _plain(value):
            yield error(UserErrorCode.INVALID, "Not a JSON value that can be passed on.", member)


def _plain(value: Any) -> bool:
    """Whether JSON can carry it: no file of the request, no number beyond 64 bits, nothing endless."""
    match value:
        case None | bool() | str():
            return True
        case int():
            return -_LARGEST <= value < _LARGEST
        case float():
            return math.isfinite(value)
        case dict():
            return all(map(_plain, value.values()))
        case list() | tuple():
            return all(map(_plain, value))
    return False


def _too_many(member: str) -> UserError:
    return error(UserErrorCode.TOO_MANY, f"At most {MOST_MEMBERS} can be named.", member)
