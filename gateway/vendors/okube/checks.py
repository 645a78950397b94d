"""What Okube's document says a draft must be, checked before asking: a refusal that costs no call.

Pure. Only limits the document states; everything else is the vendor's to refuse. Messages never repeat a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import UNSET

from gateway.domain.campaign import CampaignDraft
from gateway.domain.files import File
from gateway.domain.okube_site import SiteDraft, SiteImport
from gateway.domain.place import Coordinates
from gateway.domain.point_of_interest import PointOfInterestDraft
from gateway.domain.study import StudyDraft
from gateway.domain.writing import UserError, UserErrorCode
from gateway.vendors.okube.routes import can_exist

# Members of an update that may not be null: all others are documented as "or null" (quirk O32).
_NEVER_NULL: Final[Mapping[type, frozenset[str]]] = {
    SiteDraft: frozenset(
        {"key", "keys", "name", "kind", "floors", "timezone", "delivery_contact", "modules", "thumbnail"}
    ),
    PointOfInterestDraft: frozenset({"key", "active", "timezone"}),
    CampaignDraft: frozenset({"key"}),
    StudyDraft: frozenset({"key", "extra"}),
}
_REQUIRED: Final[Mapping[type, tuple[str, ...]]] = {
    SiteDraft: ("name",),
    PointOfInterestDraft: ("name", "coordinates"),
    CampaignDraft: ("key",),
    StudyDraft: ("key",),
}
_NOT_EMPTY: Final = ("description", "timezone")
_OBJECTS: Final = (
    "delivery_contact",
    "modules",
    "address",
    "indoor_indexes",
    "outdoor_indexes",
    "extra",
)
_MOST_KEYS: Final = 10
_RADIUS: Final = (1, 300)
_KEY_RULE: Final = "Must have 1 to 250 characters and no control characters."

Draft = SiteDraft | PointOfInterestDraft | CampaignDraft | StudyDraft


def draft(draft: Draft, *, creating: bool) -> list[UserError]:
    """Everything wrong with one draft; paths start at the draft."""
    found = list(_presence(draft, creating=creating))
    found += _keys(draft)
    found += _members(draft)
    found += _place(draft)
    found += _days(draft)
    if isinstance(draft, SiteDraft):
        found += _thumbnail(draft, creating=creating)
    return found


def drafts(several: Sequence[CampaignDraft | StudyDraft]) -> dict[int, list[UserError]]:
    """Everything wrong with each draft of a list, by its index: its own faults, and a key that stands twice."""
    seen: set[str] = set()
    found: dict[int, list[UserError]] = {}
    for index, one in enumerate(several):
        errors = draft(one, creating=True)
        if isinstance(one.key, str):
            if one.key in seen:
                errors.append(_error(UserErrorCode.CONFLICT, "Another item of the list has this key.", "key"))
            seen.add(one.key)
        if errors:
            found[index] = errors
    return found


def site_import(what: SiteImport) -> list[UserError]:
    """A file and a delimiter there must be; which columns are needed is not documented."""
    found = file(what.file)
    if not what.delimiter:
        found.append(_error(UserErrorCode.INVALID, "May not be empty.", "delimiter"))
    return found


def file(given: File) -> list[UserError]:
    return [] if given.content else [_error(UserErrorCode.INVALID, "The file is empty.", "file")]


def _presence(draft: Draft, *, creating: bool) -> Iterator[UserError]:
    if creating:
        for member in _REQUIRED[type(draft)]:
            if getattr(draft, member) in (UNSET, None):
                yield _error(UserErrorCode.REQUIRED, "Is required.", member)
        return
    for member in draft.__struct_fields__:
        if getattr(draft, member) is None and member in _NEVER_NULL[type(draft)]:
            yield _error(UserErrorCode.INVALID, "May be left out, but not cleared.", member)


def _keys(draft: Draft) -> Iterator[UserError]:
    if isinstance(draft.key, str) and not can_exist(draft.key):
        yield _error(UserErrorCode.INVALID, _KEY_RULE, "key")
    if not isinstance(draft, SiteDraft) or not isinstance(draft.keys, tuple):
        return
    if len(draft.keys) > _MOST_KEYS:
        yield _error(UserErrorCode.TOO_MANY, f"At most {_MOST_KEYS} keys.", "keys")
    if len(set(draft.keys)) != len(draft.keys):
        yield _error(UserErrorCode.CONFLICT, "Each key may stand once.", "keys")
    for index, key in enumerate(draft.keys):
        if not can_exist(key):
            yield _error(UserErrorCode.INVALID, _KEY_RULE, "keys", str(index))


def _members(draft: Draft) -> Iterator[UserError]:
    described_by_the_document = isinstance(draft, SiteDraft | PointOfInterestDraft)
    for member in _NOT_EMPTY if described_by_the_document else ():
        if getattr(draft, member) == "":
            yield _error(UserErrorCode.INVALID, "May not be empty.", member)
    for member in _OBJECTS:
        value = getattr(draft, member, UNSET)
        if value is not UNSET and value is not None and not isinstance(value, dict):
            yield _error(UserErrorCode.INVALID, "Must be an object.", member)
    if isinstance(draft, CampaignDraft) and isinstance(draft.costs, tuple):
        for index, cost in enumerate(draft.costs):
            if not isinstance(cost, dict):
                yield _error(UserErrorCode.INVALID, "Must be an object.", "costs", str(index))


def _place(draft: Draft) -> Iterator[UserError]:
    if not isinstance(draft, SiteDraft | PointOfInterestDraft):
        return
    if isinstance(draft.coordinates, Coordinates):
        if not abs(draft.coordinates.latitude) <= 90:
            yield _error(UserErrorCode.OUT_OF_RANGE, "Must lie between -90 and 90.", "coordinates", "latitude")
        if not abs(draft.coordinates.longitude) <= 180:
            yield _error(UserErrorCode.OUT_OF_RANGE, "Must lie between -180 and 180.", "coordinates", "longitude")
    radius = getattr(draft, "radius_meters", UNSET)
    if isinstance(radius, int | float) and not _RADIUS[0] <= radius <= _RADIUS[1]:
        yield _error(UserErrorCode.OUT_OF_RANGE, f"Must lie between {_RADIUS[0]} and {_RADIUS[1]}.", "radius_meters")


def _days(draft: Draft) -> Iterator[UserError]:
    if not isinstance(draft, CampaignDraft | StudyDraft):
        return
    first, last = draft.starts_on, draft.ends_on
    if isinstance(first, date) and isinstance(last, date) and first > last:
        yield _error(UserErrorCode.INVALID, "May not be before the start.", "ends_on")


def _thumbnail(draft: SiteDraft, *, creating: bool) -> Iterator[UserError]:
    if not isinstance(draft.thumbnail, File):
        return
    if not draft.thumbnail.content:
        yield _error(UserErrorCode.INVALID, "The file is empty.", "thumbnail")
    for member in draft.__struct_fields__:
        cleared = getattr(draft, member) in (None, ()) and member not in _NEVER_NULL[SiteDraft]
        if cleared and not creating:  # a form has no null: what is left out of it is left alone
            yield _error(UserErrorCode.INVALID, "Cannot be cleared together with a new thumbnail.", member)


def _error(code: UserErrorCode, message: str, member: str, *rest: str) -> UserError:
    return UserError(code, message, (_graph_name(member), *rest))


def _graph_name(member: str) -> str:
    head, *tail = member.split("_")
    return head + "".join(part.capitalize() for part in tail)
